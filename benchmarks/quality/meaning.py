"""Search documents by what they mean too, through a server of embeddings."""

import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from statistics import mean

import httpx

from app.document_finding import DocumentFinder
from app.domain.caller import ANYBODY
from app.domain.wanted_model import WantedModel, prefixes_of
from app.metrics import ProcessMetrics
from app.providers.corpus_search import CorpusSearch
from app.providers.embedding import DocumentEmbedder, ServerEmbedder
from app.store import documents, embedding_models
from app.store.database import Engine
from app.worker.passage_embedder import PassageEmbedder
from benchmarks.quality.data import Question
from benchmarks.quality.pacing import TOLD_EVERY
from benchmarks.quality.retrieval import DEPTH, Row, ndcg, search_of

# A model waits so long before it serves, for writers that do not know of it yet. Here is none.
embedding_models.SWITCH_AFTER = timedelta(0)

MEANT_HEADS = ["questions", "by words", "and by meaning", "hit@1", "hit@10", "empty", "not embedded"]


class Meaning:
    """Embeds documents and questions."""

    def __init__(self, client: httpx.AsyncClient, url: str, model: str) -> None:
        query, passage = prefixes_of(model)
        server = ServerEmbedder(client, url=url, model=model, threshold=0.5)
        self._embedder = DocumentEmbedder(server, WantedModel(model, passage, query))

    async def embed(self, engine: Engine, name: str) -> None:
        """Give all passages of a database their vectors."""
        metrics, told = ProcessMetrics(), time.monotonic()
        worker = PassageEmbedder(engine, self._embedder, self._of, metrics)
        while await worker.work() or await embedding_models.searched_model(engine, None) is None:
            if time.monotonic() - told > TOLD_EVERY:
                told = time.monotonic()
                print(f"{name}: documents are being embedded", file=sys.stderr, flush=True)

    def search(self, engine: Engine) -> CorpusSearch:
        """The search that the agent uses."""
        finder = DocumentFinder(engine, self._of)
        return CorpusSearch(
            find=lambda query, limit: finder.find(ANYBODY, query, limit),
            read=lambda url: documents.read(engine, ANYBODY, url),
        )

    async def rows(self, engine: Engine, questions: Iterable[Question]) -> list[Row]:
        """Return a row for each language of MEANT_HEADS."""
        by_words, search = search_of(engine), self.search(engine)
        taken: dict[str, list[tuple[float, ...]]] = defaultdict(list)
        for question in questions:
            worded = await by_words.search(question.text, DEPTH)
            reply = await search.search(question.text, DEPTH)
            found = [hit.url for hit in reply.hits]
            taken[question.language].append(
                (
                    ndcg([hit.url for hit in worded.hits], question.relevant),
                    ndcg(found, question.relevant),
                    bool(found) and found[0] in question.relevant,
                    bool(question.relevant.keys() & set(found)),
                    not found,
                    not reply.embedder,
                )
            )
        return [
            (language, [str(len(all_)), *(f"{mean(column):.3f}" for column in zip(*all_, strict=True))])
            for language, all_ in taken.items()
        ]

    async def _of(self, _tenant: str) -> DocumentEmbedder:
        return self._embedder
