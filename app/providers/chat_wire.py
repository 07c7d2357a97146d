"""Ask for a turn by chat completions, and collect streamed replies."""

from collections.abc import Sequence
from typing import Any

from app.agent.ports import Writing
from app.providers.error_words import words_of
from app.providers.exchange import GATEWAY, ServerRefusal

CHAT_PATH = "/chat/completions"
THOUGHTS = ("reasoning_content", "reasoning", "thinking")


def asked(messages: Sequence[dict[str, str]]) -> dict[str, Any]:
    """The conversation as this API takes it."""
    return {"messages": list(messages)}


def shaped(schema: dict[str, Any], name: str, *, strict: bool) -> dict[str, Any]:
    """The fields that hold a reply to a schema."""
    form = {"name": name, "strict": strict, "schema": schema}
    return {"response_format": {"type": "json_schema", "json_schema": form}}


def any_object() -> dict[str, Any]:
    """The fields that hold a reply to JSON of any shape."""
    return {"response_format": {"type": "json_object"}}


class ChatCollector:
    """Collects a streamed chat completion, and keeps what is written so far."""

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._said: list[str] = []
        self._thought: list[str] = []
        self._refused: list[str] = []
        self._calls: dict[int, dict[str, str]] = {}
        self._finish = ""
        self._usage: dict[str, Any] | None = None

    @property
    def has_begun(self) -> bool:
        """True from the first token on."""
        return bool(self._said or self._thought or self._refused or self._calls or self._finish)

    @property
    def is_whole(self) -> bool:
        """True once the model has said why it stopped."""
        return bool(self._finish)

    def take(self, piece: dict[str, Any]) -> None:
        """One chunk. Raises ServerRefusal where it is an error."""
        if piece.get("error"):
            raise refusal_in(piece)
        usage = piece.get("usage") or _inner(piece.get("x_groq")).get("usage")
        self._usage = usage if isinstance(usage, dict) else self._usage
        choices = piece.get("choices")
        choice = _inner(choices[0]) if isinstance(choices, list) and choices else {}
        self._finish = str(choice.get("finish_reason") or self._finish)
        delta = _inner(choice.get("delta") or choice.get("message"))
        for part in _parts(delta.get("content")):
            self._say(part)
        for name in THOUGHTS:
            if isinstance(thought := delta.get(name), str) and thought:
                self._think(thought)
                break
        if isinstance(refused := delta.get("refusal"), str) and refused:
            self._refused.append(refused)
        calls = delta.get("tool_calls")
        for place, call in enumerate(calls if isinstance(calls, list) else []):
            self._call(_inner(call), place)

    def _say(self, part: dict[str, Any] | str) -> None:
        if isinstance(part, str):
            self._said.append(part)
            self._writing.say(part)
        elif part.get("type") == "thinking":
            inner = part.get("thinking")
            for thought in _parts(inner):
                self._think(thought if isinstance(thought, str) else str(thought.get("text") or ""))
        elif isinstance(text := part.get("text"), str):
            self._say(text)

    def _think(self, thought: str) -> None:
        self._thought.append(thought)
        self._writing.think(thought)

    def _call(self, call: dict[str, Any], place: int) -> None:
        """Return a piece of a tool call, placed or whole.

        Servers name its place, or send it whole.
        """
        index = call.get("index")
        known = self._calls.setdefault(
            index if isinstance(index, int) else place, {"name": "", "arguments": ""}
        )
        function = _inner(call.get("function"))
        for field in known:
            if isinstance(piece := function.get(field), str):
                known[field] += piece
        self._writing.say(str(function.get("arguments") or ""))

    def value(self) -> dict[str, Any]:
        """The reply as it would have come without a stream."""
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self._said)}
        if self._thought:
            message["reasoning_content"] = "".join(self._thought)
        if self._refused:
            message["refusal"] = "".join(self._refused)
        if self._calls:
            message["tool_calls"] = [{"function": self._calls[index]} for index in sorted(self._calls)]
        choice = {"message": message, "finish_reason": self._finish}
        return {"choices": [choice], "usage": self._usage}


def refusal_in(value: dict[str, Any]) -> ServerRefusal:
    """The error that a body or a chunk with status 200 is."""
    return ServerRefusal(words_of(value).status or GATEWAY, value)


def _inner(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _parts(content: object) -> list[dict[str, Any] | str]:
    """Content as a list: of its text, or of its parts."""
    if isinstance(content, str):
        return [content] if content else []
    return [part for part in content if isinstance(part, dict | str)] if isinstance(content, list) else []
