"""Named places where a test ends this process as a crash would: at once, with no further code.

DOSSIER_CRASH_AT=<place> ends it the first time that it gets there, <place>:<n> the nth time.
"""

import os
import signal
from itertools import count
from typing import Literal, get_args

VARIABLE = "DOSSIER_CRASH_AT"

Place = Literal["after_claim", "after_intent", "after_call", "before_commit", "after_commit"]
PLACES: tuple[Place, ...] = get_args(Place)

_place, _, _times = os.environ.get(VARIABLE, "").partition(":")
_passes = count(1)


def reached(place: Place) -> None:
    """The worker is here; in a test it may go no further."""
    if place == _place and next(_passes) == int(_times or 1):
        os.kill(os.getpid(), signal.SIGKILL)
