"""Try the forms of a reply from strictest, and keep what works.

What a server takes depends on the model and on the schema's shape, so it is remembered for each shape. A
server that was updated gets another chance: after a while the next stricter form is tried again.
"""

import re
import time
from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct

Schema = dict[str, Any]
Form = Literal["strict", "loose", "json_object", "text"]
FORMS: tuple[Form, ...] = ("strict", "loose", "json_object", "text")
CRASHES = 2  # calls in which a server fails with a form and not without it: then it is the form
UPWARDS = 600.0  # seconds until a stricter form is tried again; doubled each time that it is refused
MAX_FORM_WAIT = 86_400.0
COUNT_KEYWORDS = ("minItems", "maxItems")

# Words of servers that refuse a form.
ABOUT_FORM = re.compile(
    r"response.?format|text\.format|json.?schema|json.?object|json.?mode|structured|schema|grammar|guided"
    r"|m(?:in|ax)_?items|any_?of|additional_?properties|strict",
    re.IGNORECASE,
)


class _Known(Struct):
    """What is known of one shape."""

    form: Form = "strict"
    is_proven: bool = False
    crashes: int = 0
    wait: float = UPWARDS
    try_at: float = 0.0


class FormLadder:
    """The forms that a server's model takes, by the schema's shape."""

    def __init__(self, first: Form = "strict", clock: Callable[[], float] = time.monotonic) -> None:
        self._first: Form = first
        self._clock = clock
        self._known: dict[str, _Known] = {}

    def form(self, schema: Schema) -> Form:
        """The form to begin with."""
        known = self._of(schema)
        above = FORMS.index(known.form) - 1
        if above >= FORMS.index(self._first) and known.is_proven and self._clock() >= known.try_at:
            return FORMS[above]
        return known.form

    def is_proven(self, schema: Schema, form: Form) -> bool:
        """Return True if this form was taken before.

        Then an error without words is not about it.
        """
        known = self._of(schema)
        return known.is_proven and known.form == form

    def taken(self, schema: Schema, form: Form, *, has_crashed: bool) -> None:
        """Remember a form that was taken.

        One crash of a stricter one may have been an accident, and must not cost it for good.
        """
        known = self._of(schema)
        known.crashes += has_crashed
        if has_crashed and known.crashes < CRASHES:
            return
        if known.form == form and known.is_proven and self._clock() < known.try_at:
            return
        is_lower = known.is_proven and FORMS.index(form) >= FORMS.index(known.form)
        known.wait = min(MAX_FORM_WAIT, 2 * known.wait) if is_lower else UPWARDS
        known.form, known.is_proven, known.try_at = form, True, self._clock() + known.wait

    def _of(self, schema: Schema) -> _Known:
        return self._known.setdefault(shape_of(schema), _Known(self._first))


def below(form: Form) -> Form | None:
    """The next form that asks less of a server."""
    return FORMS[FORMS.index(form) + 1] if form != FORMS[-1] else None


def shape_of(schema: Schema) -> str:
    """The keywords of a schema that servers stumble over."""
    return ",".join(sorted(_keywords(schema)))


def _keywords(schema: Schema) -> set[str]:
    found = {name for name in ("anyOf", *COUNT_KEYWORDS) if name in schema}
    inner = [*schema.get("anyOf", ()), *schema.get("properties", {}).values()]
    inner += [schema["items"]] if isinstance(schema.get("items"), dict) else []
    return found.union(*map(_keywords, inner))


def loosened(schema: Schema) -> tuple[Schema, bool]:
    """Return a schema without counts and unions, and its strictness.

    Without unions less is required.
    """
    plain = _plain(schema)
    return plain, "anyOf" not in shape_of(schema)


def _plain(schema: Schema) -> Schema:
    if "anyOf" in schema:
        return _merged([_plain(member) for member in schema["anyOf"]])
    plain = {name: value for name, value in schema.items() if name not in COUNT_KEYWORDS}
    if "properties" in plain:
        plain["properties"] = {name: _plain(part) for name, part in plain["properties"].items()}
    if "items" in plain:
        plain["items"] = _plain(plain["items"])
    return plain


def _merged(members: list[Schema]) -> Schema:
    """Merge objects' fields, requiring only those that all require."""
    if any("properties" not in member for member in members):
        return members[0]
    properties: Schema = {}
    for member in members:
        for name, part in member["properties"].items():
            known = properties.setdefault(name, dict(part))
            if "enum" in known and "enum" in part:
                known["enum"] = list(dict.fromkeys([*known["enum"], *part["enum"]]))
    required = [name for name in properties if all(name in member["required"] for member in members)]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
