"""Define a face: log lines in, the same frames out each time."""

from collections.abc import Sequence
from typing import Protocol


class Fold(Protocol):
    """Turns the lines of a job's log into a protocol's frames.

    The lines come in order.
    """

    is_over: bool  # the job has ended; no frame follows

    def feed(self, line: bytes) -> Sequence[bytes]:
        """Return the frames that this event adds, possibly none.

        Raises StreamBroken if the line is not an event.
        """
