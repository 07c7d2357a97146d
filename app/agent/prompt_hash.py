"""Store a turn's prompt verbatim, each message once, by hash.

The pages are left out: they are stored separately, and what is cut from them depends on the worker's
settings. So the same turn has the same hash wherever it is worked on, until somebody changes the prompt.
"""

from collections.abc import Sequence
from difflib import unified_diff
from functools import lru_cache
from hashlib import sha256

import msgspec
from msgspec import UNSET, Struct

from app.agent.brief import Brief
from app.agent.brief_prompts import brief_messages, schema_of
from app.agent.ports import Ask
from app.agent.prompts import messages
from app.agent.step_schema import strict_schema
from app.domain.tools import NextStep

MAX_DIFF_LINES = 40  # lines of a difference
DIFF_LINE_WIDTH = 400  # characters of one of them
MAX_CACHED_MESSAGE = 10_000  # characters; a brief may quote all evidence, and is told once


class PromptPart(Struct, frozen=True):
    """One message, or the schema of the reply.

    `sha256` is the name of its text.
    """

    role: str
    sha256: str


class Wording(Struct, frozen=True):
    """A whole prompt as bodies to be stored, by name.

    Its own list of parts is among the `texts`.
    """

    sha256: str
    texts: tuple[tuple[str, str], ...]


_parts = msgspec.json.Decoder(tuple[PromptPart, ...]).decode


def wording(ask: Ask) -> Wording:
    """What the model is told, but for the pages."""
    said = [
        *((message.role, message.content) for message in messages(ask, {})),
        ("schema", _schema(ask.menu, is_structured=ask.output_schema is not UNSET)),
    ]
    return _whole(said)


def _whole(said: Sequence[tuple[str, str]]) -> Wording:
    named = [(_named if len(text) > MAX_CACHED_MESSAGE else _known)(role, text) for role, text in said]
    body = f"[{','.join([part for _, part in named])}]"
    texts = [(name, text) for (name, _), (_, text) in zip(named, said, strict=True)]
    whole = _digest(body)
    return Wording(whole, ((whole, body), *texts))


def brief_wording(brief: Brief) -> Wording:
    """Return what a brief tells a model, without the page."""
    schema = schema_of(brief.task)
    asked = [("schema", msgspec.json.encode(schema).decode())] if schema else []
    return _whole([*((message.role, message.content) for message in brief_messages(brief, {})), *asked])


def parts(body: bytes) -> Sequence[PromptPart]:
    """The parts of a stored prompt. Raises msgspec.DecodeError."""
    return _parts(body)


def difference(before: str, after: str) -> str:
    """Return a unified diff of at most MAX_DIFF_LINES lines, without its head."""
    found = unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    lines = [line[:DIFF_LINE_WIDTH] for line in found][2:]
    more = [f"… and {len(lines) - MAX_DIFF_LINES} more lines"] if len(lines) > MAX_DIFF_LINES else []
    return "\n".join((*lines[:MAX_DIFF_LINES], *more))


@lru_cache(maxsize=64)
def _schema(menu: tuple[str, ...], *, is_structured: bool) -> str:
    return msgspec.json.encode(strict_schema(NextStep, menu, is_structured=is_structured)).decode()


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _named(role: str, text: str) -> tuple[str, str]:
    """Return a text's name, and its part as JSON."""
    name = _digest(text)
    return name, msgspec.json.encode(PromptPart(role, name)).decode()


# Most messages of a turn are those of the turn before, as the very same objects.
_known = lru_cache(maxsize=4096)(_named)
