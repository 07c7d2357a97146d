"""What a chat completion says: its shape, and the step that stands in it.

Servers differ in all that is not read here; whatever comes is checked, and is a legal step or a ValueError
in words for the model.
"""

import json
import re
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from app.domain.tools import NextStep
from app.errors import ProviderError
from app.providers.http import shorten

ATTEMPTS = 50  # braces at which an object may begin in a reply

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  # legal JSON, but no text that Postgres can hold


class Cached(Struct):
    """Tokens that the provider's cache held."""

    cached_tokens: int | None = None


class Tokens(Struct):
    """The provider's own count."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: Cached | None = None


class Said(Struct):
    """What the model said, or that it would not."""

    content: str | None = None
    refusal: str | None = None


class Choice(Struct):
    """One reply, and why it ended."""

    message: Said
    finish_reason: str | None = None


class Completion(Struct):
    """The part of a chat completion that is used; servers differ in the rest."""

    choices: tuple[Choice, ...] | None = None
    usage: Tokens | None = None


def unreadable() -> ProviderError:
    """The error of an answer that is no chat completion."""
    message = "The model's server answered with something that is no chat completion."
    return ProviderError("network", message, retryable=True)


def read(body: bytes) -> Completion:
    """A body as a completion with at least one choice. Raises ProviderError."""
    try:
        completion = msgspec.json.decode(body, type=Completion)
    except (ValueError, RecursionError):
        raise unreadable() from None
    if not completion.choices:  # some gateways report the failure of the server behind them like this
        raise unreadable()
    return completion


def text_of(completion: Completion) -> str:
    """What the model said. Raises ValueError in words for the model where it did not finish."""
    choice = (completion.choices or ())[0]
    if choice.message.refusal:
        raise ValueError(f"You refused: {shorten(choice.message.refusal)}")
    if choice.finish_reason == "content_filter":
        raise ValueError("A content filter stopped your reply. Say it in other words.")
    if choice.finish_reason == "length":
        raise ValueError("Your reply was cut off because it was too long. Write less.")
    return choice.message.content or ""


def step_of(completion: Completion, menu: Sequence[str]) -> NextStep:
    """The step that a completion holds. Raises ValueError in words for the model."""
    return decode(text_of(completion), menu)


def decode(text: str, menu: Sequence[str]) -> NextStep:
    """A reply as a step; prose and fences around its JSON object are passed over, nothing else is.

    Raises:
        ValueError: it is no legal step; the message tells the model why, in at most MAX_MESSAGE characters.
    """
    if not text.strip():
        raise ValueError("Your reply was empty.")
    found = outermost(text)
    if _NUL.search(found):
        raise ValueError("Your reply contains NUL characters (\\u0000).")
    try:
        step = msgspec.json.decode(found, type=NextStep)
    except msgspec.ValidationError as error:
        raise ValueError(shorten(f"Your reply does not fit the schema: {error}")) from None
    except (ValueError, RecursionError):
        raise ValueError("Your reply is no complete JSON object.") from None
    tool = type(step.function).__struct_config__.tag
    if tool not in menu:
        raise ValueError(f"You chose {tool}; allowed now: {', '.join(menu)}.")
    return step


def outermost(text: str) -> str:
    """The longest JSON object in a text that has a "function", or the text itself where there is none.

    Small models think aloud in front of it, or put it into a fence.
    """
    best, at, decoder = "", text.find("{"), json.JSONDecoder()
    for _ in range(ATTEMPTS):
        if at < 0:
            break
        try:
            found, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            found, end = {}, at + 1
        if "function" in found:  # without it, it is a thought, or a piece of a step that was cut off
            best = max(best, text[at:end], key=len)
        at = text.find("{", end)
    return best or text
