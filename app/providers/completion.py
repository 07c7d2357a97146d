"""Read a chat completion, and find the step in it.

Servers differ in all that is not read here; whatever comes is checked, and is a legal step or a ValueError
in words for the model.
"""

import contextlib
import json
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from app.domain.tools import TOOLS, NextStep
from app.providers.chat_wire import refusal_in
from app.providers.exchange import unreadable
from app.providers.http import shorten
from app.providers.step_shape import shaped
from app.providers.step_text import objects
from app.providers.token_counts import named_count

MAX_DOLLARS = 10_000  # for one call
TEXT_PARTS = ("text", "output_text")


class Tokens(Struct, frozen=True):
    """The provider's count of tokens, None where unreadable."""

    prompt: int | None = None
    completion: int | None = None
    cached: int = 0  # of the prompt, read from a cache
    cache_write: int = 0  # of the prompt, written into a cache
    reasoning: int = 0  # of the completion
    cost_usd: float | None = None  # what the server itself says that the call cost


class Completion(Struct, frozen=True):
    """The used part of a chat completion, as servers differ."""

    text: str  # what the model said, or the step that it gave as a tool call
    refusal: str = ""
    finish_reason: str = ""
    tokens: Tokens = Tokens()


def read(body: bytes) -> Completion:
    """Read a completion with at least one choice.

    Raises ServerRefusal, ProviderError.
    """
    try:
        value = json.loads(body)  # takes what servers write and msgspec does not: 1e400, lone surrogates
    except (ValueError, RecursionError):
        raise unreadable() from None
    return completion_of(value)


def completion_of(value: object) -> Completion:
    """A decoded reply as a completion with at least one choice.

    Raises ServerRefusal where it is an error in spite of its status, ProviderError where it is neither.
    """
    if not isinstance(value, dict):
        raise unreadable()
    choice = _first(value.get("choices"))
    message = choice.get("message") if choice else None
    if not isinstance(message, dict):
        raise refusal_in(value) if value.get("error") else unreadable()
    return Completion(
        _said(message), _text(message.get("refusal")), str(choice.get("finish_reason") or ""), _tokens(value)
    )


def _first(items: object) -> dict[str, Any]:
    first = items[0] if isinstance(items, list) and items else None
    return first if isinstance(first, dict) else {}


def _said(message: dict[str, Any]) -> str:
    """Return the content, the tool call's step, or the reasoning."""
    content = _text(message.get("content"))
    if content.strip():
        return content
    calls = message.get("tool_calls") or [{"function": message.get("function_call")}]
    return _called(calls) or _text(message.get("reasoning_content") or message.get("reasoning"))


def _text(content: object) -> str:
    """Return content as text, joining the text parts of a list."""
    if isinstance(content, str):
        return content
    return "".join(map(_part, content)) if isinstance(content, list) else ""


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    text = part.get("text") if isinstance(part, dict) and part.get("type") in TEXT_PARTS else ""
    if isinstance(text, dict):
        text = text.get("value")
    return text if isinstance(text, str) else ""


def _called(calls: object) -> str:
    """Return the step in a tool call.

    It is under the tool's own name, or whole in its arguments.
    """
    function = _first(calls).get("function")
    if not isinstance(function, dict):
        return ""
    arguments, name = _unquoted(function.get("arguments")), str(function.get("name") or "").rpartition(".")[2]
    if name not in TOOLS:
        return arguments if isinstance(arguments, str) else _encode(arguments)
    if isinstance(arguments, str) and arguments.startswith("{"):  # as it is, to be repaired where it must be
        return f'{{"function": {{"tool": "{name}", {arguments[1:]}}}}}'
    return _encode({"function": {"tool": name, "arguments": arguments}})


def _unquoted(arguments: object) -> object:
    """Return arguments without the quotation marks of a string in a string."""
    text = arguments.strip() if isinstance(arguments, str) else ""
    if not text:
        return arguments
    try:
        inner = json.loads(text) if text.startswith('"') else text
    except (ValueError, RecursionError):
        return text
    return inner.strip() if isinstance(inner, str) else text


def _encode(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _tokens(value: dict[str, Any]) -> Tokens:
    """Read the usage leniently: floats, strings, and empty lists."""
    usage = value.get("usage")
    if not isinstance(usage, dict):
        return Tokens()
    prompt = named_count(usage, "prompt_tokens", "input_tokens")
    completion = named_count(usage, "completion_tokens", "output_tokens")
    asked = _details(usage, "prompt_tokens_details", "input_tokens_details")
    said = _details(usage, "completion_tokens_details", "output_tokens_details")
    cached = named_count(
        {**usage, **asked}, "cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens"
    )
    written = named_count({**usage, **asked}, "cache_write_tokens", "cache_creation_input_tokens")
    reasoning = named_count({**usage, **said}, "reasoning_tokens")
    if prompt is not None and (total := named_count(usage, "total_tokens")):
        # Some servers leave the reasoning out of the completion, and count it in the total only.
        completion = max(completion or 0, min(total - prompt, (completion or 0) + (reasoning or total)))
    return Tokens(prompt, completion, cached or 0, written or 0, reasoning or 0, _dollars(usage.get("cost")))


def _details(usage: dict[str, Any], *names: str) -> dict[str, Any]:
    return next((usage[name] for name in names if isinstance(usage.get(name), dict)), {})


def _dollars(value: object) -> float | None:
    is_money = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < MAX_DOLLARS
    return float(value) if is_money and isinstance(value, int | float) else None


def text_of(completion: Completion) -> str:
    """Return the model's text.

    Raise ValueError if it is unfinished. The message is for the model.
    """
    if completion.refusal:
        raise ValueError(f"You refused: {shorten(completion.refusal)}")
    if completion.finish_reason == "content_filter":
        raise ValueError("A content filter stopped your reply. Say it in other words.")
    if completion.finish_reason == "length":
        raise ValueError("Your reply was cut off because it was too long. Write less.")
    return completion.text


def step_of(completion: Completion, menu: Sequence[str]) -> tuple[NextStep, tuple[str, ...]]:
    """Return a completion's step, and what was changed for it.

    A reply that was cut after its step is taken. Raises ValueError in words for the model.
    """
    if completion.finish_reason == "length" and not completion.refusal:
        with contextlib.suppress(ValueError):  # text_of says that it was cut
            return decode(completion.text, menu, is_cut=True)
    return decode(text_of(completion), menu)


def decode(text: str, menu: Sequence[str], *, is_cut: bool = False) -> tuple[NextStep, tuple[str, ...]]:
    """Decode a reply as a step, with a list of changes.

    Nothing of a reply that was cut is repaired.

    Raises:
        ValueError: it is not a legal step; the message says why, in at most MAX_MESSAGE characters.
    """
    if not text.strip():
        raise ValueError("Your reply was empty.")
    refused = "Your reply has no JSON object with a step in it."
    for found in objects(text):
        if is_cut and found.broken:
            continue
        try:
            step, notes = shaped(found.value, menu)
        except (ValueError, RecursionError) as error:
            refused = f"Your reply does not fit the schema: {error}"
            continue
        if not found.broken:
            return step, notes
        if found.is_kept_by(_encode(_filled(msgspec.to_builtins(step)))):
            return step, ("JSON: repaired", *notes)
        refused = "Your reply is not valid JSON, and a part of it would be lost. Escape quotation marks."
    raise ValueError(shorten(refused))


def _filled(value: object) -> object:
    """Drop empty values, whose names nobody wrote."""
    match value:
        case dict():
            return {name: _filled(one) for name, one in value.items() if one}
        case list() | tuple():
            return [_filled(one) for one in value]
    return value
