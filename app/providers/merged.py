"""Ask several searches as one: engines of the web, and the documents."""

import asyncio
from collections.abc import Sequence
from itertools import chain, zip_longest

from msgspec.structs import replace

from app.agent.ports import UNBOUNDED, Hit, PageReply, Search, SearchBounds, SearchReply
from app.domain.events import FailedPart
from app.errors import ProviderError
from app.providers.engines.search_engine import SearchEngine
from app.providers.failed_parts import failed_part
from app.providers.reader.page_reader import PageReader
from app.providers.usage_sum import together
from dossier.request import SearchScope


class MergedSearch:
    """Implements the port `Search` on others.

    One that fails takes nothing from the rest, and is named in `SearchReply.failed_parts`. Each hit names
    its engine.

    Args:
        searches: to ask, all at once.
        scope: of them together.
        reader: reads the web for the engines that only search; None where there is none among them.
    """

    def __init__(
        self, searches: Sequence[Search], scope: SearchScope = "both", reader: PageReader | None = None
    ) -> None:
        if not searches:
            raise ValueError("There is nothing to merge.")
        self.scope: SearchScope = scope
        self.name = "+".join(search.name for search in searches)
        # The corpus comes first: what the user ingested costs nothing, and is the very text he means.
        self._searches = sorted(searches, key=lambda search: search.scope != "corpus")
        self._readers = _distinct_readers(self._searches, reader)

    async def search(
        self,
        query: str,
        limit: int,
        *,
        allowed: Sequence[str] = (),
        blocked: Sequence[str] = (),
        bounds: SearchBounds = UNBOUNDED,
    ) -> SearchReply:
        """Interleave the searches' hits by rank, each url once.

        There are at most `limit` hits.

        Raises:
            ProviderError: all of them failed; one that trying again may help, where there is one.
        """
        outcomes = await asyncio.gather(
            *(
                search.search(query, limit, allowed=allowed, blocked=blocked, bounds=bounds)
                for search in self._searches
            ),
            return_exceptions=True,
        )
        replies, errors, failed = list[SearchReply](), list[ProviderError](), list[FailedPart]()
        for search, outcome in zip(self._searches, outcomes, strict=True):
            if isinstance(outcome, SearchReply):
                replies.append(_signed(outcome, search.name))
                failed += outcome.failed_parts
            elif isinstance(outcome, ProviderError):
                errors.append(outcome)
                failed.append(failed_part(search.name, outcome))
            else:
                raise outcome
        if not replies:
            raise max(errors, key=lambda error: error.retryable)
        usage = together(*(reply.usage for reply in replies))
        unmet = tuple(chain.from_iterable(reply.unmet_bounds for reply in replies))
        embedder = next((reply.embedder for reply in replies if reply.embedder), "")
        reranker = next((reply.reranker for reply in replies if reply.reranker), "")
        return SearchReply(_interleaved(replies)[:limit], usage, tuple(failed), unmet, embedder, reranker)

    async def read(self, url: str) -> PageReply:
        """Read a page from the documents, or else from the web.

        Raises:
            ProviderError: the last of those that may have it does not.
        """
        readers = [reader for scope, reader in self._readers if _fits(scope, url)]
        if not readers:
            raise ProviderError("validation", f"No search reads {url[:200]}.", retryable=False)
        for reader in readers[:-1]:
            try:
                return await reader.read(url)
            except ProviderError:  # the last one to be asked has the word
                continue
        return await readers[-1].read(url)


def _distinct_readers(
    searches: Sequence[Search], reader: PageReader | None
) -> list[tuple[SearchScope, Search | PageReader]]:
    """Return who reads, the reader of several engines once."""
    own = [search for search in searches if not isinstance(search, SearchEngine)]
    readers: list[tuple[SearchScope, Search | PageReader]] = [(search.scope, search) for search in own]
    if reader and len(own) < len(searches):
        documents = sum(search.scope == "corpus" for search in own)
        readers.insert(documents, ("web", reader))
    return readers


def _signed(reply: SearchReply, engine: str) -> SearchReply:
    return replace(reply, hits=tuple(replace(hit, engine=engine) for hit in reply.hits))


def _fits(scope: SearchScope, url: str) -> bool:
    """Return True if a search can have a page of this name.

    A document may have been ingested under any name; the web has only addresses.
    """
    return scope != "web" or url.lower().startswith(("http://", "https://"))


def _interleaved(replies: Sequence[SearchReply]) -> tuple[Hit, ...]:
    ranks = zip_longest(*(reply.hits for reply in replies))
    distinct = dict[str, Hit]()
    for hit in chain.from_iterable(ranks):
        if hit is not None:
            distinct.setdefault(_spelling(hit.url), hit)
    return tuple(distinct.values())


def _spelling(url: str) -> str:
    """Normalise a url loosely, to merge the hits of two searches.

    The agent has the exact rule.
    """
    return url.partition("#")[0].rstrip("/").replace("http://", "https://", 1)
