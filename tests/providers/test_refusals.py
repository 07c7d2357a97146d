"""A refusal says why, and how long to wait."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from app.providers.error_words import words_of
from app.providers.exchange import ServerRefusal
from app.providers.refusals import as_error

AHEAD = 600


def iso(moment):
    return moment.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("anthropic-ratelimit-requests-reset", iso),
        ("x-ratelimit-reset-tokens", iso),
        ("x-ratelimit-reset", lambda moment: format_datetime(moment, usegmt=True)),
        ("x-ratelimit-reset", lambda moment: str(int(moment.timestamp() * 1000))),
        ("x-ratelimit-reset-requests", lambda _: "10m0s"),
    ],
    ids=["anthropic", "ISO 8601", "date of HTTP", "milliseconds of the epoch", "duration"],
)
def test_a_moment_of_reset_is_honoured_as_it_is_written(name, written):
    soon = datetime.now(UTC) + timedelta(seconds=AHEAD)
    headers = {name: written(soon), name.replace("reset", "remaining"): "0"}
    refused = ServerRefusal(429, {"error": "slow down"}, httpx.Headers(headers))
    assert 0 < as_error(refused, "m", "KEY").retry_after <= AHEAD


@pytest.mark.parametrize("value", ["soon", "", "Thu, 99 Nov", "2026-13-40T00:00:00Z"])
def test_a_reset_that_says_nothing_is_none(value):
    refused = ServerRefusal(429, {"error": "slow down"}, httpx.Headers({"x-ratelimit-reset": value}))
    assert as_error(refused, "m", "KEY").retry_after is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"detail": [{"loc": ["body", "n"], "msg": "bad"}, {"loc": [], "msg": "x"}]}, "n: bad; x"),
        ({"error": {"message": {"detail": [{"loc": ["body", "seed"], "msg": "bad"}]}}}, "seed: bad"),
        (
            {"error": {"message": "Provider returned error", "metadata": {"raw": "no"}}},
            "Provider returned error: no",
        ),
        ({"error_code": 336100, "error_msg": "busy"}, "busy"),
    ],
    ids=["list of details", "details in a message", "behind a router", "error_msg"],
)
def test_the_words_name_the_field_and_the_cause(body, said):
    assert words_of(body).message == said
