"""Plan from the question and quote from pages, without a language model.

It is stateless: what to do next is read off the turns so far, so a job resumes with it like with any other.
"""

import asyncio
from collections.abc import Mapping, Sequence

from msgspec import UNSET
from msgspec.structs import replace

from app.agent.extractive import plan
from app.agent.extractive.evidence_parts import Section
from app.agent.extractive.page_sentences import sections
from app.agent.extractive.phrases import spoken
from app.agent.extractive.report_writer import write
from app.agent.extractive.terms import terms
from app.agent.ports import Ask, ModelReply, SeenSource, Writing
from app.domain.tools import (
    AdaptPlan,
    Answer,
    AnyTool,
    GeneratePlan,
    NextStep,
    ReadPages,
    Reasoning,
    WebSearch,
    WriteReport,
)
from dossier.request import Effort

QUERIES = 2  # for one step; within the searches that each effort allows for four steps
MAX_QUERIES = 3  # of one turn
PAGES: dict[Effort, int] = {"quick": 5, "standard": 4, "deep": 5}  # read in one turn, at most
FOUND_FIRST = 2  # of the hits, which are read: the search looked at the whole page
MIN_PAGES = 3  # where a search found as many
MIN_PAGE_OF_BEST = 0.5  # of the words that the best page shows; the others are not worth their reading
MAX_QUESTION = 4000  # characters
CHANGED = ("The steps are those of the further question.",)
TAKEN_OVER = ("The steps are those that can be searched for without a model.",)
STRATEGIES = (
    "Search for the words of each sub-question, then for them together with those of the whole question.",
    "Read the pages that share most words with the sub-question, and quote the sentences that answer it.",
)


class Extractive:
    """Implements the port `Model` free of charge, without guessing."""

    name = "extractive"

    async def next_step(
        self,
        ask: Ask,
        texts: Mapping[str, str],
        writing: Writing | None = None,  # noqa: ARG002 - it writes at once
    ) -> ModelReply:
        """Follow a fixed course: plan, search and read each step, report.

        Reading many long pages takes seconds of CPU, so a thread does it.
        """
        return await asyncio.to_thread(self.step, ask, texts)

    def step(self, ask: Ask, texts: Mapping[str, str]) -> ModelReply:
        """Decide the next step, in this thread."""
        ask = _further(ask)
        steps = ask.plan or _parts(ask)
        found = _evidence(ask, steps, texts)
        function = _decide(ask, steps) or write(ask, found, texts)
        return ModelReply(NextStep(_reasoning(ask, steps, found, function), function))


def select(ask: Ask, texts: Mapping[str, str]) -> WriteReport | Answer:
    """The sentences of the pages read that answer, as a report."""
    ask = _further(ask)
    return write(ask, _evidence(ask, ask.plan or _parts(ask), texts), texts)


def _parts(ask: Ask) -> tuple[str, ...]:
    return plan.plan(ask.query, keeps_dots=ask.keeps_dots is True)


def _further(ask: Ask) -> Ask:
    """Return the ask for a further question, without a model's plan."""
    if ask.follow_up is UNSET or not _terms(ask.follow_up.instruction):
        return _planned(ask, ask.query) if ask.stands_in else ask
    question = ask.follow_up.instruction[:MAX_QUESTION]
    return _planned(replace(ask, query=question), question)


def _planned(ask: Ask, question: str) -> Ask:
    """Return the ask without a plan made for another question."""
    is_planned = ask.goal == _goal(question)
    return ask if is_planned else replace(ask, plan=(), goal="")


def _terms(text: str) -> frozenset[str]:
    return terms(text, spoken(text))


def _goal(question: str) -> str:
    return question.strip()[:1000] or "?"


def _evidence(ask: Ask, steps: Sequence[str], texts: Mapping[str, str]) -> Sequence[Section]:
    """Return sentences for the plan's steps, or for the question itself.

    The latter is for a step of another model's plan that has none. The caller's outline comes before both.
    """
    outlined = sections(ask, ask.wish.outline, texts) if ask.wish is not UNSET and ask.wish.outline else ()
    if any(section.found for section in outlined):
        return outlined
    found = sections(ask, steps, texts, are_questions=True)
    if any(section.found for section in found):
        return found
    return sections(ask, _parts(ask), texts, are_questions=True)


def _decide(ask: Ask, steps: Sequence[str]) -> AnyTool | None:
    """Choose what to do before the report, or None to write it."""
    if not ask.plan and "generate_plan" in ask.menu:
        return GeneratePlan(_goal(ask.query), tuple(steps), STRATEGIES)
    if not ask.plan and "adapt_plan" in ask.menu:
        changes, why = (
            (TAKEN_OVER, "The model could not go on.")
            if ask.follow_up is UNSET
            else (CHANGED, "There is a further question.")
        )
        return AdaptPlan(_goal(ask.query), changes, why, tuple(steps))
    urls = _to_read(ask, steps)
    if urls and "read_pages" in ask.menu:
        return ReadPages(urls)
    queries = _to_search(ask, steps)
    if queries and "web_search" in ask.menu:
        return WebSearch(queries)
    return None


def _to_read(ask: Ask, steps: Sequence[str]) -> tuple[str, ...]:
    """Choose untried pages after a search, those most like the query."""
    last = ask.turns[-1].function if ask.turns else None
    if not isinstance(last, WebSearch):
        return ()
    language = spoken(ask.query)
    wanted = terms(" ".join(step for step in steps if _queries(ask, step) & set(last.queries)), language)
    tried = {url for turn in ask.turns if isinstance(turn.function, ReadPages) for url in turn.function.urls}
    unread = [source for source in ask.sources if source.sha256 is None and source.url not in tried]
    shared = {source.url: _shared(source, wanted, language) for source in unread}
    first = {source.url for source in unread[:FOUND_FIRST]}
    ranked = sorted(shared, key=lambda url: (url not in first, -shared[url]))[: PAGES[ask.effort]]
    enough = max(shared.values(), default=0) * MIN_PAGE_OF_BEST
    return tuple(url for n, url in enumerate(ranked) if n < MIN_PAGES or shared[url] >= enough)


def _shared(source: SeenSource, wanted: frozenset[str], language: str) -> int:
    """Count the words that a source shows, twice those in its title."""
    title, excerpt = terms(source.title, language), terms(source.excerpt, language)
    return 2 * len(wanted & title) + len(wanted & excerpt)


def _queries(ask: Ask, step: str) -> frozenset[str]:
    """Return the queries of a step.

    A quick job has turns for one search, which serves all steps.
    """
    return frozenset(plan.queries(step, ask.query, 1 if ask.effort == "quick" else QUERIES))


def _searched(ask: Ask) -> set[str]:
    functions = [turn.function for turn in ask.turns]
    return {query for search in functions if isinstance(search, WebSearch) for query in search.queries}


def _open(ask: Ask, steps: Sequence[str]) -> list[str]:
    """Return the steps with an unsearched query.

    Steps on one subject can share their queries.
    """
    searched = _searched(ask)
    return [step for step in steps if not _queries(ask, step) <= searched]


def _to_search(ask: Ask, steps: Sequence[str]) -> tuple[str, ...]:
    """Return the queries of the next step, or of all.

    There may be time for one search only. Empty once all were searched.
    """
    left = _open(ask, steps)
    batch = left if ask.effort == "quick" else left[:1]
    most = 1 if ask.effort == "quick" else QUERIES
    wanted = [query for step in batch for query in plan.queries(step, ask.query, most)]
    searched = _searched(ask)
    return tuple(query for query in dict.fromkeys(wanted) if query not in searched)[:MAX_QUERIES]


def _reasoning(ask: Ask, steps: Sequence[str], found: Sequence[Section], function: AnyTool) -> Reasoning:
    asked = [section for section in found if not plan.facet_of(section.step)]
    answered = sum(bool(section.found) for section in asked)
    read, left = sum(source.sha256 is not None for source in ask.sources), _open(ask, steps)
    sentences, over = sum(len(section.found) for section in found), isinstance(function, WriteReport | Answer)
    return Reasoning(
        reasoning_steps=(
            f"Questions that sentences answer: {answered} of {len(asked)}.",
            f"Sources that have been read: {read} of {len(ask.sources)}.",
        ),
        current_situation=f"Pages read: {read}. Sentences found: {sentences}.",
        plan_status=f"Steps searched for: {len(steps) - len(left)} of {len(steps)}."
        if ask.plan
        else "There is no plan yet.",
        enough_data=answered == len(asked),
        remaining_steps=_remaining(left, over=over),
        task_completed=over,
    )


def _remaining(steps: Sequence[str], *, over: bool) -> tuple[str, ...]:
    if over:
        return ("Nothing remains to be done.",)
    return (*(f"Search and read: {step}" for step in steps[:2]), "Write the report.")
