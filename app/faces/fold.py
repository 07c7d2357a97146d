"""What every face is: the lines of a job's log in, frames out, the same ones each time."""

from collections.abc import Sequence
from typing import Protocol


class Fold(Protocol):
    """Turns the lines of one job's log, in order, into the frames of a protocol."""

    is_over: bool  # the job has ended; no frame follows

    def feed(self, line: bytes) -> Sequence[bytes]:
        """Return the frames that this event adds, possibly none.

        Raises StreamBroken if the line is not an event.
        """
