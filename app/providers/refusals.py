"""Interpret the refusals of a model's server, in any dialect."""

import math
import re
import time
from collections.abc import Mapping

from msgspec import Struct

from app.agent.ports import BadReply
from app.domain.events import Usage
from app.errors import ProviderError
from app.providers.exchange import ServerRefusal
from app.providers.http import MAX_ERROR_TEXT, refusal, retry_after, seconds_until, shorten
from dossier.job_types import ErrorType

INVALID_REPLY = "json_validate_failed"  # Groq: the model wrote something that does not fit the schema
BROKEN = 500  # some servers crash on what they do not support
MAY_ADAPT = frozenset({400, 404, 415, 422, BROKEN, 501})
LEAST_CONTEXT = 256  # tokens; a smaller number in an error is not a context

_TOO_LONG = re.compile(
    r"context[ _-]?(?:length|window|size)|exceeds? (?:the )?(?:available |maximum )?context"
    r"|exceed_context_size|too many (?:input )?tokens|(?:prompt|input) is too long|prompt too long"
    r"|maximum number of tokens allowed|when context the overflows|reduce the length of the messages"
    r"|too large for model|maximum prompt length|input tokens exceed|string_above_max_length",
    re.IGNORECASE,
)
_NOT_TOO_LONG = re.compile(r"rate.?limit|tokens per (?:min|day)", re.IGNORECASE)
# The context as servers name it, and the size of what was sent.
_CONTEXT = (
    re.compile(r'"n_ctx"\s*:\s*"?(\d+)'),
    re.compile(r"maximum (?:context|prompt) length(?: of| is)?\s*:?\s*([\d,]+)", re.IGNORECASE),
    re.compile(r"context (?:length|window|size)(?: is| of)?(?: only)?\s*:?\s*\(?([\d,]+)", re.IGNORECASE),
    re.compile(r"(?<![\d,])([\d,]+)\s*(?:tokens? )?maximum\b(?! of)", re.IGNORECASE),
    re.compile(r"with ([\d,]+) maximum context", re.IGNORECASE),
    re.compile(r"tokens allowed\s*\(?([\d,]+)", re.IGNORECASE),
    re.compile(r"available context size \(?([\d,]+)", re.IGNORECASE),
    re.compile(r"limit(?: is| of)?\s*:?\s*([\d,]+)", re.IGNORECASE),
)
_SENT = (
    re.compile(r'"n_prompt_tokens"\s*:\s*"?(\d+)'),
    re.compile(r"(?<![\d,])([\d,]+) in the messages", re.IGNORECASE),
    re.compile(r"messages (?:resulted in|have|has) ([\d,]+)", re.IGNORECASE),
    re.compile(r"prompt contains (?:at least )?([\d,]+)", re.IGNORECASE),
    re.compile(r"requested(?: about)?(?: tokens)?\s*:?\s*\(?([\d,]+)", re.IGNORECASE),
    re.compile(r"too long: ([\d,]+)", re.IGNORECASE),
    re.compile(r"token count\s*\(?([\d,]+)", re.IGNORECASE),
    re.compile(r"first ([\d,]+) tokens", re.IGNORECASE),
    re.compile(r"(?:request|prompt) \(?([\d,]+) tokens", re.IGNORECASE),
)
_NO_MODEL = re.compile(
    r"model.{0,120}(?:not (?:be )?found|does ?n[o']t exist|not exist|not available|unknown|not supported"
    r"|no longer|deprecated|decommissioned|been (?:removed|retired|shut down)|no access)"
    r"|(?:unknown|invalid|no such|not a valid|unsupported) model|no endpoints found",
    re.IGNORECASE | re.DOTALL,
)
_NO_MONEY = re.compile(
    r"insufficient.{0,3}(?:quota|balance|credit|funds)|credit balance is too low|exceeded your current quota"
    r"|billing.{0,20}(?:limit|not active)|out of credit|add (?:more )?credits",
    re.IGNORECASE,
)
_FILTERED = re.compile(
    r"content.?(?:filter|management policy|policy)|moderation|data_inspection_failed|safety", re.IGNORECASE
)
_ANTHROPIC = ("requests", "tokens", "input-tokens", "output-tokens")
_LEFT = {
    "x-ratelimit-reset-tokens": "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-requests": "x-ratelimit-remaining-requests",
    **{f"anthropic-ratelimit-{kind}-reset": f"anthropic-ratelimit-{kind}-remaining" for kind in _ANTHROPIC},
}
_RESETS = (*_LEFT, "x-ratelimit-reset", "ratelimit-reset")
_DURATION_PART = re.compile(r"(?<!\d)(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
MIN_MOMENT = 1_000_000_000  # a reset beyond this is a moment, not a wait


class ContextOverflow(Struct, frozen=True):
    """A prompt that did not fit, with the sizes that are known."""

    context: int | None = None
    sent: int | None = None


def overflow_of(refused: ServerRefusal) -> ContextOverflow | None:
    """Return the sizes in a refusal of a long prompt, or None."""
    if not _is_too_long(refused):
        return None
    words = f"{refused.words.message} {refused.text}"
    return ContextOverflow(_number(_CONTEXT, words), _number(_SENT, words))


def _is_too_long(refused: ServerRefusal) -> bool:
    if refused.words.code == "context_length_exceeded":
        return True
    said = f"{refused.words.message} {refused.words.kind} {refused.words.code}"
    if refused.status == 413 and "too large" in said.lower():
        return True
    return (
        refused.status in (400, 413, 422, BROKEN, 502)
        and bool(_TOO_LONG.search(said))
        and not _NOT_TOO_LONG.search(said)
    )


def _number(cues: tuple[re.Pattern[str], ...], words: str) -> int | None:
    for cue in cues:
        found = cue.search(words)
        number = int(found[1].replace(",", "") or 0) if found else 0
        if number >= LEAST_CONTEXT:
            return number
    return None


def is_about_request(refused: ServerRefusal) -> bool:
    """Return True if another form of the request may be taken.

    The refusal is not about money, length or the model.
    """
    words = refused.words
    return (
        refused.status in MAY_ADAPT
        and overflow_of(refused) is None
        and words.code not in ("content_filter", INVALID_REPLY)
        and not is_missing_model(refused)
    )


def is_missing_model(refused: ServerRefusal) -> bool:
    """Return True if the server does not have the model now."""
    if refused.words.code in ("model_not_found", "model_decommissioned", "DeploymentNotFound"):
        return True
    return refused.status in (400, 404, 410) and bool(_NO_MODEL.search(refused.words.message))


def as_error(refused: ServerRefusal, model: str, key_name: str, *secrets: str) -> ProviderError:
    """The refusal as the worker knows errors."""
    words, status = refused.words, refused.status
    said = shorten(words.message, *secrets)
    if words.code == INVALID_REPLY:
        message = f"Your reply does not fit the schema: {said}"
        return BadReply(message[:MAX_ERROR_TEXT], Usage(cost_usd=None), words.generation)
    if overflow_of(refused) is not None:
        return _final(
            "resource", f"The question and the pages do not fit into the context of {model}: {said}"
        )
    if "insufficient_quota" in (words.code, words.kind) or _NO_MONEY.search(words.message):
        return _final(
            "resource", f"The account behind {key_name} has no credit left. The server says: {said}"
        )
    if words.code == "content_filter" or (status in (400, 403) and _FILTERED.search(words.message)):
        return _final("resource", f"The model's server refuses the question or a page: {said}")
    if is_missing_model(refused):
        return _final("validation", f"The server has no model {model} for this key: {said}")
    return refusal("The model's server", key_name, status, _waiting(refused.headers), said)


def _final(kind: ErrorType, message: str) -> ProviderError:
    return ProviderError(kind, message[:MAX_ERROR_TEXT], retryable=False)


def _waiting(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return the headers, with Retry-After from the vendor's own if missing."""
    if retry_after(headers) is not None:
        return headers
    wait = _milliseconds(headers.get("retry-after-ms", ""))
    if wait is None:
        waits = (_reset(headers, name) for name in _RESETS)
        wait = max((seconds for seconds in waits if seconds is not None), default=None)
    return headers if wait is None else {"retry-after": str(wait)}


def _milliseconds(value: str) -> float | None:
    try:
        return float(value) / 1000
    except ValueError:
        return None


def _reset(headers: Mapping[str, str], name: str) -> float | None:
    """Return the seconds until a limit resets, None if enough is left.

    It is given as "6m0s", "20ms", "1.5", a moment, or a date.
    """
    value = headers.get(name, "").strip()
    left = headers.get(_LEFT.get(name, ""), "0").strip()
    if not value or left not in ("", "0"):
        return None
    parts = _DURATION_PART.findall(value)
    if parts:
        return sum(float(number) * _SECONDS[unit] for number, unit in parts)
    try:
        number = float(value)
    except ValueError:
        wait = seconds_until(value)
        return None if math.isnan(wait) else max(0.0, wait)
    if number < MIN_MOMENT:
        return number
    moment = number / 1000 if number > 1000 * MIN_MOMENT else number
    return max(0.0, moment - time.time())
