"""Use OpenAI's Responses API as if it were chat completions.

It is for models that want it.
"""

from collections.abc import Sequence
from typing import Any

from app.agent.ports import Writing
from app.providers.chat_wire import refusal_in

RESPONSES_PATH = "/responses"
ENDS = ("response.completed", "response.incomplete", "response.failed")
FINISHES = {"max_output_tokens": "length", "content_filter": "content_filter"}
# Options that this API has under another name, or in an object.
NESTED = {"reasoning_effort": ("reasoning", "effort"), "verbosity": ("text", "verbosity")}


def asked(messages: Sequence[dict[str, str]]) -> dict[str, Any]:
    """Return the conversation for this API, which keeps none of it."""
    instructions = "\n\n".join(one["content"] for one in messages if one["role"] == "system")
    said = [{"role": one["role"], "content": one["content"]} for one in messages if one["role"] != "system"]
    return {"instructions": instructions, "input": said, "store": False}


def shaped(schema: dict[str, Any], name: str, *, strict: bool) -> dict[str, Any]:
    """The fields that hold a reply to a schema."""
    return {"text": {"format": {"type": "json_schema", "name": name, "strict": strict, "schema": schema}}}


def any_object() -> dict[str, Any]:
    """The fields that hold a reply to JSON of any shape."""
    return {"text": {"format": {"type": "json_object"}}}


def nested(options: dict[str, Any]) -> dict[str, Any]:
    """Options of chat completions as this API names them."""
    renamed: dict[str, Any] = {}
    for name, value in options.items():
        outer, inner = NESTED.get(name, (name, ""))
        if inner:
            renamed[outer] = {**renamed.get(outer, {}), inner: value}
        else:
            renamed[name] = value
    return renamed


class ResponsesCollector:
    """Puts the events of a streamed response together."""

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._said: list[str] = []
        self._items: list[dict[str, Any]] = []
        self._end: dict[str, Any] | None = None
        self.has_begun = False

    @property
    def is_whole(self) -> bool:
        """True once the response has ended."""
        return self._end is not None

    def take(self, piece: dict[str, Any]) -> None:
        """One event. Raises ServerRefusal where it is an error."""
        kind, delta = piece.get("type"), piece.get("delta")
        if kind == "error" or piece.get("error"):
            raise refusal_in(piece if piece.get("error") else {"error": piece})
        if isinstance(delta, str) and delta:
            self.has_begun = True
            if kind == "response.output_text.delta":
                self._said.append(delta)
                self._writing.say(delta)
            else:
                self._writing.think(delta)
        item = piece.get("item")
        if kind == "response.output_item.done" and isinstance(item, dict):
            self.has_begun = True
            self._items.append(item)
        if kind in ENDS:
            self.has_begun = True
            end = piece.get("response")
            self._end = end if isinstance(end, dict) else {}

    def value(self) -> dict[str, Any]:
        """The response as a chat completion. Raises ServerRefusal where it failed."""
        end = self._end or {}
        if not isinstance(end.get("output"), list) or not end["output"]:
            part = {"type": "output_text", "text": "".join(self._said)}
            end = {**end, "output": self._items or [{"type": "message", "content": [part]}]}
        return as_completion(end)


def as_completion(response: dict[str, Any]) -> dict[str, Any]:
    """Return a response as a chat completion.

    Raises ServerRefusal if it failed.
    """
    if response.get("error"):
        raise refusal_in({"error": response["error"]})
    output = response.get("output")
    if not isinstance(output, list):
        return response
    items = [item for item in output if isinstance(item, dict)]
    parts = [part for item in items if item.get("type") == "message" for part in _dicts(item.get("content"))]
    refused = "".join(str(part.get("refusal")) for part in parts if part.get("type") == "refusal")
    calls = [{"function": item} for item in items if item.get("type") == "function_call"]
    thoughts = [item.get("content") for item in items if item.get("type") == "reasoning"]
    thought = "".join(str(part.get("text") or "") for one in thoughts for part in _dicts(one))
    message: dict[str, Any] = {"content": parts, "refusal": refused, "tool_calls": calls}
    message["reasoning_content"] = thought
    reason = response.get("incomplete_details")
    why = str(reason.get("reason")) if isinstance(reason, dict) else ""
    choice = {"message": message, "finish_reason": FINISHES.get(why, "stop")}
    return {"choices": [choice], "usage": response.get("usage")}


def _dicts(value: object) -> list[dict[str, Any]]:
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []
