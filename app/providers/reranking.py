"""Sort passages by how well they answer, through a server's /rerank.

Two shapes are in use. Cohere, Jina, vLLM, llama.cpp and LocalAI take `model`, `query`, `documents` and
`top_n`, and answer `results` of `index` and `relevance_score`. Text Embeddings Inference has one model, so it
takes `query` and `texts`, and answers a list of `index` and `score`: it is asked so where no model is named.
"""

import asyncio
from collections.abc import Sequence
from math import isfinite
from typing import Any

import httpx
import msgspec
from msgspec import Struct

from app.agent.ports import PartlyPaid, Relevance
from app.domain.events import RERANKER, Usage
from app.errors import ProviderError
from app.providers.base_address import checked_address, joined
from app.providers.http import SharedTransport, checked_key, post_json
from app.providers.prices import Price
from app.providers.resting import ServerRest
from app.providers.token_counts import named_count

RERANKING_SERVER = "The reranking server"
RERANK_URL_SETTING = "DOSSIER_RERANK_URL"
RERANK_KEY_SETTING = "DOSSIER_RERANK_KEY"
RERANK_TIMEOUT = 5.0  # seconds in all; a search without it is better than one that is late
RERANK_PAUSE = 15.0  # seconds for which a server that failed is left alone
MAX_RANKED_TEXT = 2_000  # characters of a passage with its title
MAX_RANKED_QUERY = 2_000  # characters
MAX_RANKING = 1_000_000  # bytes of a reply, some of which repeat the passages; more would hold the event loop

UNSCORED = "The reranking server did not return one score for each passage."


class _Ranked(Struct):
    index: int
    relevance_score: float


class _Scored(Struct):
    index: int
    score: float


class _RerankReply(Struct):
    results: list[_Ranked]
    usage: Any = None


class ServerReranker:
    """Implements the port `Reranker` on a server.

    Args:
        client: the shared one.
        url: the base address, with or without `/rerank`.
        model: "" for a server that has one alone.
        key: "" for a server that wants none.
        price: of a token; None: not known.
    """

    def __init__(
        self, client: httpx.AsyncClient, *, url: str, model: str, key: str = "", price: Price | None = None
    ) -> None:
        self._lane = httpx.AsyncClient(transport=SharedTransport(client), timeout=RERANK_TIMEOUT)
        self._address = joined(checked_address(RERANK_URL_SETTING, url), "/rerank")
        self._model, self._price = model, price
        self.key_name = RERANK_KEY_SETTING  # to look at where it refuses
        self._key = checked_key(RERANK_KEY_SETTING, key) if key else ""
        self.name = f"{RERANKER}:{model}" if model else RERANKER
        self._rest = ServerRest()

    async def rerank(self, query: str, passages: Sequence[str]) -> Relevance:
        """Return a score for each passage, in their order.

        Raises ProviderError, at once for a while after a failure.
        """
        self._rest.check()
        texts = [text[:MAX_RANKED_TEXT] for text in passages]
        try:
            async with asyncio.timeout(RERANK_TIMEOUT):
                reply = await self._asked(query[:MAX_RANKED_QUERY], texts)
        except TimeoutError:
            message = f"The reranking server did not answer within {RERANK_TIMEOUT:g} s."
            raise self._rested(ProviderError("timeout", message, retryable=True)) from None
        except ProviderError as error:
            raise self._rested(error) from None
        self._rest.end()
        usage = self._usage(reply)
        try:
            return Relevance(_scores(reply, len(texts)), usage)
        except ProviderError as error:
            raise PartlyPaid(error, usage) from error

    def _rested(self, error: ProviderError) -> ProviderError:
        """Leave a server that failed alone, and return the reason."""
        self._rest.begin(error, RERANK_PAUSE)
        return error

    def _usage(self, reply: _RerankReply | list[_Scored]) -> Usage:
        used = reply.usage if isinstance(reply, _RerankReply) else None
        tokens = named_count(used, "total_tokens", "prompt_tokens") or 0
        cost = self._price.cost(tokens, 0, 0) if self._price and (tokens or not self._price.input) else None
        return Usage(input_tokens=tokens, cost_usd=cost)

    async def _asked(self, query: str, texts: Sequence[str]) -> _RerankReply | list[_Scored]:
        content = await post_json(
            self._lane,
            self._address,
            self._body(query, texts),
            who=RERANKING_SERVER,
            key_name=self.key_name,
            key=self._key,
        )
        if len(content) > MAX_RANKING:
            raise ProviderError("validation", UNSCORED, retryable=False)
        try:
            return msgspec.json.decode(content, type=_RerankReply | list[_Scored])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise ProviderError("validation", UNSCORED, retryable=False) from None

    def _body(self, query: str, texts: Sequence[str]) -> dict[str, object]:
        if not self._model:
            return {"query": query, "texts": list(texts), "truncate": True}
        return {"model": self._model, "query": query, "documents": list(texts), "top_n": len(texts)}


def _scores(reply: _RerankReply | list[_Scored], texts: int) -> tuple[float, ...]:
    """Return the scores in the order of the texts. Raises ProviderError."""
    if isinstance(reply, _RerankReply):
        scored = [(one.index, one.relevance_score) for one in reply.results]
    else:
        scored = [(one.index, one.score) for one in reply]
    placed = dict(scored)
    if len(scored) != texts or placed.keys() != set(range(texts)) or not all(map(isfinite, placed.values())):
        raise ProviderError("validation", UNSCORED, retryable=False)
    return tuple(placed[at] for at in range(texts))
