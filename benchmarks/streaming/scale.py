"""Set how much is streamed.

Enough to trust, or enough to see that it runs.
"""

from msgspec import Struct

from benchmarks import scale


class Size(Struct, frozen=True):
    """The size of one run."""

    rounds: int
    readers: int  # of one job
    events: int  # of a burst
    paced: int  # events at ten a second
    long: int  # events of one long log
    crowd: int  # readers over many jobs
    jobs: int
    deaf: int  # readers that stop
    megabytes: int  # that are sent past them


FULL = Size(3, readers=1000, events=100, paced=50, long=10_000, crowd=5000, jobs=500, deaf=50, megabytes=8)
QUICK = Size(1, readers=100, events=20, paced=5, long=1000, crowd=200, jobs=20, deaf=5, megabytes=8)


def size_of(asked: scale.Scale) -> Size:
    return QUICK if asked == scale.QUICK else FULL
