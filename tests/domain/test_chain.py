"""Times in the log are in UTC, with six digits."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.domain.chain import stamp

MOMENTS = [
    datetime(2026, 11, 27, 16, 1, 58, micros, tzinfo=UTC) for micros in (0, 1, 10, 100_000, 467_196, 999_999)
] + [
    datetime(1, 1, 1, microsecond=5, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_990, tzinfo=UTC),
    datetime(2026, 1, 1, 1, 30, 0, 250_000, tzinfo=timezone(timedelta(hours=2))),
]


@pytest.mark.parametrize("at", MOMENTS, ids=str)
def test_a_stamp_is_the_time_in_utc_with_six_digits(at):
    there = at.astimezone(UTC)

    assert stamp(at) == f"{there:%Y}".zfill(4) + f"{there:-%m-%dT%H:%M:%S}.{there.microsecond:06}Z"
