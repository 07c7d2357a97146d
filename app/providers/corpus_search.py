"""Search over the documents that were ingested."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from app.agent.ports import UNBOUNDED, Hit, PageReply, SearchBounds, SearchReply
from app.domain.events import FailedPart, Usage
from app.errors import ProviderError
from app.providers.unmet_bounds import unmet
from app.providers.usage_sum import together
from app.text.dates import day_told
from dossier.request import SearchScope

# The share of the query, weighed by rarity, that the best passage must have for there to be any hit. A text
# often answers in other words than the question's, so this only drops what shares hardly a word: at 0.35 one
# Chinese question of seven on XQuAD found nothing though its text was there. Whether a passage answers is
# for those who read it. What comes after the best one, ranking decides.
MIN_COVERAGE = 0.1


class CorpusHit(Struct, frozen=True):
    """The best passage of a document, and why it was found."""

    url: str
    title: str
    text: str
    fit: float  # 0..1, as they are ordered
    score: float | UnsetType = UNSET  # 0..1: how well its words fit, comparable within one search
    coverage: float | UnsetType = UNSET  # 0..1: the share of the query, weighed by rarity, that it has
    words_rank: int | UnsetType = UNSET  # of its document among those found by words, from 1
    meaning_rank: int | UnsetType = UNSET  # the same among those found by meaning
    cosine: float | UnsetType = UNSET  # of its document's nearest passage
    search_rank: int | UnsetType = UNSET  # before they were sorted again, from 1
    rerank_rank: int | UnsetType = UNSET  # since then
    relevance: float | UnsetType = UNSET  # the reranker's own score


class CorpusHits(Struct, frozen=True):
    """What a search of the documents found, best first."""

    passages: Sequence[CorpusHit]
    embedder: str = ""  # the provider that embedded the query
    failure: FailedPart | None = None  # why there is nothing by meaning
    usage: Usage = Usage()  # of embedding the query
    reranker: str = ""  # the provider that sorted them again
    rerank_usage: Usage = Usage()
    rerank_failure: FailedPart | None = None  # why they are in the search's own order


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


Find = Callable[[str, int], Awaitable[CorpusHits]]  # query, limit
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
        hits = tuple(map(_hit, found.passages)) if _answers(found.passages) else ()
        return SearchReply(
            hits,
            replace(together(found.usage, found.rerank_usage), searches=1),
            tuple(part for part in (found.failure, found.rerank_failure) if part),
            unmet(self.name, bounds),
            "" if found.failure else found.embedder,
            found.reranker,
        )

    async def read(self, url: str) -> PageReply:
        """The text of a document. Raises ProviderError where it is gone."""
        found = await self._read(url)
        if found is None:
            raise ProviderError("validation", f"No document has the URL {url} (any more).", retryable=False)
        return PageReply(found.text, Usage(pages=1), day_told(found.date), found.language)


def _answers(passages: Sequence[CorpusHit]) -> bool:
    """Return whether the words of one fit, or what one means."""
    by_words = any(one.coverage is not UNSET and one.coverage >= MIN_COVERAGE for one in passages)
    return by_words or any(one.cosine is not UNSET for one in passages)


def _hit(passage: CorpusHit) -> Hit:
    return Hit(
        passage.url,
        passage.title,
        passage.text,
        passage.fit if passage.score is UNSET else passage.score,
        coverage=passage.coverage,
        words_rank=passage.words_rank,
        meaning_rank=passage.meaning_rank,
        cosine=passage.cosine,
        search_rank=passage.search_rank,
        rerank_rank=passage.rerank_rank,
        relevance=passage.relevance,
    )
