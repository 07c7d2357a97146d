"""Measure what is found, cited and refused.

`python -m benchmarks quality`, on our data and the operator's.
"""

import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

from app.domain.caller import ANYBODY
from app.providers.http import make_client
from app.store import documents
from app.store.database import Engine, make_engine
from benchmarks.database import Cluster
from benchmarks.quality import adapters, citing, refusals, retrieval
from benchmarks.quality.data import Dataset, Question, made, written
from benchmarks.quality.meaning import MEANT_HEADS, Meaning
from benchmarks.quality.pacing import paced, spread
from benchmarks.scale import QUICK, Scale
from benchmarks.streaming.sheet import Sheet

FOUND = ["questions", "nDCG@10", "BM25", "hit@1", "hit@10", "empty"]
REFUSED = ["questions", "false not found", "cites its text", "rejected without it", "without its article"]
CITED = ["claims", "page", "kept"]
ASKED = 200  # questions of one data set that are searched for
CLAIMS = 1000
JOBS = 60  # of one data set, whose questions are put with and without their text
TABLE = 240.0  # seconds for each table of one data set


async def measure(
    cluster: Cluster, scale: Scale, folder: Path | None = None, embeddings: str = "", model: str = ""
) -> list[Sheet]:
    """Return tables for our articles and each data set.

    With an address of `embeddings`, documents are found by what they mean too.
    """
    found = [written(), made(), *(adapters.datasets(folder) if folder else ())]
    sizes = (60, 20) if scale is QUICK else (ASKED, JOBS)
    seconds = TABLE / 4 if scale is QUICK else TABLE
    async with make_client() as client:
        meaning = Meaning(client, embeddings, model) if embeddings else None
        return [sheet for one in found for sheet in await _sheets(cluster, one, *sizes, seconds, meaning)]


async def _sheets(
    cluster: Cluster, data: Dataset, asked: int, jobs: int, seconds: float, meaning: Meaning | None
) -> list[Sheet]:
    sheets, name = list[Sheet](), data.name
    if data.questions:
        async with _holding(cluster, data) as engine:
            questions = spread(data.questions, asked)
            found = await retrieval.rows(engine, data.articles, paced(f"{name}: found", questions, seconds))
            sheets.append(Sheet(f"{name}: found", FOUND, found))
            if data.asks_without:
                some = paced(f"{name}: not found", spread(data.questions, jobs), seconds)
                refused = await refusals.rows(engine, data.articles, some)
                sheets.append(Sheet(f"{name}: not found", REFUSED, refused))
            if meaning:
                sheets += await _meant(engine, data, meaning, asked, seconds)
    if data.claims:
        cited = citing.rows(data.claims, paced(f"{name}: cited", spread(data.claims, CLAIMS), seconds))
        sheets.append(Sheet(f"{name}: cited, by words alone", CITED, cited))
    return sheets


@contextlib.asynccontextmanager
async def _holding(cluster: Cluster, data: Dataset) -> AsyncIterator[Engine]:
    """Yield the engine of a database with the articles."""
    async with cluster.database() as url:
        engine = make_engine(url)
        try:
            for article in data.articles:
                await documents.put(engine, ANYBODY, article.key, article.title, article.text)
            yield engine
        finally:
            await engine.dispose()


async def _meant(engine: Engine, data: Dataset, meaning: Meaning, asked: int, seconds: float) -> list[Sheet]:
    """Return what is found by meaning too, also from other languages."""
    await meaning.embed(engine, data.name)
    title = f"{data.name}: found by meaning too"
    rows = await meaning.rows(engine, paced(title, spread(data.questions, asked), seconds))
    sheets = [Sheet(title, MEANT_HEADS, rows)]
    by_pair = defaultdict[str, list[Question]](list)
    for question in data.across:
        by_pair[question.language].append(question)
    title = f"{data.name}: asked in another language"
    across = [
        row
        for pair, questions in by_pair.items()
        for row in await meaning.rows(engine, paced(f"{title}, {pair}", spread(questions, asked), seconds))
    ]
    return [*sheets, Sheet(title, MEANT_HEADS, across)] if across else sheets
