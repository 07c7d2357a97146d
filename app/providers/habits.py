"""Remember what a server's model accepted, and what it refused.

A refusal that names a part of the request changes that part for all later requests; so each costs one
request that was not paid. What another model of the same server takes is not taken for granted.
"""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from app.providers.exchange import ServerRefusal
from app.providers.ladder import ABOUT_FORM, Form, FormLadder, Schema, below
from app.providers.model_spec import ModelSpec
from app.providers.presets import Limit, Wire
from app.providers.refusals import BROKEN, is_about_request

LEAST_REPLY = 256  # tokens; a server that allows less has said something else

_RESPONSES_ONLY = re.compile(r"v1/responses|responses api", re.IGNORECASE)
_LIMIT = re.compile(r"max_(?:completion_|output_)?tokens", re.IGNORECASE)
_TOKEN_COUNT = re.compile(r"\b\d{3,7}\b")
_TOO_HIGH = re.compile(
    r"at most|maximum|range|less than|<=?|exceed|too (?:large|high|big)|limit of|up to", re.IGNORECASE
)


class SentForm(Struct):
    """The form of a request, which `adapt` changes for the next try."""

    form: Form
    schema: Schema
    limit: int  # tokens that the reply may have; 0: none is asked for
    has_crashed: bool = False


class ModelHabits:
    """What a model takes."""

    def __init__(self, spec: ModelSpec) -> None:
        self.wire: Wire = spec.wire
        self.limits: tuple[Limit, ...] = spec.preset.limits
        self.most = spec.reply_tokens  # tokens that may be asked for
        self.dropped = set[str]()  # options that it refused
        self.streams = True
        self.counts = True  # it takes stream_options
        self.ladder = FormLadder(spec.preset.first_form)
        self._options: Mapping[str, Any] = {**spec.options, **spec.body}

    def begin(self, schema: Schema, limit: int) -> SentForm:
        """How to put the next request.

        An empty schema wants plain text.
        """
        if not schema:
            return SentForm("text", schema, min(limit, self.most) if self.most else 0)
        return SentForm(self.ladder.form(schema), schema, min(limit, self.most) if self.most else 0)

    def took(self, sent: SentForm) -> None:
        """The request was answered."""
        if not sent.schema:
            return
        self.ladder.taken(sent.schema, sent.form, has_crashed=sent.has_crashed)

    def adapt(self, sent: SentForm, refused: ServerRefusal) -> bool:
        """Change the request's form.

        Return False if the refusal concerns something else.
        """
        if not is_about_request(refused):
            return False
        return (
            self._other_wire(refused)
            or self._without_option(refused)
            or self._other_limit(sent, refused)
            or self._without_stream(refused)
            or self._lower_form(sent, refused)
        )

    def _other_wire(self, refused: ServerRefusal) -> bool:
        if self.wire == "responses" or not _RESPONSES_ONLY.search(refused.words.message):
            return False
        self.wire = "responses"
        return True

    def _without_option(self, refused: ServerRefusal) -> bool:
        named = {name for name in self._options.keys() - self.dropped if _names(refused, name)}
        self.dropped |= named
        return bool(named)

    def _other_limit(self, sent: SentForm, refused: ServerRefusal) -> bool:
        """Lower a limit that is too high, or rename an unknown one."""
        found = _LIMIT.search(refused.text)
        if not found or not sent.limit or not self.limits:
            return False
        allowed = [int(number) for number in _TOKEN_COUNT.findall(refused.words.message)]
        lower = [number for number in allowed if LEAST_REPLY <= number < sent.limit]
        if lower and _TOO_HIGH.search(refused.words.message):
            self.most = sent.limit = max(lower)
            return True
        if self.wire == "responses":  # it has one name for it
            self.most = sent.limit = 0
            return True
        self.limits = self._without_name(found[0].lower())
        sent.limit = sent.limit if self.limits else 0
        return True

    def _without_name(self, named: str) -> tuple[Limit, ...]:
        """Return the remaining names of the limit.

        Of two, it is the other one; of one, the one that was not tried, then none.
        """
        if len(self.limits) > 1:
            return tuple(name for name in self.limits if name != named) or self.limits[:1]
        [tried] = self.limits
        if "limit" in self.dropped:
            return ()
        self.dropped.add("limit")
        return ("max_tokens",) if tried == "max_completion_tokens" else ("max_completion_tokens",)

    def _without_stream(self, refused: ServerRefusal) -> bool:
        if self.counts and self.streams and _names(refused, "stream_options"):
            self.counts = False
            return True
        # A server that breaks names its stream, too: "error in upstream stream".
        if self.streams and refused.status != BROKEN and _names(refused, "stream"):
            self.streams = False
            return True
        return False

    def _lower_form(self, sent: SentForm, refused: ServerRefusal) -> bool:
        """Go one form down.

        A refusal without a reason counts, too, as long as this form was never taken.
        """
        lower = below(sent.form)
        has_words = bool(ABOUT_FORM.search(f"{refused.words.message} {refused.words.kind} {refused.text}"))
        is_proven = self.ladder.is_proven(sent.schema, sent.form)
        if lower is None or (is_proven and not has_words):
            return False
        sent.has_crashed |= refused.status == BROKEN and not has_words
        sent.form = lower
        return True


def _names(refused: ServerRefusal, option: str) -> bool:
    """True if the refusal names an option of the request."""
    return bool(re.search(rf"(?<![\w.]){re.escape(option)}(?!\w)", refused.text))
