"""Embed texts through a server that speaks OpenAI's /embeddings."""

import asyncio
import copy
from collections.abc import Iterator, Sequence
from math import isfinite, sqrt
from typing import Annotated, Any

import httpx
import msgspec
from msgspec import Meta, Struct

from app.agent.ports import PartlyPaid, Vectors
from app.domain.events import Usage
from app.domain.wanted_model import WantedModel
from app.errors import ProviderError
from app.providers.base_address import checked_address, joined
from app.providers.http import SharedTransport, checked_key, post_json
from app.providers.prices import Price
from app.providers.resting import ServerRest
from app.providers.token_counts import named_count

EMBEDDING_SERVER = "The embedding server"
EMBEDDING_URL_SETTING = "DOSSIER_EMBEDDING_URL"
EMBEDDING_KEY_SETTING = "DOSSIER_EMBEDDING_KEY"
EMBEDDER_PREFIX = "embedding:"  # of a provider's name in the log
TEXTS_OF_REQUEST = 64
MAX_DIMENSIONS = 8192
EMBEDDING_TIMEOUT = 60.0  # seconds without a byte

QUESTION_TIMEOUT = 5.0  # seconds that a search waits for its question's vector
QUESTION_PAUSE = 15.0  # seconds without questions to a server that failed, so that no search waits in vain
KEPT_QUESTIONS = 256

UNREADABLE = "The embedding server did not return one vector for each text."


class _Vector(Struct):
    embedding: Annotated[list[float], Meta(min_length=1, max_length=MAX_DIMENSIONS)]
    index: int | None = None


class _EmbeddingReply(Struct):
    data: list[_Vector]
    usage: Any = None


class ServerEmbedder:
    """Implements the port `Embedder` on a server.

    Args:
        dimensions: that the server is asked for; 0: as many as its model gives.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        url: str,
        model: str,
        key: str = "",
        threshold: float,
        price: Price | None = None,
        dimensions: int = 0,
    ) -> None:
        self._lane = httpx.AsyncClient(transport=SharedTransport(client), timeout=EMBEDDING_TIMEOUT)
        self._address = joined(checked_address(EMBEDDING_URL_SETTING, url), "/embeddings")
        self._model, self._price, self._dimensions = model, price, dimensions
        self.key_name = EMBEDDING_KEY_SETTING  # to look at where it refuses
        self._key = checked_key(EMBEDDING_KEY_SETTING, key) if key else ""
        self.name, self.threshold = f"{EMBEDDER_PREFIX}{model}", threshold

    def asking(self, model: str, dimensions: int) -> "ServerEmbedder":
        """Return what asks the same server for another model."""
        other = copy.copy(self)
        other._model, other._dimensions = model, dimensions  # noqa: SLF001 - of this class
        other.name = f"{EMBEDDER_PREFIX}{model}"
        return other

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """A vector for each text, in requests of TEXTS_OF_REQUEST.

        Raises ProviderError, with what was paid for where a request before had an answer.
        """
        vectors, paid = list[tuple[float, ...]](), list[int]()
        try:
            for at in range(0, len(texts), TEXTS_OF_REQUEST):
                batch = texts[at : at + TEXTS_OF_REQUEST]
                reply = await self._asked(batch)
                paid.append(named_count(reply.usage, "prompt_tokens", "total_tokens") or 0)
                vectors += _in_order(reply, len(batch))
            _check_even(vectors)
        except ProviderError as error:
            if paid:
                raise PartlyPaid(error, self._usage(sum(paid))) from error
            raise
        return Vectors(tuple(vectors), self._usage(sum(paid)))

    def _usage(self, tokens: int) -> Usage:
        cost = self._price.cost(tokens, 0, 0) if self._price and tokens else None
        return Usage(input_tokens=tokens, cost_usd=cost)

    async def _asked(self, texts: Sequence[str]) -> _EmbeddingReply:
        body: dict[str, object] = {"model": self._model, "input": list(texts), "encoding_format": "float"}
        if self._dimensions:
            body["dimensions"] = self._dimensions
        content = await post_json(
            self._lane, self._address, body, who=EMBEDDING_SERVER, key_name=self.key_name, key=self._key
        )
        try:
            return msgspec.json.decode(content, type=_EmbeddingReply)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise ProviderError("validation", UNREADABLE, retryable=False) from None


def _check_even(vectors: Sequence[tuple[float, ...]]) -> None:
    """Raise ProviderError if vectors differ in length."""
    if len({len(vector) for vector in vectors}) > 1:
        raise ProviderError("validation", UNREADABLE, retryable=False)


def _in_order(reply: _EmbeddingReply, texts: int) -> Iterator[tuple[float, ...]]:
    """Yield the vectors in the order of the texts. Raises ProviderError."""
    placed = {at if vector.index is None else vector.index: vector for at, vector in enumerate(reply.data)}
    if len(reply.data) != texts or placed.keys() != set(range(texts)):
        raise ProviderError("validation", UNREADABLE, retryable=False)
    yield from (tuple(placed[at].embedding) for at in range(texts))


class QuestionVector(Struct, frozen=True):
    """The vector of a question, and what it cost to make."""

    values: tuple[float, ...]
    usage: Usage


class DocumentEmbedder:
    """Embeds passages, and the questions that are asked of them.

    Args:
        server: is asked.
        wanted: the model that the settings name; one from before may be asked for too.
        tenant: whose own server it is; None: all tenants share it.
    """

    def __init__(self, server: ServerEmbedder, wanted: WantedModel, tenant: str | None = None) -> None:
        self._server = server
        self.wanted, self.tenant = wanted, tenant
        self._kept: dict[tuple[WantedModel, str], tuple[float, ...]] = {}
        self._rest = ServerRest()

    def name(self, model: WantedModel) -> str:
        """Return the provider's name in the log."""
        return f"{EMBEDDER_PREFIX}{model.name}"

    async def embed_passages(self, model: WantedModel, texts: Sequence[str]) -> Vectors:
        """Return a unit vector for each passage. Raises ProviderError."""
        return await self._asked(model, [model.passage_prefix + text for text in texts])

    async def embed_question(self, model: WantedModel, question: str) -> QuestionVector:
        """Return a question's vector, which is remembered.

        Raises ProviderError, at once for a while after a failure.
        """
        if kept := self._kept.get((model, question)):
            return QuestionVector(kept, Usage())
        self._rest.check()
        try:
            made = await self._made(model, question)
        except ProviderError as error:
            self._rest.begin(error, QUESTION_PAUSE)
            raise
        self._rest.end()
        self._kept[model, question] = made.values
        if len(self._kept) > KEPT_QUESTIONS:
            del self._kept[next(iter(self._kept))]
        return made

    async def _made(self, model: WantedModel, question: str) -> QuestionVector:
        try:
            async with asyncio.timeout(QUESTION_TIMEOUT):
                found = await self._asked(model, [model.query_prefix + question])
        except TimeoutError:
            message = f"The embedding server did not answer within {QUESTION_TIMEOUT:g} s."
            raise ProviderError("timeout", message, retryable=True) from None
        return QuestionVector(found.vectors[0], found.usage)

    async def _asked(self, model: WantedModel, texts: Sequence[str]) -> Vectors:
        """Return unit vectors. Raises ProviderError."""
        found = await self._server.asking(model.name, model.wanted_dimensions).embed(texts)
        try:
            return Vectors(tuple(map(_unit, found.vectors)), found.usage)
        except ProviderError as error:
            raise PartlyPaid(error, found.usage) from error


def _unit(vector: Sequence[float]) -> tuple[float, ...]:
    """Return a vector of length 1. Raises ProviderError for one without."""
    length = sqrt(sum(value * value for value in vector))
    if not length or not isfinite(length):
        raise ProviderError("validation", "The embedding server returned a vector of zeros.", retryable=False)
    return tuple(value / length for value in vector)
