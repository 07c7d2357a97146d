"""`python -m benchmarks quality`: what is found, cited and refused, on our data and the operator's."""

from pathlib import Path

from app.store import documents
from app.store.database import make_engine
from benchmarks.database import Cluster
from benchmarks.quality import adapters, citing, refusals, retrieval
from benchmarks.quality.data import Dataset, written
from benchmarks.scale import QUICK, Scale
from benchmarks.streaming.sheet import Sheet

FOUND = ["questions", "nDCG@10", "BM25", "hit@1", "hit@10", "empty"]
REFUSED = ["questions", "false not found", "cites the article", "rejected without it"]
CITED = ["claims", "page", "kept"]
JOBS = 200  # of one data set, whose questions are put with and without their article


async def measure(cluster: Cluster, scale: Scale, folder: Path | None = None) -> list[Sheet]:
    """Tables for the articles made here and for each data set in the folder."""
    found = [written(), *(adapters.datasets(folder) if folder else ())]
    most = 20 if scale is QUICK else JOBS
    return [sheet for one in found for sheet in await _sheets(cluster, one, most)]


async def _sheets(cluster: Cluster, data: Dataset, most: int) -> list[Sheet]:
    sheets = list[Sheet]()
    if data.questions:
        async with cluster.database() as url:
            engine = make_engine(url)
            try:
                for article in data.articles:
                    await documents.put(engine, article.key, article.title, article.text)
                found = await retrieval.rows(engine, data.articles, data.questions)
                sheets.append(Sheet(f"{data.name}: found", FOUND, found))
                if data.asks_without:
                    refused = await refusals.rows(engine, data.articles, data.questions[:most])
                    sheets.append(Sheet(f"{data.name}: not found", REFUSED, refused))
            finally:
                await engine.dispose()
    if data.claims:
        sheets.append(Sheet(f"{data.name}: cited, by words alone", CITED, citing.rows(data.claims)))
    return sheets
