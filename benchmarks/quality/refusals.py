"""Measure answers and refusals of jobs without a model.

Is a question answered if its article is there, and refused if not?
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from msgspec.structs import replace

from app.agent.citations import bind
from app.agent.extractive import Extractive
from app.agent.interpret import KEPT_DIGITS, MAX_KEPT_EXCERPT
from app.agent.ports import Ask, Hit, SeenSource
from app.domain.caller import ANYBODY
from app.domain.research import Research, Source, Turn
from app.domain.tools import AdaptPlan, Answer, GeneratePlan, ReadPages, WebSearch, WriteReport
from app.store import documents
from app.store.database import Engine
from benchmarks.quality.data import Article, Question
from benchmarks.quality.retrieval import search_of

MENU = ("generate_plan", "adapt_plan", "web_search", "read_pages", "write_report", "answer")
HITS = 10
MOST = 20  # turns


async def job(engine: Engine, question: str) -> set[str]:
    """Return the documents that a job's report cites.

    It asks, searches and reads as a job does; none if it refuses.
    """
    ask, texts, end = await researched(engine, question)
    return _stands_on(end, ask.sources, texts) if isinstance(end, WriteReport) else set()


async def researched(
    engine: Engine, question: str, hidden: Collection[str] = ()
) -> tuple[Ask, dict[str, str], WriteReport | Answer]:
    """Return what a job saw before its end, and the end.

    What is hidden is not found.
    """
    search, model, texts = search_of(engine), Extractive(), dict[str, str]()
    ask = Ask(question, "2026-01-01", "standard", 1, MENU, "", (), (), (), weighs=True)
    while ask.step < MOST:
        step = (await model.next_step(ask, texts)).step
        sources = list(ask.sources)
        match step.function:
            case GeneratePlan() | AdaptPlan():
                ask = replace(ask, plan=getattr(step.function, "planned_steps", ask.plan))
            case WebSearch():
                for query in step.function.queries:
                    hits = (await search.search(query, HITS + len(hidden))).hits
                    for hit in [hit for hit in hits if hit.url not in hidden][:HITS]:
                        if hit.url not in {source.url for source in sources}:
                            sources.append(_seen(len(sources) + 1, hit))
            case ReadPages():
                sources = [await _read(engine, source, step.function.urls, texts) for source in sources]
            case WriteReport() | Answer():
                return ask, texts, step.function
        turn = Turn(ask.step, step.reasoning, step.function)
        ask = replace(ask, sources=tuple(sources), turns=(*ask.turns, turn), step=ask.step + 1)
    raise AssertionError("The job did not end.")


def _seen(number: int, hit: Hit) -> SeenSource:
    fits = (round(hit.score, KEPT_DIGITS), round(float(hit.coverage or 0), KEPT_DIGITS))
    return SeenSource(number, hit.url, hit.title, hit.excerpt[:MAX_KEPT_EXCERPT], None, *fits)


async def _read(engine: Engine, source: SeenSource, urls: Sequence[str], texts: dict[str, str]) -> SeenSource:
    if source.url not in urls:
        return source
    text = await documents.text(engine, ANYBODY, source.url) or ""
    digest = hashlib.sha256(text.encode()).hexdigest()
    texts[digest] = text
    return replace(source, sha256=digest)


def _stands_on(report: WriteReport, seen: Sequence[SeenSource], texts: dict[str, str]) -> set[str]:
    sources = tuple(Source(one.number, one.url, one.title, one.excerpt, "", one.sha256) for one in seen)
    bound = bind(report.title, report.content, report.confidence, Research(sources=sources), texts)
    urls = {one.number: one.url for one in seen}
    return {urls[claim.number] for claim in bound.claims}


async def rows(
    engine: Engine, articles: Sequence[Article], questions: Iterable[Question]
) -> list[tuple[str, list[str]]]:
    """Return a row for each language.

    False refusals, answers that cite the text, and rejections without it.

    Rejected are questions whose text was taken out, and those whose whole article was.
    """
    held = {one.key: one for one in articles}
    taken: dict[str, list[tuple[bool, bool, bool, bool]]] = defaultdict(list)
    for question in questions:
        found = await job(engine, question.text)
        own = question.relevant.keys()
        whole = {held[key].whole for key in own} - {""}
        every = own | {one.key for one in articles if one.whole in whole}
        without = await _job_without(engine, question, [held[key] for key in sorted(own)])
        gone = [held[key] for key in sorted(every)]
        lacks = without if every == own else await _job_without(engine, question, gone)
        taken[question.language].append((not found, bool(found & own), not without, not lacks))
    every = [one for all_ in taken.values() for one in all_]
    return [(language, _cells(all_)) for language, all_ in (*taken.items(), ("all", every))]


async def _job_without(engine: Engine, question: Question, gone: Sequence[Article]) -> set[str]:
    """Ask again with these articles taken out, and put them back."""
    for article in gone:
        await documents.remove(engine, ANYBODY, article.key)
    try:
        return await job(engine, question.text)
    finally:
        for article in gone:
            await documents.put(engine, ANYBODY, article.key, article.title, article.text)


def _cells(all_: Sequence[tuple[bool, ...]]) -> list[str]:
    return [str(len(all_)), *(f"{sum(column) / len(all_):.0%}" for column in zip(*all_, strict=True))]
