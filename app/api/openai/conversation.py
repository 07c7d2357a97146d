"""Turn a conversation into one question, the newest message first."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from app.api.problem_details import BadRequest
from dossier.request import MAX_INSTRUCTIONS, MAX_QUERY

TEXT_TYPES = ("input_text", "output_text", "text", "refusal")  # no set: a caller's type may be a list
INSTRUCTING = frozenset({"system", "developer"})
CUT_SIGN = "…"


class PlainMessage(NamedTuple):
    """One message, as plain text."""

    role: str
    text: str


def messages_of(items: Sequence[Any], field: str) -> list[PlainMessage]:
    """Return the messages among the items, without tools' and thoughts.

    Raises BadRequest for an item that is not an object, and for content that is not text.
    """
    found = []
    for number, item in enumerate(items):
        path = f"{field}[{number}]"
        if not isinstance(item, dict):
            raise BadRequest("wrong_type", "Expected an object.", path)
        if item.get("type", "message") == "message" and isinstance(item.get("role"), str):
            found.append(PlainMessage(item["role"], _text(item.get("content"), f"{path}.content")))
    return found


def question_of(messages: Sequence[PlainMessage], field: str) -> str:
    """Return the user's newest message, with the history below.

    What does not fit a question is cut, the oldest first. Raises BadRequest if there is no message of the
    user, or if it alone is too long.
    """
    last = max((n for n, message in enumerate(messages) if message.role == "user"), default=None)
    if last is None or not messages[last].text.strip():
        raise BadRequest("missing_field", "Send a message of the user that has text.", field)
    question = messages[last].text.strip()
    if len(question) > MAX_QUERY:
        raise BadRequest("too_long", f"Use at most {MAX_QUERY:,} characters for the question.", field)
    earlier = [m for m in messages[:last] if m.role in {"user", "assistant"} and m.text.strip()]
    return _with(question, "Conversation so far:", _joined(f"{m.role.title()}: {m.text}" for m in earlier))


def instructions_of(messages: Sequence[PlainMessage], instructions: str | None) -> str:
    """Return the instructions, then the messages of the system and the developer.

    What does not fit is cut at the end.
    """
    text = _joined([instructions or "", *(m.text for m in messages if m.role in INSTRUCTING)])
    return text if len(text) <= MAX_INSTRUCTIONS else f"{text[: MAX_INSTRUCTIONS - 1]}{CUT_SIGN}"


def _text(content: object, path: str) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        raise BadRequest("wrong_type", "Expected a string or an array of text parts.", path)
    return "\n".join(_part(part, f"{path}[{number}]") for number, part in enumerate(content))


def _part(part: object, path: str) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, dict) and part.get("type") in TEXT_TYPES:
        text = part.get("text") or part.get("refusal") or ""
        if isinstance(text, str):
            return text
    raise BadRequest("wrong_type", "Send text; images, audio and files are not supported.", path)


def _joined(texts: Iterable[str]) -> str:
    return "\n".join(text.strip() for text in texts if text.strip())


def _with(question: str, heading: str, text: str) -> str:
    """Append a section to a question, cut to what fits."""
    room = MAX_QUERY - len(question) - len(heading) - 3
    if not text or room < 100:
        return question
    fitting = text if len(text) <= room else CUT_SIGN + text[-(room - 1) :]
    return f"{question}\n\n{heading}\n{fitting}"
