"""What came of a replay: today's code over a recorded run."""

from typing import Any
from uuid import UUID

from msgspec import Struct


class Missing(Struct, frozen=True):
    """A reply or a page that is no longer kept.

    So what followed from it cannot be compared.
    """

    seq: int  # of the event that names it
    key: str  # of the call, or which page it is
    sha256: str


class Difference(Struct, frozen=True):
    """The first point where today's code goes another way."""

    seq: int  # of the recorded event, or the next one where the log ends too early
    what: str  # in words
    recorded: dict[str, Any] | None  # the fields in which it differs; None where nothing was recorded
    today: dict[str, Any] | None  # None where today's code writes nothing
    diff: str  # the texts that differ, as a unified diff; "" where none do


class Replayed(Struct, frozen=True):
    """The outcome of a replay.

    With neither `same` nor a `first_difference`, what is `missing` leaves it open.
    """

    job_id: UUID
    same: bool
    events_compared: int
    first_difference: Difference | None = None
    missing: tuple[Missing, ...] = ()
    given: tuple[int, ...] = ()  # seqs of what was the clock's, or checked by older rules: not compared
