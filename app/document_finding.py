"""Find passages of documents by their words and by what they mean.

The two lists are joined by reciprocal rank, which needs no common measure of how well a passage fits.
"""

import copy
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from app.domain.caller import Caller
from app.domain.events import FailedPart, Usage
from app.errors import ProviderError
from app.providers.corpus_search import MIN_COVERAGE, CorpusHit, CorpusHits
from app.providers.embedding import EMBEDDER_PREFIX, DocumentEmbedder
from app.providers.failed_parts import failed_part, paid_by
from app.store import embedding_models, passage_search, passage_vectors, quotas
from app.store.database import Engine
from app.store.embedding_models import StoredModel
from app.store.passage_search import RankedPassage, ShownPassage
from app.store.passage_vectors import NearPassage
from dossier.document_types import DocumentSearch, FoundDocument, FoundDocuments

FEW_PASSAGES = 30  # too few to say how far from a question passages are as a rule
# Of the nearest passage from the mean of all, in standard deviations. Models differ in their cosines, and so
# do questions; this is alike. On XQuAD with multilingual-e5-small it passes 99.5 % of questions whose text is
# there, 97 % of those in another language, and 85 % of those whose article is not: what is so near is read.
LEAST_DEVIATIONS = 2.5
FUSED = 100  # of the best by words, and of the nearest
RANK_WEIGHT = 20  # of reciprocal ranks: a first place in one list weighs little more than a second
# The share of a question's words, by rarity, with which a passage has its whole vote among those found by
# words. With less it has less: asked in another language, a question meets there what merely shares a name.
FULL_COVERAGE = 0.7
COSINE_DIGITS = 4  # of a cosine

Embedders = Callable[[str], Awaitable[DocumentEmbedder | None]]  # of a tenant


Told = TypeVar("Told")


class Meant(Struct, frozen=True):
    """What was found by meaning."""

    near: Sequence[NearPassage] = ()  # one of each document
    embedder: str = ""
    failure: FailedPart | None = None
    usage: Usage = Usage()


class Fused(Struct, frozen=True):
    """A document's places in both lists."""

    document_id: int
    worded: RankedPassage | None = None
    words_rank: int | UnsetType = UNSET
    near: NearPassage | None = None
    meaning_rank: int | UnsetType = UNSET

    @property
    def weight(self) -> float:
        """Return the sum of its votes: its reciprocal ranks."""
        coverage = min(1.0, self.worded.coverage / FULL_COVERAGE) if self.worded else 0.0
        votes = ((coverage, self.words_rank), (1.0, self.meaning_rank))
        return sum(vote / (RANK_WEIGHT + rank) for vote, rank in votes if rank is not UNSET)

    @property
    def place(self) -> tuple[int, int, int]:
        """Return the passage of the list that has it further up."""
        by_meaning = self.meaning_rank is not UNSET and (
            self.words_rank is UNSET or self.meaning_rank < self.words_rank
        )
        best = self.near if by_meaning or self.worded is None else self.worded
        return (best.document_id, best.starts_at, best.ends_at) if best else (self.document_id, 0, 0)


class DocumentFinder:
    """Searches the documents of tenants.

    Args:
        embedders: None: documents are found by their words alone.
    """

    def __init__(self, engine: Engine, embedders: Embedders | None = None) -> None:
        self._engine = engine
        self._embedders = embedders

    def on(self, engine: Engine) -> "DocumentFinder":
        """Return the same over another connection to the database."""
        other = copy.copy(self)
        other._engine = engine  # noqa: SLF001 - of this class
        return other

    @property
    def embeds(self) -> bool:
        """Return whether questions are embedded where there are vectors."""
        return self._embedders is not None

    @property
    def ranks(self) -> bool:
        """Return whether a reranker sorts what is found."""
        return False

    async def find(
        self, caller: Caller, query: str, limit: int, collections: Sequence[str] = ()
    ) -> CorpusHits:
        """Return the best passage of each of at most `limit` documents.

        Where no server embeds, they are found by words alone.
        """
        meant = await self._meant(caller, query, collections)
        is_fused = bool(meant.embedder) and meant.failure is None
        most = FUSED if is_fused else limit
        worded = await passage_search.rank(self._engine, caller, query, most, collections)
        if is_fused and max((one.coverage for one in worded), default=0.0) < MIN_COVERAGE:
            worded = []
        best = (fuse(worded, meant.near) if is_fused else by_words(worded))[:limit]
        shown = await passage_search.show(self._engine, caller, [one.place for one in best])
        most_weight = 2 / (RANK_WEIGHT + 1)
        found = [
            _found(one, shown[one.document_id], one.weight / most_weight if is_fused else None)
            for one in best
            if one.document_id in shown
        ]
        return CorpusHits(found, meant.embedder, meant.failure, meant.usage)

    async def _meant(self, caller: Caller, query: str, collections: Sequence[str]) -> Meant:
        """Return what is found by meaning, or why nothing is."""
        name = "embedding"
        try:
            embedder = await self._embedders(caller.tenant) if self._embedders else None
            if embedder is None:
                return Meant()
            model = await embedding_models.searched_model(self._engine, embedder.tenant)
            if model is None:
                return Meant()
            name = embedder.name(model.wanted)
            question = await embedder.embed_question(model.wanted, query)
        except ProviderError as error:
            return Meant((), name, failed_part(name, error), paid_by(error))
        if len(question.values) != model.dimensions:
            return Meant((), name, _uneven(name, len(question.values), model), question.usage)
        near = await passage_vectors.find_nearest(self._engine, caller, model, question.values, collections)
        return Meant(nearest_of_documents(near), name, None, question.usage)


def by_words(worded: Sequence[RankedPassage]) -> list[Fused]:
    """Return documents in the order of the words alone."""
    return [Fused(one.document_id, one, rank) for rank, one in enumerate(worded, 1)]


def fuse(worded: Sequence[RankedPassage], near: Sequence[NearPassage]) -> list[Fused]:
    """Join two lists of documents, the best first."""
    places = {one.document_id: one for one in by_words(worded)}
    for rank, other in enumerate(near, 1):
        known = places.get(other.document_id, Fused(other.document_id))
        places[other.document_id] = replace(known, near=other, meaning_rank=rank)
    return sorted(places.values(), key=lambda one: (-one.weight, one.document_id))


def nearest_of_documents(near: Sequence[NearPassage]) -> list[NearPassage]:
    """Return the nearest passage of each document above the mean.

    There are none where the nearest of all is not near.
    """
    best: dict[int, NearPassage] = {}
    if near and is_near(near[0]):
        for one in near:
            if one is near[0] or one.cosine > one.mean:
                best.setdefault(one.document_id, one)
    return list(best.values())


def is_near(nearest: NearPassage) -> bool:
    """Return whether the nearest passage is nearer than most by far."""
    if nearest.passages < FEW_PASSAGES:
        return nearest.cosine > 0
    return nearest.cosine > nearest.mean + LEAST_DEVIATIONS * nearest.deviation


def _found(one: Fused, shown: ShownPassage, fit: float | None) -> CorpusHit:
    """Return a hit. `fit` is None where there is one list alone."""
    words = one.worded
    score, coverage = (words.score, words.coverage) if words else (UNSET, UNSET)
    if fit is None:
        return CorpusHit(shown.url, shown.title, shown.text, words.score if words else 0.0, score, coverage)
    cosine = round(one.near.cosine, COSINE_DIGITS) if one.near else UNSET
    ranks = (one.words_rank, one.meaning_rank)
    return CorpusHit(shown.url, shown.title, shown.text, fit, score, coverage, *ranks, cosine)


def _uneven(name: str, length: int, model: StoredModel) -> FailedPart:
    message = (
        f"The embedding server returned {length} dimensions, and the documents have {model.dimensions}: "
        "another model answers under this name."
    )
    return FailedPart(name, "validation", message, retryable=False)


async def search_documents(
    engine: Engine, finder: DocumentFinder, caller: Caller, wanted: DocumentSearch
) -> FoundDocuments:
    """Search the documents outside of a job, and note what that cost.

    A tenant that may not spend any more finds documents by their words alone. `engine` is of the database
    that takes writes.
    """
    asked = (caller, wanted.query, wanted.limit, wanted.collections)
    if not (finder.embeds or finder.ranks):
        return found_documents(await finder.find(*asked))
    if await quotas.is_spent(engine, caller):
        worded = found_documents(await DocumentFinder(engine).find(*asked))
        unsearched, unranked = (quotas.SPENT if is_on else "" for is_on in (finder.embeds, finder.ranks))
        return replace(worded, failure=unsearched, rerank_failure=unranked)
    found = await finder.find(*asked)
    for model, usage in uses(found):
        await embedding_models.add_use(engine, caller.tenant, model, 0, usage)
    return found_documents(found)


def uses(found: CorpusHits) -> list[tuple[str, Usage]]:
    """Return what a search used of which model."""
    embedder = found.failure.provider if found.failure else found.embedder
    ranker = found.rerank_failure.provider if found.rerank_failure else found.reranker
    used = ((embedder.removeprefix(EMBEDDER_PREFIX), found.usage), (ranker, found.rerank_usage))
    return [(model, usage) for model, usage in used if usage != Usage()]


def found_documents(found: CorpusHits) -> FoundDocuments:
    """Return hits as callers of the API get them."""
    failure, unranked = _said(found.failure), _said(found.rerank_failure)
    embedder = "" if failure else found.embedder
    return FoundDocuments(list(map(_shown, found.passages)), embedder, failure, found.reranker, unranked)


def _said(failure: FailedPart | None) -> str:
    return failure.error_message if failure else ""


def _shown(hit: CorpusHit) -> FoundDocument:
    ranks = (_known(hit.words_rank), _known(hit.meaning_rank))
    return FoundDocument(
        hit.url, hit.title, hit.text, hit.fit, *ranks, _known(hit.cosine), _known(hit.relevance)
    )


def _known(value: Told | UnsetType) -> Told | None:
    return None if isinstance(value, UnsetType) else value
