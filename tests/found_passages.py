"""Find passages by their words, as a search without an embedder does."""

from collections.abc import Sequence

from app.document_finding import DocumentFinder
from app.domain.caller import Caller
from app.providers.corpus_search import CorpusHit
from app.store.database import Engine


async def find_passages(
    engine: Engine, caller: Caller, query: str, limit: int, collections: Sequence[str] = ()
) -> list[CorpusHit]:
    """Return the best passage of each of at most `limit` documents."""
    return list((await DocumentFinder(engine).find(caller, query, limit, collections)).passages)
