"""Search over the documents that were ingested."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from app.agent.ports import UNBOUNDED, Hit, PageReply, SearchBounds, SearchReply
from app.domain.events import Usage
from app.errors import ProviderError
from app.providers.unmet_bounds import unmet
from app.text.dates import day_told
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


class CorpusText(Protocol):
    """A document as the corpus hands it out."""

    @property
    def text(self) -> str:
        """All of it."""
        ...

    @property
    def language(self) -> str:
        """ISO 639-1, "" where the text does not tell."""
        ...

    @property
    def date(self) -> str:
        """As its file or its sender gave it, "" where neither did."""
        ...


Find = Callable[[str, int], Awaitable[Sequence[CorpusHit]]]  # query, limit
Read = Callable[[str], Awaitable[CorpusText | None]]  # url


class CorpusSearch:
    """Implements the port `Search` on two queries to the store."""

    name = "corpus"
    scope: SearchScope = "corpus"

    def __init__(self, find: Find, read: Read) -> None:
        self._find = find
        self._read = read

    async def search(
        self,
        query: str,
        limit: int,
        *,
        allowed: Sequence[str] = (),  # noqa: ARG002 - documents are found by their words alone
        blocked: Sequence[str] = (),  # noqa: ARG002
        bounds: SearchBounds = UNBOUNDED,
    ) -> SearchReply:
        """Return at most `limit` passages of different documents, best first.

        None if the best one does not match well.
        """
        found = await self._find(query, limit)
        answers = max((passage.coverage for passage in found), default=0.0) >= MIN_COVERAGE
        hits = tuple(map(_hit, found)) if answers else ()
        return SearchReply(hits, Usage(searches=1), unmet_bounds=unmet(self.name, bounds))

    async def read(self, url: str) -> PageReply:
        """The text of a document. Raises ProviderError where it is gone."""
        found = await self._read(url)
        if found is None:
            raise ProviderError("validation", f"No document has the URL {url} (any more).", retryable=False)
        return PageReply(found.text, Usage(pages=1), day_told(found.date), found.language)


def _hit(passage: CorpusHit) -> Hit:
    return Hit(passage.url, passage.title, passage.text, passage.score, coverage=passage.coverage)
