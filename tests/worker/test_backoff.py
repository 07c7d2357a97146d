"""Retries come later each time, within a bound, and spread out.

Those who failed together part.
"""

from statistics import median, quantiles

import pytest

from app.worker import patient_writer, worker
from app.worker.backoff import backoff
from app.worker.breaker import Times


@pytest.mark.parametrize("bounds", [worker.BACKOFF, Times().backoff, patient_writer.PAUSE])
def test_the_pause_doubles_up_to_its_bound_and_is_spread_over_half_of_it_either_way(bounds):
    first, longest = bounds
    for tried in range(1, 12):
        middle = min(longest, first * 2.0 ** (tried - 1))
        pauses = [backoff(tried, bounds) for _ in range(2000)]

        assert all(0.5 * middle <= pause <= 1.5 * middle for pause in pauses)
        assert median(pauses) == pytest.approx(middle, rel=0.1)
        low, *_, high = quantiles(pauses, n=10)
        assert high - low > 0.7 * middle  # spread, not a few values
