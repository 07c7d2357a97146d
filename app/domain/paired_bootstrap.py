"""Compare two runs over the same questions.

The interval comes from resampling the questions, both runs of a question together, with a seed: the same
numbers give the same interval.
"""

from collections.abc import Sequence
from random import Random
from statistics import fmean

from msgspec import Struct

RESAMPLES = 2000
TAIL = 0.025  # on each side: a 95 % interval


class PairedDifference(Struct, frozen=True):
    """The difference of two runs in one measure, second minus first."""

    measure: str
    pairs: int  # questions that both runs have a figure for
    first: float  # mean
    second: float
    difference: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """True if the interval leaves zero out."""
        return self.low > 0 or self.high < 0


def paired_difference(
    measure: str, pairs: Sequence[tuple[float, float]], seed: int = 0
) -> PairedDifference | None:
    """Return the difference over these pairs, or None without any."""
    if not pairs:
        return None
    differences = [second - first for first, second in pairs]
    low, high = interval(differences, seed)
    return PairedDifference(
        measure,
        len(pairs),
        round(fmean(first for first, _ in pairs), 6),
        round(fmean(second for _, second in pairs), 6),
        round(fmean(differences), 6),
        low,
        high,
    )


def interval(differences: Sequence[float], seed: int) -> tuple[float, float]:
    """Return the 95 % interval of the mean, by percentiles."""
    random, size = Random(seed), len(differences)
    means = sorted(fmean(random.choices(differences, k=size)) for _ in range(RESAMPLES))
    last = RESAMPLES - 1
    return round(means[round(TAIL * last)], 6), round(means[round((1 - TAIL) * last)], 6)
