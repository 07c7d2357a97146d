"""The shared client, and what a refusal means."""

import gzip
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from app.providers.http import (
    MAX_REPLY_BODY,
    MAX_WAIT,
    SharedTransport,
    make_client,
    refusal,
    retry_after,
    shorten,
)


def in_seconds(seconds):
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("2", 2), ("0.5", 0.5), ("-3", 0), ("1e9", MAX_WAIT), ("inf", MAX_WAIT)],
)
def test_retry_after_in_seconds(value, seconds):
    assert retry_after({"retry-after": value}) == seconds


@pytest.mark.parametrize("value", ["nan", "soon", "", "²", "Sun, 99 Nov 1994 08:49:37 GMT"])
def test_a_retry_after_that_says_nothing_is_none(value):
    assert retry_after({"retry-after": value}) is None


def test_retry_after_as_a_date():
    assert retry_after({"retry-after": in_seconds(60)}) == pytest.approx(60, abs=2)
    assert retry_after({"retry-after": in_seconds(-60)}) == 0
    assert retry_after({"retry-after": in_seconds(10**6)}) == MAX_WAIT
    assert retry_after({"retry-after": "Wed, 21 Oct 2065 07:28:00 -0000"}) == MAX_WAIT
    assert retry_after({}) is None


@pytest.mark.parametrize(
    ("status", "error_type", "retryable"),
    [
        (302, "validation", False),
        (400, "validation", False),
        (401, "auth", False),
        (402, "resource", False),
        (403, "auth", False),
        (404, "validation", False),
        (408, "timeout", True),
        (413, "resource", False),
        (429, "rate_limit", True),
        (500, "network", True),
        (503, "network", True),
        (504, "timeout", True),
    ],
)
def test_a_status_has_one_meaning(status, error_type, retryable):
    error = refusal("X", "X_KEY", status, {"retry-after": "7"}, "words")

    assert (error.error_type, error.retryable) == (error_type, retryable)
    assert error.retry_after == (7 if retryable else None)
    assert ("X_KEY" in str(error)) == (error_type == "auth")


def test_a_providers_words_are_short_one_line_and_without_keys():
    said = shorten(
        "bad\x00 key\n" + "sk-proj-abcdef123456 Bearer xyz tvly-dev-123456 MINE " + "x" * 5000, "MINE"
    )

    assert len(said) == 300
    assert said.startswith("bad key … … … … xxx")
    assert shorten({"error": "x"}) == ""
    assert shorten(None) == ""


class Endless(httpx.AsyncByteStream):
    served = 0

    async def __aiter__(self):
        while True:
            self.served += 1_000_000
            yield b"x" * 1_000_000


async def test_a_reply_without_end_is_cut_off():
    stream = Endless()
    endless = httpx.MockTransport(lambda request: httpx.Response(200, stream=stream))
    async with (
        httpx.AsyncClient(transport=endless) as shared,
        httpx.AsyncClient(transport=SharedTransport(shared)) as lane,
    ):
        with pytest.raises(httpx.ReadError, match="longer"):
            await lane.get("https://example.com")
    assert stream.served <= MAX_REPLY_BODY + 1_000_000


async def test_a_packed_reply_is_unpacked_once():
    packed = {"content": gzip.compress(b"hello"), "headers": {"content-encoding": "gzip"}}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, **packed))
    async with (
        httpx.AsyncClient(transport=transport) as shared,
        httpx.AsyncClient(transport=SharedTransport(shared)) as lane,
    ):
        reply = await lane.get("https://example.com")

    assert reply.text == "hello"
    assert reply.headers["content-length"] == "5"


async def test_a_lane_passes_on_what_came():
    def answer(request):
        assert "authorization" not in shared.headers
        return httpx.Response(404, json={"a": 1}, headers={"Retry-After": "3", "X-A": request.headers["x-a"]})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as shared:
        async with httpx.AsyncClient(
            transport=SharedTransport(shared), headers={"Authorization": "Bearer x"}
        ) as lane:
            reply = await lane.get("https://example.com", headers={"X-A": "b"})
        assert not shared.is_closed

    assert (reply.status_code, reply.json()) == (404, {"a": 1})
    assert (reply.headers["retry-after"], reply.headers["x-a"]) == ("3", "b")


async def test_every_wait_of_the_client_is_bounded_and_it_follows_nobody():
    async with make_client() as client:
        assert None not in client.timeout.as_dict().values()
        assert not client.follow_redirects
        assert client.headers["user-agent"].startswith("dossier/")
        assert not any(client.event_hooks.values())


def test_a_date_that_no_calendar_has_is_none():
    assert retry_after({"retry-after": "Thu, 26 Nov 2026 20:00:00 +99999999999999"}) is None


def test_retry_after_as_iso_8601():
    moment = (datetime.now(UTC) + timedelta(seconds=60)).isoformat()
    assert retry_after({"retry-after": moment}) == pytest.approx(60, abs=2)
