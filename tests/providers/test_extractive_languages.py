"""Without a language model, the question's language decides words and plan.

The report's frame follows it too.
"""

import sys
from contextlib import contextmanager

import pytest

from app.agent.citations import bind
from app.agent.extractive import plan
from app.agent.extractive.page_prose import sentences
from app.agent.extractive.phrases import FRAMES, spoken
from app.domain.research import Research
from app.domain.tools import Answer, WriteReport
from tests.providers.extractive_asks import ask_of, next_step, page_of

# title, text, a question in its words, a part of the sentence that answers, a question about something else
CASES = {
    "en": (
        "Ember Hill ropeway",
        "The valley was poor. The Ember Hill ropeway carried slate from a quarry to the sea. It rusted.",
        "What did the Ember Hill ropeway carry?",
        "carried slate",
        "Who composed the anthem of Mongolia?",
    ),
    "de": (
        "Salzspeicher",
        "Die Stadt war reich. Der Salzspeicher an der Mole wurde 1821 von Kaufleuten errichtet.",
        "Wann wurde der Salzspeicher an der Mole errichtet?",
        "1821",
        "Wer komponierte die Hymne der Mongolei?",
    ),
    "es": (
        "El telégrafo de Cerro Alto",
        "El pueblo era pobre. El telégrafo óptico de Cerro Alto transmitía mensajes a la costa. Cerró.",
        "¿Qué transmitía el telégrafo óptico de Cerro Alto?",
        "transmitía mensajes",
        "¿Quién compuso el himno de Mongolia?",
    ),
    "fr": (
        "Le moulin de Valserre",
        "La vallée était pauvre. Le moulin de Valserre broyait des écorces pour les tanneurs. Il a fermé.",
        "Que broyait le moulin de Valserre ?",
        "des écorces",
        "Qui a composé l’hymne de la Mongolie ?",
    ),
    "ru": (
        "Обсерватория на Лысой горе",
        "Город был небогат. Обсерватория на Лысой горе была построена в 1874 году купцами. Потом её закрыли.",
        "Когда была построена обсерватория на Лысой горе?",
        "1874",
        "Кто сочинил гимн Монголии?",
    ),
    "ar": (
        "سد الوادي الأخضر",
        "كانت القرية فقيرة. بنى المهندسون سد الوادي الأخضر من الحجر الأبيض في عام واحد. ثم تركه الناس.",
        "من بنى سد الوادي الأخضر؟",
        "المهندسون",
        "من لحن نشيد منغوليا؟",
    ),
    "zh": (
        "河东玻璃作坊",
        "这个镇子很穷。河东玻璃作坊的工匠用石英砂烧制窗玻璃。后来作坊关闭了。",
        "河东玻璃作坊用什么烧制窗玻璃？",
        "石英砂",
        "蒙古国歌是谁谱写的？",
    ),
}
SECOND = {
    "en": ", and who composed the anthem of Mongolia?",
    "de": "? Wer komponierte die Hymne der Mongolei?",
}
LAST = ("write_report", "answer")


async def written(title, text, question, menu=LAST):
    fields, texts = page_of(text, title)
    return (await next_step(ask_of(question, menu=menu, **fields), texts)).function


@pytest.mark.parametrize(("language", "case"), CASES.items())
async def test_a_question_in_the_words_of_a_page_is_answered_in_its_language(language, case):
    title, text, question, answer, _ = case

    done = await written(title, text, question)

    assert isinstance(done, WriteReport)
    first = done.content.splitlines()[0]
    assert answer in first
    assert first.endswith("[1]")
    assert FRAMES[language].note in done.content


@pytest.mark.parametrize(("language", "case"), CASES.items())
async def test_a_question_that_the_page_does_not_answer_is_refused_in_its_language(language, case):
    title, text, *_, absent = case

    done = await written(title, text, absent)

    assert isinstance(done, Answer)
    assert done.answer.startswith(f"*{FRAMES[language].nothing}*")
    assert "[1]" not in done.answer
    assert bind("", done.answer, "low", Research(), {}).unverified == ()


@pytest.mark.parametrize(("language", "case"), CASES.items())
def test_the_plan_is_in_the_language_of_the_question(language, case):
    question = case[2]

    steps = plan.plan(question)

    assert spoken(question) == language
    assert steps[0].strip(" ?？؟¿") == question.strip(" ?？؟¿")
    assert [bool(plan.facet_of(step)) for step in steps] == ([False] if language == "en" else [False, True])
    assert all(query for step in steps for query in plan.queries(step, question, 2))


async def test_the_closest_passages_are_shown_with_links_and_are_no_claims():
    text = "The ropeway carried slate to the harbour. Its towers were built of larch from the high forest."
    fields, texts = page_of(text, "Ropeway")
    fields["sources"] = (type(fields["sources"][0])(1, "https://ropes.example/a", "Ropeway [x]", "", *texts),)

    question = "Which engineer insured the larch towers against lightning and avalanches?"
    done = (await next_step(ask_of(question, menu=LAST, **fields), texts)).function

    assert isinstance(done, Answer)
    assert "The closest passages:" in done.answer
    quote = "“Its towers were built of larch from the high forest.”"
    assert f"- *[Ropeway x](https://ropes.example/a): {quote}*" in done.answer.replace("  ", " ")


async def test_raw_markup_is_never_quoted():
    text = (
        "The **ropeway** of Ember Hill carried slate. == Ropeway == The ropeway carried [slate](x). "
        "{{ropeway}} The ropeway carried slate <ref>here</ref> too. The ropeway of Ember Hill carried slate."
    )

    done = await written("Ropeway", text, "What did the ropeway of Ember Hill carry?")

    quoted = done.content.partition("*")[0]
    assert "The ropeway of Ember Hill carried slate. [1]" in quoted
    assert not set("<{=") & set(quoted)


@pytest.mark.parametrize(("language", "second"), SECOND.items())
async def test_where_a_part_is_not_answered_it_says_that_these_are_passages(language, second):
    title, text, question, answer, _ = CASES[language]

    done = await written(title, text, question.rstrip("?") + second)

    assert answer in done.content
    assert f"{FRAMES[language].passages} {FRAMES[language].note}" in done.content
    assert FRAMES[language].passages not in (await written(title, text, question)).content


async def test_writing_takes_work_in_proportion_to_the_page():
    title, text, question, *_ = CASES["en"]

    async def work(times):
        page = "".join(f"{text} Line {times}x{n} of the works is here. " for n in range(times))
        with counted() as lines:
            await written(title, page, question)
        return lines[0]

    await work(10)  # what is cached once
    once = await work(200)
    assert await work(400) < 2.5 * once


@contextmanager
def counted():
    """Count the executed lines of Python, which no noisy clock changes."""
    lines = [0]

    def count(_frame, event, _arg):
        lines[0] += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        yield lines
    finally:
        sys.settrace(before)


def test_splitting_takes_work_in_proportion_to_the_page():
    def work(page):
        with counted() as lines:
            sentences(page)
        return lines[0]

    assert work("A. " * 4000) < 2.5 * work("A. " * 2000)
    assert sentences("A. " * 11_000) == []
    assert sentences("Dr. A. " * 50_000) == []
