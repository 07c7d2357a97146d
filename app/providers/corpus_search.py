"""Search over the documents that were ingested."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from app.agent.ports import UNBOUNDED, Hit, PageReply, SearchBounds, SearchReply
from app.domain.events import Usage
from app.errors import ProviderError
from dossier.request import SearchScope

# The share of the query, weighed by rarity, that the best passage must have for there to be any hit. A text
# often answers in other words than the question's, so this only drops what shares hardly a word: at 0.35 one
# Chinese question of seven on XQuAD found nothing though its text was there. Whether a passage answers is
# for those who read it. What comes after the best one, ranking decides.
MIN_COVERAGE = 0.1


class CorpusHit(Protocol):
    """A passage as the corpus hands it out."""

    @property
    def url(self) -> str:
        """Of its document."""
        ...

    @property
    def title(self) -> str:
        """Of its document."""
        ...

    @property
    def text(self) -> str:
        """Of the passage itself."""
        ...

    @property
    def score(self) -> float:
        """0..1, comparable within one search."""
        ...

    @property
    def coverage(self) -> float:
        """0..1, how much of the query is in it."""
        ...


Find = Callable[[str, int], Awaitable[Sequence[CorpusHit]]]  # query, limit
Text = Callable[[str], Awaitable[str | None]]  # url


class CorpusSearch:
    """Implements the port `Search` on two queries to the store."""

    name = "corpus"
    scope: SearchScope = "corpus"

    def __init__(self, find: Find, text: Text) -> None:
        self._find = find
        self._text = text

    async def search(
        self,
        query: str,
        limit: int,
        *,
        allowed: Sequence[str] = (),  # noqa: ARG002 - documents are found by their words alone
        blocked: Sequence[str] = (),  # noqa: ARG002
        bounds: SearchBounds = UNBOUNDED,  # noqa: ARG002
    ) -> SearchReply:
        """Return at most `limit` passages of different documents, best first.

        None if the best one does not match well.
        """
        found = await self._find(query, limit)
        answers = max((passage.coverage for passage in found), default=0.0) >= MIN_COVERAGE
        hits = tuple(map(_hit, found)) if answers else ()
        return SearchReply(hits, Usage(searches=1))

    async def read(self, url: str) -> PageReply:
        """The text of a document. Raises ProviderError where it is gone."""
        text = await self._text(url)
        if text is None:
            raise ProviderError("validation", f"No document has the URL {url} (any more).", retryable=False)
        return PageReply(text, Usage(pages=1))


def _hit(passage: CorpusHit) -> Hit:
    return Hit(passage.url, passage.title, passage.text, passage.score, coverage=passage.coverage)
