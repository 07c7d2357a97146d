"""Without a language model, the `Model` port reports nothing but quotes."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from app.agent.extractive import plan
from app.agent.extractive.page_prose import sentences
from app.agent.extractive.phrases import FRAMES
from app.agent.extractive.report_writer import escape
from app.agent.extractive.terms import terms
from app.agent.ports import FollowUp, SeenSource
from app.domain.research import Turn
from app.domain.tools import AdaptPlan, Answer, GeneratePlan, ReadPages, WebSearch, WriteReport
from tests.providers.extractive_asks import PAGES, YAK, ask_of, digest, next_step, page_of

NOTE = FRAMES["en"].note


async def report(query, *read, menu=("write_report", "answer"), **fields):
    return (await next_step(ask_of(query, menu=menu, read=read, **fields))).function


async def course(query, effort="standard", found=PAGES, most=20):
    """Return the steps of a job whose searches match titles."""
    ask, steps = ask_of(query, effort=effort), []
    while len(steps) < most:
        step = await next_step(ask)
        steps.append(step)
        function, turn = step.function, Turn(ask.step, step.reasoning, step.function)
        sources = list(ask.sources)
        match function:
            case GeneratePlan():
                ask = replace(ask, plan=function.planned_steps)
            case WebSearch():
                for url, (title, text) in found.items():
                    hit = any(terms(title) & terms(query) for query in function.queries)
                    if hit and url not in {source.url for source in sources}:
                        sources.append(SeenSource(len(sources) + 1, url, title, text[:500]))
            case ReadPages():
                sources = [
                    replace(source, sha256=digest(found[source.url][1]))
                    if source.url in function.urls
                    else source
                    for source in sources
                ]
            case _:
                return steps
        ask = replace(ask, sources=tuple(sources), turns=(*ask.turns, turn), step=ask.step + 1)
    raise AssertionError("The course did not end.")


def folded(text):
    return " ".join(text.split())


def unescaped(text):
    return re.sub(r"\\([\\`*_\[\]<&])", r"\1", text)


def cited(content):
    """The sentences of a report with the numbers of their sources."""
    lines = [line.removeprefix("- ") for line in content.splitlines() if line and line[0] not in "#*"]
    return [
        (unescaped(sentence).strip(), int(number))
        for line in lines
        for sentence, number in re.findall(r"(.+?) \[(\d+)\](?: |$)", line)
    ]


async def test_a_question_is_planned_searched_read_and_answered_in_that_order():
    steps = await course("What is a yak, and what is a yurt?")

    names = [type(step.function).__name__ for step in steps]
    assert names == ["GeneratePlan", "WebSearch", "ReadPages", "WebSearch", "WriteReport"]
    assert steps[-1].reasoning.task_completed
    assert steps[-1].reasoning.enough_data
    assert not steps[0].reasoning.enough_data


async def test_a_quick_job_searches_once_for_all_steps():
    steps = await course("What is a yak, and what is a yurt?", effort="quick")

    names = [type(step.function).__name__ for step in steps]
    assert names == ["GeneratePlan", "WebSearch", "ReadPages", "WriteReport"]


async def test_a_question_that_no_page_answers_ends_in_an_honest_answer():
    *_, last = await course("What is the capital of Mongolia?")

    assert isinstance(last.function, Answer)
    assert last.function.status == "failed"
    assert "Nothing was found" in last.function.answer
    assert not last.reasoning.enough_data


@pytest.mark.parametrize("menu", [("write_report", "answer"), ("answer", "write_report"), ("write_report",)])
async def test_it_ends_where_only_the_report_is_left(menu):
    done = await report("What is a yak?", "note:yak", menu=menu)
    empty = await report("What is a yak?", menu=menu)

    assert isinstance(done, WriteReport)
    assert isinstance(empty, Answer if "answer" in menu else WriteReport)


async def test_a_tool_that_is_not_on_the_menu_is_gone_without():
    planless = ask_of("What is a yak?", menu=("web_search", "write_report", "answer"))
    ask = ask_of("What is a yak?", plan=("What is a yak?",), menu=("adapt_plan", "write_report", "answer"))
    searched = await next_step(planless)
    found = (SeenSource(1, "note:yak", "Yaks", "A yak"),)
    unread = replace(ask, turns=(Turn(1, searched.reasoning, searched.function),), sources=found)

    assert isinstance(searched.function, WebSearch)
    assert isinstance((await next_step(ask)).function, Answer)
    assert isinstance((await next_step(unread)).function, Answer)


async def test_a_page_that_could_not_be_read_is_not_asked_for_again():
    searched = await next_step(ask_of("What is a yak?", plan=("What is a yak?",)))
    turn = Turn(1, searched.reasoning, searched.function)
    source = SeenSource(1, "note:yak", "Yaks", "A yak")
    ask = ask_of("What is a yak?", plan=("What is a yak?",), turns=(turn,), sources=(source,))

    read = await next_step(ask)
    after = await next_step(replace(ask, turns=(turn, Turn(2, read.reasoning, read.function), turn)))

    assert read.function == ReadPages(("note:yak",))
    assert isinstance(after.function, Answer)


async def test_the_same_ask_gives_the_same_step():
    ask = ask_of("What is a yak?", menu=("write_report", "answer"), read=("note:yak", "note:yurt"))

    assert await next_step(ask) == await next_step(ask)


async def test_every_sentence_of_a_report_stands_word_for_word_in_its_page():
    done = await report("What is a yak, and what is a yurt made of?", "note:yak", "note:yurt")

    quotes = cited(done.content)
    pages = {n: folded(text) for n, (_, text) in enumerate(PAGES.values(), 1)}
    assert len(quotes) >= 3
    assert all(sentence in pages[number] for sentence, number in quotes)


async def test_a_report_says_nothing_of_its_own():
    done = await report("What is a yak?", "note:yak", "note:yurt")

    left = done.content
    for sentence, number in cited(done.content):
        left = left.replace(f"{escape(sentence)} [{number}]", "")
    own = [line.strip("- ") for line in left.splitlines() if line.strip("- ")]
    assert all(line.startswith("## ") or NOTE in line for line in own)
    assert own[-1].startswith(f"*{NOTE}")


async def test_a_report_opens_with_the_sentence_that_defines():
    done = await report("What is a yak?", "note:yurt", "note:yak")

    assert done.content.startswith("A yak is a heavy ox that lives on the high plateau of Tibet. [2]\n")


async def test_a_sentence_that_defines_comes_before_one_that_only_mentions():
    fields, texts = page_of("Herders milk the yak in the morning. A yak is an ox that has long hair.")

    done = await next_step(ask_of("What is a yak?", menu=("write_report",), **fields), texts)

    assert done.function.content.startswith("A yak is an ox")


async def test_a_subject_of_two_words_needs_both():
    milk = "".join(f"The milk of animal {n} is white. " for n in range(9))
    fields, texts = page_of("Felt is made of the wool of sheep by nomads. " + milk)

    done = await next_step(ask_of("What is felt milk?", menu=("answer",), **fields), texts)

    assert isinstance(done.function, Answer)


async def test_no_sentence_comes_twice():
    twin = PAGES | {"note:twin": ("Yaks again", YAK)}
    sources = tuple(
        SeenSource(n, url, title, text[:500], digest(text))
        for n, (url, (title, text)) in enumerate(twin.items(), 1)
    )

    done = await report("What is a yak? Who drinks the milk of the yak?", sources=sources)

    quotes = [sentence for sentence, _ in cited(done.content)]
    assert len(quotes) == len(set(quotes))


async def test_a_part_of_the_question_without_evidence_is_named():
    done = await report("What is a yak? What is the capital of Mongolia?", "note:yak")

    assert "Nothing was found in them for: What is the capital of Mongolia?" in done.content
    assert done.confidence == "low"


async def test_a_sentence_that_shares_only_a_common_word_is_no_evidence():
    done = await report("Which gold mines are on the plateau?", "note:yak", "note:yurt")

    assert isinstance(done, Answer)


async def test_what_markdown_would_change_is_escaped():
    text = 'A yak is milked by calling "__enter__()" before the herder is at home.'
    source = SeenSource(1, "note:code", "Yaks", text, digest(text))
    ask = ask_of("What is a yak?", menu=("write_report",), sources=(source,))

    done = (await next_step(ask, {digest(text): text})).function

    assert r'"\_\_enter\_\_()" before' in done.content
    assert escape("A *plain* sentence.") == "A *plain* sentence."


@pytest.mark.parametrize(
    ("question", "steps"),
    [
        (
            "What does the with statement do, and what is a context manager?",
            ('What does the "with" statement do?', "What is a context manager?"),
        ),
        (
            "What is the difference between is and ==?",
            ('What does "is" mean?', 'What does "==" mean?', 'What is the difference between "is" and "=="?'),
        ),
        (
            "How does Litestar relate to msgspec?",
            ("What is Litestar?", "What is msgspec?", "How does Litestar relate to msgspec?"),
        ),
        ("What is a yak and how does it live?", ("What is a yak?", "How does a yak live?")),
        ("asyncio vs anyio", ("What is asyncio?", "What is anyio?", "Asyncio vs anyio")),
        ("How are slices evaluated?", ("How are slices evaluated?",)),
        ("Salt and pepper", ("Salt and pepper",)),
    ],
)
def test_a_question_is_split_into_the_questions_that_it_asks(question, steps):
    assert plan.asked(question) == steps
    assert plan.plan(question)[: len(steps)] == steps


def test_steps_that_were_added_can_be_told_from_those_that_were_asked():
    steps = plan.plan("How are slices evaluated?")

    assert [bool(plan.facet_of(step)) for step in steps] == [False, True, True]


@pytest.mark.parametrize(
    ("question", "concept"),
    [
        ("How does garbage collection work?", "garbage collection"),
        ("Explain how transformers work", "transformers"),
        ("What is a decorator in Python?", "a decorator"),
        ("How do I read a csv file?", "a csv file"),
        ("Who wrote Hamlet?", ""),
        ("When was asyncio.TaskGroup added?", ""),
        ("How old is the universe?", ""),
        ("What causes inflation?", ""),
        ("What happened in Berlin in 1989?", ""),
        ("What are the side effects of aspirin?", ""),
        ("Is Python faster than Java?", ""),
        ("What is 2 + 2?", ""),
    ],
)
def test_only_a_concept_is_asked_on_about(question, concept):
    """Nobody wants to know what is meant by "wrote Hamlet"."""
    further = plan.plan(question)[1:]

    assert plan.concept(question) == concept
    assert [plan.facet_of(step)[1] for step in further] == ([concept] * 2 if concept else [])


def test_plans_of_earlier_versions_are_understood():
    old = ("What is meant by slices?", "Which uses and examples of slices are there?")

    assert [plan.facet_of(step)[1] for step in old] == ["slices", "slices"]


def test_an_operator_is_searched_for_by_its_name():
    assert plan.queries('What does "==" mean?', "What does == mean?", 1) == ("equals operator",)


@given(st.text(max_size=200), st.integers(1, 20), st.sampled_from(["quick", "standard", "deep"]))
@settings(max_examples=60, deadline=None)
async def test_any_question_at_all_comes_to_an_end_within_the_bounds(piece, times, effort):
    steps = await course((piece * times)[:4000], effort)

    assert isinstance(steps[-1].function, WriteReport | Answer)
    assert len(steps) <= 10


def test_only_prose_is_picked_from_a_page():
    assert sentences(YAK) == [
        "A yak is a heavy ox that lives on the high plateau of Tibet.",
        "Herders drink the milk of the yak, and they burn its dung for warmth.",
        "It was tamed long ago by the people of the plateau.",
    ]


@given(st.text(max_size=2000))
@settings(deadline=None)
def test_a_picked_sentence_is_always_a_slice_of_the_page(page):
    assert all(sentence in folded(page) for sentence in sentences(page))


def test_a_hostile_page_takes_no_time():
    for page in (
        "(" * 200_000,
        "a. " * 100_000,
        "```" * 60_000,
        "[1]" * 60_000,
        '"' * 200_000,
        "\n- " * 60_000,
    ):
        sentences(page)


def test_words_are_compared_without_their_endings():
    assert len(terms("slice slices slicing slicings sliced")) == 1
    assert len(terms("evaluate evaluated evaluation evaluates")) == 1
    assert terms('What does "is" mean?') == {'"is"'}


async def test_a_further_question_is_planned_searched_for_and_answered_like_a_question():
    further = FollowUp("What is a yurt?", 3, "Yaks", "A yak is a heavy ox [1].")
    asked = ask_of("What is a yak?", read=("note:yak",), plan=("What is a yak",), goal="What is a yak?")
    ask = replace(asked, follow_up=further, menu=("adapt_plan", "web_search", "write_report", "answer"))

    planned = (await next_step(ask)).function
    ask = replace(ask, goal=planned.new_goal, plan=planned.next_steps)
    searched = (await next_step(ask)).function
    answered = ask_of("What is a yak?", menu=LAST, read=("note:yurt",), plan=ask.plan, goal=ask.goal)
    report = (await next_step(replace(answered, follow_up=further))).function

    assert isinstance(planned, AdaptPlan)
    assert planned.new_goal == "What is a yurt?"
    assert isinstance(searched, WebSearch)
    assert all("yurt" in query for query in searched.queries)
    assert report.title == "What is a yurt?"
    assert "A yurt is a round tent" in report.content


async def test_a_further_question_without_a_subject_leaves_the_question_as_it_is():
    further = FollowUp("And then?", 0)
    asked = ask_of("What is a yak?", menu=LAST, read=("note:yak",))

    assert (await next_step(replace(asked, follow_up=further))).function == (await next_step(asked)).function


LAST = ("write_report", "answer")
