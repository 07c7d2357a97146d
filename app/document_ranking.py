"""Have a reranker sort what a search of documents found.

The web is not sorted: its engines have read whole pages, and all that is known here is an excerpt of each.
"""

from collections.abc import Awaitable, Callable, Sequence

from msgspec.structs import replace

from app.agent.ports import Reranker
from app.document_finding import DocumentFinder, Embedders
from app.domain.caller import Caller
from app.domain.events import RERANKER
from app.errors import ProviderError
from app.providers.corpus_search import CorpusHit, CorpusHits
from app.providers.failed_parts import failed_part, paid_by
from app.store.database import Engine

RANKED_PASSAGES = 30  # the best of a search; Text Embeddings Inference takes 32 at a time
RELEVANCE_DIGITS = 6

Rerankers = Callable[[str], Awaitable[Reranker | None]]  # of a tenant


class RankingFinder(DocumentFinder):
    """Searches the documents of tenants, and has the best sorted again.

    Args:
        rerankers: who sorts a tenant's.
    """

    def __init__(self, engine: Engine, embedders: Embedders | None, rerankers: Rerankers) -> None:
        super().__init__(engine, embedders)
        self._rerankers = rerankers

    @property
    def ranks(self) -> bool:
        """Return whether a reranker sorts what is found."""
        return True

    async def find(
        self, caller: Caller, query: str, limit: int, collections: Sequence[str] = ()
    ) -> CorpusHits:
        """Return the best passage of each of at most `limit` documents.

        Where no reranker answers, they are in the search's own order.
        """
        found = await super().find(caller, query, max(limit, RANKED_PASSAGES), collections)
        if len(found.passages) < 2:  # one has its place
            return found
        name = RERANKER
        try:
            reranker = await self._rerankers(caller.tenant)
            if reranker is None:
                return replace(found, passages=found.passages[:limit])
            name = reranker.name
            best = found.passages[:RANKED_PASSAGES]
            said = await reranker.rerank(query, [f"{one.title}\n{one.text}" for one in best])
        except ProviderError as error:
            failure, paid, kept = failed_part(name, error), paid_by(error), found.passages[:limit]
            return replace(found, passages=kept, rerank_failure=failure, rerank_usage=paid)
        ranked = [*ordered(best, said.scores), *found.passages[RANKED_PASSAGES:]]
        return replace(found, passages=ranked[:limit], reranker=name, rerank_usage=said.usage)


def ordered(passages: Sequence[CorpusHit], scores: Sequence[float]) -> list[CorpusHit]:
    """Sort passages by score, each with its places before and after.

    Of two with one score, the search's order decides.
    """
    order = sorted(range(len(passages)), key=lambda at: (-scores[at], at))
    return [
        replace(
            passages[at],
            search_rank=at + 1,
            rerank_rank=place,
            relevance=round(scores[at], RELEVANCE_DIGITS),
        )
        for place, at in enumerate(order, 1)
    ]
