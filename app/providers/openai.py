"""A language model behind any server that speaks OpenAI's chat completions.

The model fills the schema of the turn. Where a server cannot decode under a schema the schema goes into
the prompt, and whatever comes back is checked here: it is a legal step or a BadReply.
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any, Literal, Protocol, Self, cast

import httpx
import msgspec
from openai import APIConnectionError, APIStatusError, APITimeoutError, AsyncOpenAI, OpenAIError

from app.agent.ports import Ask, BadReply, ModelReply
from app.agent.step_schema import Schema, strict_schema
from app.domain.events import Usage
from app.domain.tools import NextStep
from app.errors import ProviderError
from app.providers.completion import Completion, ErrorBody, Tokens, read, step_of, text_of, unreadable
from app.providers.error_words import ErrorWords, words_of
from app.providers.http import (
    AGENT,
    CONNECT,
    MAX_ERROR_TEXT,
    POOL,
    WRITE,
    SharedTransport,
    checked_address,
    checked_key,
    refusal,
    shorten,
)
from app.providers.prices import Price, price_of

OPENAI_KEY_SETTING = "OPENAI_API_KEY"
OPENAI_BASE_SETTING = "OPENAI_BASE_URL"
OPENAI_API = "https://api.openai.com/v1"
TURN_TIMEOUT = 110.0  # seconds for one turn; under the worker's own bound, so that this error is the one seen
MAX_REPLY_TOKENS = (
    16_000  # of one reply, with its hidden reasoning; what the smallest of the priced models writes
)
CRASHES = 2  # turns in which a server fails with a schema and not without one: then it is the schema

Style = Literal["json_schema", "json_object", "text"]
STYLES: tuple[Style, ...] = ("json_schema", "json_object", "text")
GATEWAY = 502  # what an error in a body with status 200 counts as, where it names no status
INVALID_REPLY = "json_validate_failed"  # Groq: the model wrote something that does not fit the schema
BROKEN = 500  # some servers crash on what they do not support
REFUSALS = frozenset({400, 404, 422, BROKEN})

_TOO_LONG = re.compile(
    r"context[ _](?:length|window|size)|exceeds? the (?:available )?context|too many (?:input )?tokens"
    r"|prompt is too long",
    re.IGNORECASE,
)
_LIMIT = re.compile(r"max_(?:completion_)?tokens|in the completion")


class ChatMessage(Protocol):
    """One message of a conversation."""

    @property
    def role(self) -> str:
        """As in chat completions: system, user or assistant."""
        ...

    @property
    def content(self) -> str:
        """Plain text."""
        ...


Render = Callable[[Ask, Mapping[str, str]], Sequence[ChatMessage]]


class OpenAIModel:
    """Implements the port `Model`; every call is one try, because the worker records each.

    Args:
        client: the shared client; it gets no header of ours.
        api_key: for servers that want none, any word.
        base_url: of an OpenAI-compatible server; None for OpenAI's own.
        model: as the server calls it.
        render: the conversation of a turn.
        prices: a model that is not among them costs None, which is to say that nobody knows.
        timeout: seconds for one turn, whatever it takes.
        max_tokens: of one reply; 0, and a server that refuses it, is sent none.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        api_key: str,
        base_url: str | None,
        model: str,
        render: Render,
        prices: Mapping[str, Price],
        timeout: float = TURN_TIMEOUT,
        max_tokens: int = MAX_REPLY_TOKENS,
    ) -> None:
        self._prices = prices
        self._become(model)
        self._render = render
        self._timeout = timeout
        self._key = checked_key(OPENAI_KEY_SETTING, api_key)
        waits = httpx.Timeout(connect=CONNECT, read=timeout, write=WRITE, pool=POOL)
        lane = httpx.AsyncClient(transport=SharedTransport(client), timeout=waits)
        self._openai = AsyncOpenAI(
            api_key=self._key,
            base_url=checked_address(OPENAI_BASE_SETTING, base_url or OPENAI_API),
            max_retries=0,
            default_headers={"User-Agent": AGENT},
            http_client=cast(Any, lane),  # its types name httpx2; at run time it takes httpx as well
        )
        # What this server has shown that it takes.
        self._style: Style = "json_schema"
        self._proven = False
        self._crashes = 0
        self._max_tokens: int | None = max_tokens or None

    def named(self, model: str) -> Self:
        """Another model of the same server."""
        other = copy(self)
        other._become(model)  # noqa: SLF001 - its own
        return other

    def _become(self, model: str) -> None:
        self.name = f"openai:{model}"
        self._model = model
        self._price = price_of(model, self._prices)

    async def next_step(self, ask: Ask, texts: Mapping[str, str]) -> ModelReply:
        """The model's choice among the tools of the menu. Raises BadReply and ProviderError."""
        # In a thread: a prompt of many pages takes some tenths of a second, and other jobs are waiting.
        conversation = await asyncio.to_thread(self._render, ask, texts)
        messages = [{"role": message.role, "content": message.content} for message in conversation]
        completion = await self._complete(messages, strict_schema(NextStep, ask.menu))
        usage = self._usage(completion.tokens)
        try:
            # In a thread: a long reply that must be repaired takes some tenths of a second.
            step, repaired = await asyncio.to_thread(step_of, completion, ask.menu)
            return ModelReply(step, usage, repaired)
        except ValueError as error:
            raise BadReply(str(error), usage) from None

    async def fill(self, messages: list[dict[str, str]], schema: Schema) -> tuple[str, Usage]:
        """The text of a reply under another schema than a turn's. Raises BadReply and ProviderError."""
        completion = await self._complete(messages, schema)
        usage = self._usage(completion.tokens)
        try:
            return text_of(completion), usage
        except ValueError as error:
            raise BadReply(str(error), usage) from None

    async def _complete(self, messages: list[dict[str, str]], schema: Schema) -> Completion:
        """One completion, every error translated; `from None` because the causes hold the request's key."""
        try:
            async with asyncio.timeout(self._timeout):
                body = await self._in_some_style(messages, schema)
        except TimeoutError:
            raise self._too_slow() from None
        except OpenAIError as error:
            raise self._translated(error) from None
        except httpx.HTTPError as error:
            raise _unreachable(type(error).__name__) from None
        try:
            return read(body)
        except ErrorBody as error:
            words = words_of(error.body)
            raise self._refused(words.status or GATEWAY, words, {}) from None

    async def _in_some_style(self, messages: list[dict[str, str]], schema: Schema) -> bytes:
        """The reply in the strictest style that the server takes; which one it is is remembered."""
        has_crashed = False
        for style in STYLES[STYLES.index(self._style) :]:
            try:
                body = await self._within_limit(style, messages, schema)
            except APIStatusError as error:
                if self._proven or style == STYLES[-1] or not _may_mean_style(error):
                    raise
                has_crashed |= error.status_code == BROKEN
            else:
                self._remember(style, has_crashed=has_crashed)
                return body
        raise AssertionError("the last style returns or raises")

    def _remember(self, style: Style, *, has_crashed: bool) -> None:
        """One crash may have been an accident, and must not cost the server its strict schema for good."""
        self._crashes += has_crashed
        if not has_crashed or self._crashes >= CRASHES:
            self._style, self._proven = style, True

    async def _within_limit(self, style: Style, messages: list[dict[str, str]], schema: Schema) -> bytes:
        """Without a limit on the reply for servers that do not know it, or find it too high."""
        try:
            return await self._send(style, messages, schema, self._max_tokens)
        except APIStatusError as error:
            if self._max_tokens is None or not _is_about_limit(error):
                raise
        body = await self._send(style, messages, schema, None)
        self._max_tokens = None
        return body

    async def _send(
        self, style: Style, messages: list[dict[str, str]], schema: Schema, limit: int | None
    ) -> bytes:
        request: dict[str, Any] = {"model": self._model, "messages": messages}
        if style == "json_schema":
            named = {"name": "next_step", "strict": True, "schema": schema}
            request["response_format"] = {"type": style, "json_schema": named}
        else:
            request["messages"] = _with_schema(messages, schema)
        if style == "json_object":
            request["response_format"] = {"type": style}
        if limit:
            request["max_completion_tokens"] = limit
        reply = await self._openai.chat.completions.with_raw_response.create(**request)
        return cast(bytes, reply.content)

    def _usage(self, tokens: Tokens) -> Usage:
        if tokens.prompt is None:
            return Usage(cost_usd=None)
        completion = tokens.completion or 0
        cost = self._price.cost(tokens.prompt, tokens.cached, completion) if self._price else None
        return Usage(input_tokens=tokens.prompt, output_tokens=completion, cost_usd=cost)

    def _translated(self, error: OpenAIError) -> ProviderError:
        match error:
            case APITimeoutError():
                return self._too_slow()
            case APIConnectionError():
                return _unreachable(type(error.__cause__).__name__)
            case APIStatusError():
                return self._refused(error.status_code, words_of(error.body), error.response.headers)
            case _:
                return unreadable()

    def _refused(self, status: int, words: ErrorWords, headers: Mapping[str, str]) -> ProviderError:
        said = shorten(words.message, self._key)
        if "insufficient_quota" in (words.code, words.kind):
            return ProviderError(
                "resource", f"The account behind {OPENAI_KEY_SETTING} has no credit left.", retryable=False
            )
        if words.code == "content_filter":
            message = f"The model's server refuses the question or a page: {said}"
            return ProviderError("resource", message[:MAX_ERROR_TEXT], retryable=False)
        if words.code == INVALID_REPLY:
            return BadReply(
                f"Your reply does not fit the schema: {said}"[:MAX_ERROR_TEXT], Usage(cost_usd=None)
            )
        if _is_too_long(status, words):
            message = f"The question and the pages do not fit into the context of {self._model}: {said}"
            return ProviderError("resource", message[:MAX_ERROR_TEXT], retryable=False)
        return refusal("The model's server", OPENAI_KEY_SETTING, status, headers, said)

    def _too_slow(self) -> ProviderError:
        message = f"{self._model} did not answer within {self._timeout:g} seconds."
        return ProviderError("timeout", message, retryable=True)


def _with_schema(messages: list[dict[str, str]], schema: Schema) -> list[dict[str, str]]:
    """For servers that do not decode under a schema: the model is asked to keep to it."""
    asked = (
        f"Reply with one JSON object and nothing else. It must fit this JSON schema:\n{json.dumps(schema)}"
    )
    last = messages[-1]
    return [*messages[:-1], {"role": last["role"], "content": f"{last['content']}\n\n{asked}"}]


def _may_mean_style(error: APIStatusError) -> bool:
    """True if the request may have been refused because of its response format."""
    words = words_of(error.body)
    is_other = _is_too_long(error.status_code, words) or words.code in ("content_filter", INVALID_REPLY)
    return error.status_code in REFUSALS and not is_other


def _is_too_long(status: int, words: ErrorWords) -> bool:
    if words.code == "context_length_exceeded":
        return True
    return status in (400, 413, 422, BROKEN) and bool(_TOO_LONG.search(words.message))


def _is_about_limit(error: APIStatusError) -> bool:
    """True if the server does not know the limit on a reply, or finds it too high."""
    return error.status_code in (400, 422) and bool(_LIMIT.search(msgspec.json.encode(error.body).decode()))


def _unreachable(cause: str) -> ProviderError:
    return ProviderError("network", f"The model's server cannot be reached ({cause}).", retryable=True)
