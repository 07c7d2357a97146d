"""Call language models by OpenAI's chat completions or Responses API.

Every call is one try for the worker, which records it; within it a request may be put otherwise, as often
as a server refuses how it was put. Whatever comes back is checked here: it is a legal step or a BadReply.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import httpx
import msgspec
from msgspec import Struct

from app.agent.ports import Ask, BadReply, ModelReply, Writing
from app.agent.step_schema import Schema, turn_schema
from app.domain.events import Usage
from app.errors import ProviderError
from app.providers import chat_wire, responses_wire
from app.providers.base_address import checked_address, joined
from app.providers.completion import Completion, Tokens, completion_of, step_of, text_of
from app.providers.exchange import ModelExchange, ServerRefusal, WireReply
from app.providers.habits import ModelHabits, SentForm
from app.providers.http import AGENT, checked_key
from app.providers.ladder import loosened
from app.providers.model_spec import ModelSpec
from app.providers.outline import asked_for, told
from app.providers.refusals import INVALID_REPLY, ContextOverflow, as_error, overflow_of
from app.providers.room import LEAST, ContextRoom
from app.providers.slots import ServerSlots
from app.providers.usage_sum import together

log = logging.getLogger(__name__)

PAGES = 120_000  # characters of pages that a turn shows at most
ADAPTATIONS = 10  # times that one request is put otherwise
SHRINKS = 4  # times that one turn is asked with less text
LONG_TOOLS = frozenset({"write_report", "answer"})  # tools whose replies are long


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


class Render(Protocol):
    """Makes the conversation of a turn."""

    def __call__(self, ask: Ask, texts: Mapping[str, str], *, room: int) -> Sequence[ChatMessage]:
        """Return the messages, with about `room` characters of pages at most."""
        ...


class PaidReply(Struct):
    """What a model said, and what it took to get it."""

    completion: Completion
    usage: Usage
    notes: tuple[str, ...] = ()
    prompt_bytes: int = 0  # of the prompt that the usage counts; 0: not known


class LanguageModel:
    """Implements the port `Model`.

    Args:
        client: the shared client; it gets no header of ours.
        spec: the model, and how it is asked.
        render: the conversation of a turn.
        pages: characters of pages that a turn shows at most.
        slots: the queues in front of the servers.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        spec: ModelSpec,
        render: Render,
        *,
        pages: int = PAGES,
        slots: ServerSlots | None = None,
    ) -> None:
        self.spec = spec
        self.name = spec.label
        self._render = render
        self._pages = pages
        self._slots = slots or ServerSlots()
        self._key = checked_key(spec.key_name, spec.key)
        self._base = checked_address(spec.base_name, spec.address)
        self._exchange = ModelExchange(client, spec.model, spec.patience)
        self._planning = spec.planning_tokens
        self.habits = ModelHabits(spec)
        self.room = ContextRoom(spec.context)

    async def next_step(
        self, ask: Ask, texts: Mapping[str, str], writing: Writing | None = None
    ) -> ModelReply:
        """Return the model's choice of tool.

        Raise BadReply or ProviderError.
        """
        writing = writing or Writing()
        said = await self._turn(ask, texts, writing)
        try:
            # In a thread: a long reply that must be repaired takes some tenths of a second.
            step, repaired = await asyncio.to_thread(step_of, said.completion, ask.menu)
        except ValueError as error:
            if said.completion.finish_reason == "length":
                self._planning *= 2  # its thoughts are longer than a plan
            raise BadReply(str(error), said.usage, said.completion.text) from None
        return ModelReply(step, said.usage, (*said.notes, *repaired), said.prompt_bytes)

    async def fill(
        self, messages: list[dict[str, str]], schema: Schema, writing: Writing | None = None
    ) -> tuple[str, Usage]:
        """Return text under another schema.

        Raise BadReply or ProviderError.
        """
        try:
            said = await self._ask(messages, schema, self.spec.reply_tokens, writing or Writing())
        except ServerRefusal as refused:
            raise self._error(refused) from None
        try:
            return text_of(said.completion), said.usage
        except ValueError as error:
            raise BadReply(str(error), said.usage, said.completion.text) from None

    # A turn, with as many pages as fit

    async def _turn(self, ask: Ask, texts: Mapping[str, str], writing: Writing) -> PaidReply:
        """Get a turn's reply, with less text after an overflow."""
        schema, limit = turn_schema(ask), self._limit(ask.menu)
        messages, room = await self._rendered(ask, texts, self._pages, limit)
        spent, notes = Usage(), list[str]()
        for left in reversed(range(SHRINKS)):
            size, said, error = _size(messages), None, ProviderError("internal", "", retryable=False)
            is_first = spent == Usage()
            try:
                said = await self._ask(messages, schema, limit, writing)
            except ServerRefusal as refused:
                error, overflow = self._error(refused), overflow_of(refused)
            else:
                spent, overflow = together(spent, said.usage), self._cut(size, said.usage)
            if overflow:
                self.room.shrink(overflow, size, is_counted=said is None)
                notes.append(_told_of(overflow, is_cut=said is not None))
                shorter, room = await self._rendered(ask, texts, room, limit)
                if left and _size(shorter) < size:
                    messages = shorter
                    continue
            if said is None:
                raise error from None
            counted = said.prompt_bytes if is_first and not overflow else 0
            return PaidReply(said.completion, spent, tuple(notes), counted)
        raise AssertionError("the last round returns or raises")

    def _cut(self, size: int, usage: Usage) -> ContextOverflow | None:
        """Return a silently cut prompt's sizes.

        Learn the token ratio from others.
        """
        cut = self.room.cut(size, usage.input_tokens) if self.spec.preset.truncates else None
        if cut is None:
            self.room.learn(size, usage.input_tokens)
        else:
            log.warning(
                "%s read %s of about %s tokens: give it more context, or lower DOSSIER_PAGE_TOKENS.",
                self.name,
                cut.context,
                cut.sent,
            )
        return cut

    async def _rendered(
        self, ask: Ask, texts: Mapping[str, str], room: int, limit: int
    ) -> tuple[list[dict[str, str]], int]:
        """Fit the conversation to the context, and return the pages' room."""
        # In a thread: a prompt of many pages takes some tenths of a second, and other jobs are waiting.
        conversation = await asyncio.to_thread(self._render, ask, texts, room=room)
        excess = self.room.excess(sum(len(message.content) for message in conversation), limit)
        room = min(room, max(LEAST, await asyncio.to_thread(_pages_in, texts))) if excess else room
        while excess and room > LEAST:
            room = max(LEAST, room - max(excess, room // 4))  # pages may be shorter than their room
            conversation = await asyncio.to_thread(self._render, ask, texts, room=room)
            excess = self.room.excess(sum(len(message.content) for message in conversation), limit)
        return [{"role": message.role, "content": message.content} for message in conversation], room

    def _limit(self, menu: Sequence[str]) -> int:
        """Tokens of the reply: a plan is short."""
        most = self.spec.reply_tokens
        if LONG_TOOLS & set(menu) or not self._planning:
            return most
        return min(self._planning, most or self._planning)

    # A request, put as the server takes it

    async def _ask(
        self, messages: list[dict[str, str]], schema: Schema, limit: int, writing: Writing
    ) -> PaidReply:
        """One reply. Raises ServerRefusal, ProviderError."""
        slots = self.spec.slots or self.spec.preset.slots
        async with self._slots.one(self._base, slots, writing):
            sent = self.habits.begin(schema, limit)
            answer = await self._adapted(messages, sent, writing)
        completion = completion_of(answer)
        return PaidReply(
            completion, self._usage(completion.tokens), prompt_bytes=self._counted(messages, sent)
        )

    async def _adapted(
        self, messages: list[dict[str, str]], sent: SentForm, writing: Writing
    ) -> dict[str, Any]:
        for left in reversed(range(ADAPTATIONS)):
            writing.start()
            try:
                answer = await self._send(messages, sent, writing)
            except ServerRefusal as refused:
                if refused.words.code == INVALID_REPLY and refused.words.generation:
                    return _as_said(refused.words.generation)
                if not left or not self.habits.adapt(sent, refused):
                    raise
            else:
                self.habits.took(sent)
                return answer
        raise AssertionError("the last round returns or raises")

    async def _send(self, messages: list[dict[str, str]], sent: SentForm, writing: Writing) -> dict[str, Any]:
        habits, is_chat = self.habits, self.habits.wire == "chat"
        path = chat_wire.CHAT_PATH if is_chat else responses_wire.RESPONSES_PATH
        url = joined(self._base, path, self.spec.query)
        body = msgspec.json.encode(self._body(messages, sent))
        request = self._exchange.request(url, self._headers(), body)
        collector = (
            chat_wire.ChatCollector(writing) if is_chat else responses_wire.ResponsesCollector(writing)
        )
        answer: WireReply = await self._exchange.send(request, collector, is_streamed=habits.streams)
        if habits.streams and not answer.was_streamed:
            habits.streams = False  # it does not know how: from now on its first byte is its last
        value = answer.value if is_chat else responses_wire.as_completion(answer.value)
        if value.get("error") and not value.get("choices"):
            raise chat_wire.refusal_in(value)
        return value

    def _body(self, messages: list[dict[str, str]], sent: SentForm) -> dict[str, Any]:
        """The fields of a request."""
        habits, is_chat = self.habits, self.habits.wire == "chat"
        wire = chat_wire if is_chat else responses_wire
        options = {name: value for name, value in self.spec.options.items() if name not in habits.dropped}
        further = {name: value for name, value in self.spec.body.items() if name not in habits.dropped}
        form, hint = self._form(sent, wire)
        body = {
            "model": self.spec.model,
            **wire.asked(_with_hint(messages, hint)),
            **(options if is_chat else responses_wire.nested(options)),
        }
        for name, value in form.items():  # Responses keeps the form and the verbosity in one object
            body[name] = {**body[name], **value} if isinstance(body.get(name), dict) else value
        if sent.limit:
            names = habits.limits if is_chat else ("max_output_tokens",)
            body |= dict.fromkeys(names, sent.limit)
        if habits.streams:
            body["stream"] = True
            if is_chat and habits.counts:
                body["stream_options"] = {"include_usage": True}
        return body | further

    def _form(self, sent: SentForm, wire: Any) -> tuple[dict[str, Any], str]:  # noqa: ANN401 - a module
        """Return the fields that impose the schema, and the model's hint."""
        match sent.form:
            case "strict":
                hint = "" if self.spec.preset.shows_schema else told(sent.schema)
                return wire.shaped(sent.schema, "next_step", strict=True), hint
            case "loose":
                schema, is_strict = loosened(sent.schema)
                return wire.shaped(schema, "next_step", strict=is_strict), told(sent.schema)
            case "json_object":
                return wire.any_object(), asked_for(sent.schema)
            case "text":
                return {}, asked_for(sent.schema) if sent.schema else ""

    def _counted(self, messages: Sequence[dict[str, str]], sent: SentForm) -> int:
        """Return the bytes that the server counts as the prompt.

        A schema that it shows to the model is among them.
        """
        _, hint = self._form(sent, chat_wire)
        is_shown = self.spec.preset.shows_schema and sent.form in ("strict", "loose")
        schema = msgspec.json.encode(sent.schema) if is_shown else b""
        said = sum(len(message["content"].encode("utf-8", "replace")) for message in messages)
        return said + len(hint.encode()) + len(schema)

    def _headers(self) -> dict[str, str]:
        preset = self.spec.preset
        is_bearer = preset.key_header == "authorization"
        return {
            "content-type": "application/json",
            "accept": "text/event-stream, application/json",
            "user-agent": AGENT,
            preset.key_header: f"Bearer {self._key}" if is_bearer else self._key,
            **self.spec.headers,
        }

    # Bills and errors

    def _usage(self, tokens: Tokens) -> Usage:
        if tokens.prompt is None:
            return Usage(cost_usd=None)
        completion, price = tokens.completion or 0, self.spec.price
        cost = price.cost(tokens.prompt, tokens.cached, completion, tokens.cache_write) if price else None
        if self.spec.preset.bills and tokens.cost_usd is not None:
            cost = tokens.cost_usd
        return Usage(
            input_tokens=tokens.prompt,
            output_tokens=completion,
            cost_usd=cost,
            cached_tokens=tokens.cached,
            cache_write_tokens=tokens.cache_write,
            reasoning_tokens=tokens.reasoning,
        )

    def _error(self, refused: ServerRefusal) -> ProviderError:
        return as_error(refused, self.spec.model, self.spec.key_name, *self.spec.secrets)


def _as_said(text: str) -> dict[str, Any]:
    """What a model wrote, and its server refused, as a reply."""
    return {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}


def _told_of(overflow: ContextOverflow, *, is_cut: bool) -> str:
    """The note of a prompt that did not fit."""
    sent = f"about {overflow.sent:,} tokens" if overflow.sent else "the prompt"
    if is_cut:
        return f"prompt: the server read {overflow.context or 0:,} of {sent}"
    held = f" of {overflow.context:,} tokens" if overflow.context else ""
    return f"prompt: {sent} did not fit into the context{held}"


def _size(messages: Sequence[dict[str, str]]) -> int:
    return sum(len(message["content"]) for message in messages)


def _pages_in(texts: Mapping[str, str]) -> int:
    return sum(len(text.encode("utf-8", "replace")) for text in texts.values())


def _with_hint(messages: list[dict[str, str]], hint: str) -> list[dict[str, str]]:
    """Append to the conversation what the model must know of the form."""
    if not hint:
        return messages
    last = messages[-1]
    return [*messages[:-1], {"role": last["role"], "content": f"{last['content']}\n\n{hint}"}]
