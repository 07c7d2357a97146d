"""Find the step in a reply, and repair its JSON.

Thoughts and fences are removed first.

Models think aloud before a step, put it into a fence, slip in a comma, or write LaTeX into a JSON string.
The last object outside the thoughts that is a step counts.
"""

import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import json_repair
from msgspec import Struct

from app.domain.tools import TOOLS
from app.providers.step_calls import written_calls
from app.text.json_objects import object_spans, whole_objects
from app.text.wrapping import THOUGHT_TAG

MAX_REPLY = 400_000  # characters of a reply that are looked at
MAX_REPAIRED = 200_000  # characters, as many as a report may have
MAX_JSON_MARKS = 16_000  # quotation marks, brackets and commas; a report of 5,000 words has some thousand
MAX_BRACKET_DEPTH = 40  # brackets in brackets; a step has five
KEPT_TEXT = 0.8  # of a broken object's letters must be in the repaired one, else it is a guess
STEP_KEYS = frozenset({"function", "tool"})
CALL_KEYS = frozenset({"arguments", "parameters"})  # beside a name
OBJECT_ENDS = ("}", "]", '"', ",")  # what stands before a fence that ends an object
TRIPLE_QUOTE = '"""'  # never in legal JSON
MAX_WRAPS = 3  # objects around a step
THOUGHT_KEYS = frozenset({"reasoning", "reasoning_steps"})

MAX_BEFORE = 120  # characters before an object in which its tool may be named
_TOOL_NAME = re.compile(rf"""(?<![a-z_"'])(?:{"|".join(TOOLS)})(?![a-z_"'])""")
_LETTER = re.compile(r"\w")
_JSON_MARK = re.compile(r"[\"'{}\[\],/#]")
_BRACKET = re.compile(r"[\[\]{}]")
# \frac and \times begin with a legal JSON escape; no text has a form feed or a tab in front of these letters.
_COMMANDS = (
    "bar|begin|beta|big|binom|bmod|bold|boxed|frac|forall|rangle|rho|right|rightarrow|rm|tan|tau|tfrac|text|textbf"
    "|textit|textrm|theta|tilde|times|to|top|triangle"
)
_LATEX = re.compile(rf"(?<!\\)((?:\\\\)*)\\(?=(?:{_COMMANDS})(?![a-z]))")
# A line break before "u" or "e" is likelier than \nu, so these count only inside a formula.
_IN_FORMULA = re.compile(r"(?<!\\)((?:\\\\)*)\\(?=(?:nabla|ne|neq|neg|nu|not|notin)(?![a-z]))")
_NO_ESCAPE = re.compile(r'(?<!\\)((?:\\\\)*)\\(?!["\\/bfnrt]|u[0-9a-fA-F]{4})')


class FoundObject(Struct, frozen=True):
    """An object in a reply.

    `broken` is its text before repair.
    """

    value: Any
    broken: str = ""

    def is_kept_by(self, step: str) -> bool:
        """Return True if a step keeps everything that was written.

        Less would be a guess.
        """
        return _letters(step) >= KEPT_TEXT * _letters(self.broken)


def without_thoughts(text: str) -> str:
    """Remove think blocks, including those without a beginning or end."""
    kept, start, is_thought = list[str](), 0, False
    text = text[:MAX_REPLY]
    for tag in _tags(text):
        closes = bool(tag[1] or tag[2])
        if closes:  # text before an end is a thought, whether its beginning was sent or not
            kept = kept if is_thought else []
        elif not is_thought:
            kept.append(text[start : tag.start()])
        start, is_thought = tag.end(), not closes
    said = "".join(kept)
    # A block that never ends holds the step if nothing precedes it.
    return said if is_thought and "{" in said else said + text[start:]


def _tags(text: str) -> Iterator[re.Match[str]]:
    """Yield the tags of thoughts, leaving out those in a JSON string."""
    tags = list(THOUGHT_TAG.finditer(text))
    spans = object_spans(text) if tags else []
    return (tag for tag in tags if not any(start < tag.start() < end for start, end in spans))


def objects(text: str) -> Iterator[FoundObject]:
    """Return a reply's objects, likeliest first: the last whole one.

    A piece of a broken step comes last, behind the repaired whole.
    """
    said = without_thoughts(_escaped(_quoted(text[:MAX_REPLY])))
    start = said.find("{")
    pieces = list[dict[str, Any]]()
    for at, found in reversed(list(whole_objects(said))):
        value = _unwrapped(found)
        if _is_step(value) and (at == start or _keys(value) & THOUGHT_KEYS):
            yield FoundObject(value)
        elif _is_step(value):
            pieces.append(value)
        elif name := _named_before(said[:at]):
            yield FoundObject({"function": {**value, "tool": name}})
    if start >= 0:
        broken = _unfenced(said[start:])
        repaired = _repaired(broken)
        if repaired is not None:
            yield FoundObject(_unwrapped(repaired), broken)
    yield from map(FoundObject, pieces)
    # Behind a brace it would be a text that speaks of a call.
    yield from (FoundObject(call) for at, call in written_calls(said) if start < 0 or at < start)


def _quoted(text: str) -> str:
    """Return a reply with the quotation marks of JSON.

    Some servers write them as HTML does, and some models three of them around long texts.
    """
    if "&quot;" in text and '"' not in text:
        text = html.unescape(text)
    parts = text.split(TRIPLE_QUOTE)
    if "{" not in parts[0] or len(parts) % 2 == 0:
        return text
    return "".join(json.dumps(part) if number % 2 else part for number, part in enumerate(parts))


def _named_before(text: str) -> str:
    """Return the tool that is named right before an object, or "".

    "[TOOL_CALLS]web_search[ARGS]{…}" and "Action: web_search, Action Input: {…}" are examples.
    """
    named = _TOOL_NAME.findall(text[-MAX_BEFORE:])
    return named[-1] if named else ""


def _unwrapped(value: dict[str, Any], depth: int = MAX_WRAPS) -> dict[str, Any]:
    """Return the last step in an object that wraps it."""
    if depth == 0 or _is_step(value):
        return value
    parts = [one for part in value.values() for one in (part if isinstance(part, list) else [part])]
    for part in reversed(parts):
        if isinstance(part, dict):
            inner = _unwrapped(part, depth - 1)
            if _is_step(inner):
                return inner
    return value


def _is_step(value: Mapping[str, Any]) -> bool:
    """Return True for an object that names a tool."""
    keys = _keys(value)
    return bool(keys & STEP_KEYS) or ("name" in keys and bool(keys & CALL_KEYS))


def _keys(value: Mapping[str, Any]) -> set[str]:
    return {str(key).lower() for key in value}


def _unfenced(text: str) -> str:
    """Cut a broken object at the fence that ends it."""
    head, fence, tail = text.rpartition("```")
    is_end = bool(fence) and "}" not in tail and head.rstrip()[-1:] in OBJECT_ENDS
    return head if is_end else text


def _escaped(text: str) -> str:
    """Backslashes of LaTeX doubled, so that JSON keeps them."""
    text = _LATEX.sub(r"\1\\\\", text)
    if "$" in text:
        text = _IN_FORMULA.sub(lambda found: found[1] + "\\" * (1 + _in_formula(text, found.start())), text)
    return _NO_ESCAPE.sub(r"\1\\\\", text)


def _in_formula(text: str, at: int) -> bool:
    """Return True after an odd number of dollar signs.

    They are counted as far back as a formula may reach.
    """
    return text.count("$", max(0, at - 300), at) % 2 == 1


def _repaired(broken: str) -> dict[str, Any] | None:
    """The object that begins at the first brace, mended."""
    # Beyond this, repairing takes time that grows with the square of the length.
    if len(_JSON_MARK.findall(broken[:MAX_REPAIRED])) > MAX_JSON_MARKS or _depth(broken) > MAX_BRACKET_DEPTH:
        return None
    try:
        value = json_repair.loads(broken[:MAX_REPAIRED], skip_json_loads=True)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, list):
        value = next((item for item in reversed(value) if isinstance(item, dict)), None)
    return value if isinstance(value, dict) else None


def _depth(text: str) -> int:
    """How deep brackets open at most, strings not told apart."""
    depth = deepest = 0
    for bracket in _BRACKET.finditer(text):
        depth += 1 if bracket[0] in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _letters(text: str) -> int:
    return sum(1 for _ in _LETTER.finditer(text))
