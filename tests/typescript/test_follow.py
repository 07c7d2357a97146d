"""The TypeScript client follows a misbehaving server as Python's does."""

import asyncio
from typing import Any, NamedTuple

import pytest

from tests.client.played_server import (
    END,
    HANG,
    HELLO,
    JOB,
    OK,
    RECONNECT,
    RESET,
    event,
    last,
    line,
    problem,
    serving,
)
from tests.typescript.node import node


class Followed(NamedTuple):
    """What came, and the error at the end."""

    seqs: list[int]
    error: dict[str, Any] | None
    seen: list[dict[str, Any]]


@pytest.fixture
def follow(user):
    async def followed(url: str, after: int = 0, patience: float = 5.0, slowness: int = 0) -> Followed:
        told = await node(user, "follow.mjs", url, JOB, after, patience, slowness, QUICK="1")
        return Followed([seen["seq"] for seen in told["seen"]], told["error"], told["seen"])

    return followed


@pytest.mark.parametrize(
    "broken",
    [
        [OK, HELLO, event(1)],
        [OK, HELLO, event(1), event(2)[:20]],
        [OK, HELLO, event(1), event(2)[:-1]],
        [OK.replace(b"connection: close", b"content-length: 9999"), HELLO, event(1)],
        [OK, HELLO, event(1), RECONNECT, HANG],
        [OK, b"event: weather\ndata: fine\n\n:\n", HELLO.replace(b"\n", b"\r\n"), event(1)],
    ],
    ids=["clean EOF", "cut in a line", "cut before the blank line", "truncated body", "reconnect", "unknown"],
)
async def test_it_comes_back_with_its_cursor(follow, broken):
    async with serving(broken, [OK, HELLO, event(2), last(3), HANG]) as (script, url):
        assert (await follow(url))[:2] == ([1, 2, 3], None)
        assert script.cursors == [None, 1]


@pytest.mark.parametrize(
    "bad",
    [[b"\x00\x01 not http\r\n\r\n"], [], [problem(503, headers=b"retry-after: 0\r\n")], [problem(429)]],
    ids=["garbage", "nothing", "503", "429"],
)
async def test_an_answer_that_may_be_better_next_time_is_tried_again(follow, bad):
    async with serving(bad, bad, [OK, HELLO, event(1), last(2), END]) as (script, url):
        assert (await follow(url))[:2] == ([1, 2], None)
        assert len(script.cursors) == 3


async def test_204_is_the_end(follow):
    async with serving([b"HTTP/1.1 204 No Content\r\n\r\n"]) as (script, url):
        assert (await follow(url, after=3))[:2] == ([], None)
        assert script.cursors == [3]


async def test_a_reset_starts_again_from_the_first_event(follow):
    async with serving([OK, HELLO, RESET, event(1), last(2), END]) as (_, url):
        assert (await follow(url, after=9))[:2] == ([1, 2], None)


@pytest.mark.parametrize(
    "wrong",
    [
        event(3),
        event(1),
        b"id: 2\ndata: {not json\n\n",
        b'id: 2\ndata: {"seq":"2"}\n\n',
        b"id: 2\ndata: []\n\n",
    ],
    ids=["a hole", "a repetition", "no JSON", "no event", "a list"],
)
async def test_what_is_not_the_log_is_an_error(follow, wrong):
    async with serving([OK, HELLO, event(1), wrong, HANG]) as (_, url):
        followed = await follow(url)
    assert followed.error["name"] == "StreamBroken"


async def test_a_refusal_is_an_error_at_once(follow):
    async with serving([problem(404, "job_not_found")]) as (script, url):
        error = (await follow(url)).error
        assert (error["name"], error["status"], error["code"], error["detail"]) == (
            *("ApiError", 404),
            *("job_not_found", "No."),
        )
        assert len(script.cursors) == 1


async def test_a_page_that_is_no_stream_is_an_error(follow):
    async with serving([OK.replace(b"text/event-stream", b"text/html"), b"<p>"]) as (_, url):
        error = (await follow(url)).error
    assert error["name"] == "StreamBroken"
    assert "text/html" in error["message"]


async def test_it_gives_up_once_its_patience_is_over(follow):
    async with serving() as (script, url):
        error = (await follow(url, patience=0.3)).error
        assert error["name"] == "NoContact"
        assert "for 0.3 s" in error["message"]
        assert len(script.cursors) > 2


async def test_a_server_that_restarts_on_its_port_is_found_again(follow):
    async with serving([OK, HELLO, event(1), event(2)]) as (script, url):
        following = asyncio.create_task(follow(url))
        await script.answered.wait()
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.3)
    assert not following.done()

    async with serving([OK, HELLO, last(3), END], port=int(url.rpartition(":")[2])) as (script, _):
        assert (await following).seqs == [1, 2, 3]
        assert script.cursors == [2]


async def test_a_slow_reader_keeps_its_patience(follow):
    async with serving([OK, HELLO, event(1)], [OK, HELLO, last(2), END]) as (_, url):
        assert (await follow(url, patience=0.2, slowness=400))[:2] == ([1, 2], None)


async def test_an_event_comes_with_its_stored_line(follow):
    newer = event(1, "from_the_future", "running")
    async with serving([OK, newer, last(2), END]) as (_, url):
        first, second = (await follow(url)).seen
    assert (first["type"], first["data"]) == ("from_the_future", {})
    assert second["line"].encode() == line(2, "job_completed", "completed")
    assert second["data"] == {"stop_reason": "answered"}


@pytest.mark.parametrize("url", ["nonsense", "ftp://x", "http://", "localhost:8000"])
async def test_a_url_that_is_none_is_refused_at_once(follow, url):
    assert (await follow(url)).error["name"] == "BadUrl"
