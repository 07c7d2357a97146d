"""Extract a refusal's message, in whatever shape it is sent.

That is a text, a list, or an object in an object.
"""

import json
from typing import Any

from msgspec import Struct

DEPTH = 6  # objects in objects that are looked into
MAX_LISTED_ERRORS = 5  # errors of a list that are shown
WORDS = ("message", "msg", "error_msg", "detail", "error", "errors", "description", "failed_generation")


class ErrorWords(Struct, frozen=True):
    """What a server says of a refusal."""

    message: str = ""
    code: str = ""  # a word like "context_length_exceeded", or a status
    kind: str = ""  # the `type` of OpenAI's errors
    generation: str = ""  # what a model wrote that its server refused

    @property
    def status(self) -> int | None:
        """The HTTP status that the code names, where it is one."""
        is_status = len(self.code) == 3 and self.code.isdecimal() and self.code[0] in "345"
        return int(self.code) if is_status else None


def words_of(body: object) -> ErrorWords:
    """Return the message in a refusal's decoded body, "" without one."""
    return ErrorWords(
        _message(body, DEPTH), _named(body, "code"), _named(body, "type"), _named(body, "failed_generation")
    )


def body_of(refusal: bytes) -> object:
    """Return a refusal's body as JSON or text, not a proxy's page."""
    text = refusal.decode("utf-8", "replace").strip()
    return decoded(refusal) or ("" if text.startswith("<") else text)


def decoded(body: bytes) -> object:
    """Decode JSON leniently (1e400, lone surrogates), or return None."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def said_in(refusal: bytes) -> str:
    """Return the message in a refusal's body, "" without one."""
    return words_of(body_of(refusal)).message


def _message(body: object, depth: int) -> str:
    if isinstance(body, str):
        return body
    if depth == 0:
        return ""
    if isinstance(body, list):
        said = (_message(part, depth - 1) for part in body[:MAX_LISTED_ERRORS])
        return "; ".join(part for part in said if part)
    if not isinstance(body, dict):
        return ""
    said = (_message(body.get(name), depth - 1) for name in WORDS)
    found = next((part for part in said if part), "")
    return ": ".join(part for part in (_place(body), found, _upstream(body)) if part)


def _place(body: dict[str, Any]) -> str:
    """Return the name of the field that a validation error is about."""
    place = body.get("loc")
    return str(place[-1]) if isinstance(place, list) and place else ""


def _upstream(body: dict[str, Any]) -> str:
    """Return what the server behind a router said."""
    about = body.get("metadata")
    raw = about.get("raw") if isinstance(about, dict) else None
    return raw if isinstance(raw, str) else ""


def _named(body: object, name: str) -> str:
    """Return a code or type, of the error or its body."""
    inner: Any = body[0] if isinstance(body, list) and body else body
    for _ in range(DEPTH):
        if not isinstance(inner, dict):
            break
        value = inner.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and value:
            return str(value)
        inner = inner.get("error") or inner.get("detail") or inner.get("message")
    return ""
