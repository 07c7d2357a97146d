"""Set how much is measured.

Enough to trust, or enough to see that it runs.
"""

from msgspec import Struct


class Scale(Struct, frozen=True):
    """The size of one run."""

    rounds: int  # of each side; the median counts
    seconds: float  # of one round over HTTP
    jobs: int  # drained in one round
    starts: int  # jobs whose latency is taken
    spell: float  # seconds of one round of appends
    logged: int  # events of a whole log


FULL = Scale(rounds=3, seconds=2.0, jobs=10_000, starts=250, spell=0.5, logged=1_000_000)
QUICK = Scale(rounds=3, seconds=0.3, jobs=1_000, starts=20, spell=0.1, logged=20_000)
