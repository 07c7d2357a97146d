"""Named points at which a test ends this process at once.

DOSSIER_CRASH_AT=<place> ends it the first time that it gets there, <place>:<n> the nth time.
"""

import os
import signal
from itertools import count
from typing import Literal, get_args

VARIABLE = "DOSSIER_CRASH_AT"

JobPlace = Literal["after_claim", "after_intent", "after_call", "before_commit", "after_commit"]
Place = JobPlace | Literal["after_webhook", "after_reading"]
JOB_PLACES: tuple[JobPlace, ...] = get_args(JobPlace)

_place, _, _times = os.environ.get(VARIABLE, "").partition(":")
_passes = count(1)


def reached(place: Place) -> None:
    """Mark a point that the worker reached.

    A test may end there.
    """
    if place == _place and next(_passes) == int(_times or 1):
        os.kill(os.getpid(), signal.SIGKILL)
