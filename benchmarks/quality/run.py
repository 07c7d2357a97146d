"""Measure what is found, cited and refused.

`python -m benchmarks quality`, on our data and the operator's.
"""

from pathlib import Path

from app.domain.caller import ANYBODY
from app.store import documents
from app.store.database import make_engine
from benchmarks.database import Cluster
from benchmarks.quality import adapters, citing, refusals, retrieval
from benchmarks.quality.data import Dataset, made, written
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


async def measure(cluster: Cluster, scale: Scale, folder: Path | None = None) -> list[Sheet]:
    """Return tables for our articles and each data set."""
    found = [written(), made(), *(adapters.datasets(folder) if folder else ())]
    sizes = (60, 20) if scale is QUICK else (ASKED, JOBS)
    seconds = TABLE / 4 if scale is QUICK else TABLE
    return [sheet for one in found for sheet in await _sheets(cluster, one, *sizes, seconds)]


async def _sheets(cluster: Cluster, data: Dataset, asked: int, jobs: int, seconds: float) -> list[Sheet]:
    sheets, name = list[Sheet](), data.name
    if data.questions:
        async with cluster.database() as url:
            engine = make_engine(url)
            try:
                for article in data.articles:
                    await documents.put(engine, ANYBODY, article.key, article.title, article.text)
                some = paced(f"{name}: found", spread(data.questions, asked), seconds)
                found = await retrieval.rows(engine, data.articles, some)
                sheets.append(Sheet(f"{name}: found", FOUND, found))
                if data.asks_without:
                    some = paced(f"{name}: not found", spread(data.questions, jobs), seconds)
                    refused = await refusals.rows(engine, data.articles, some)
                    sheets.append(Sheet(f"{name}: not found", REFUSED, refused))
            finally:
                await engine.dispose()
    if data.claims:
        cited = citing.rows(data.claims, paced(f"{name}: cited", spread(data.claims, CLAIMS), seconds))
        sheets.append(Sheet(f"{name}: cited, by words alone", CITED, cited))
    return sheets
