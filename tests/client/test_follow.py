"""Each event arrives once and in order from a misbehaving server.

Otherwise there is an error.
"""

import asyncio
import socket
import threading

import pytest

from dossier import ApiError, AsyncDossier, BadUrl, Dossier, NoContact, StreamBroken
from dossier import patience as pace
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


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(pace, "RETRY", 0.02)
    monkeypatch.setattr(pace, "RETRY_BOUNDS", (0.02, 0.2))


async def seqs(url: str, after: int = 0, patience: float = 5.0) -> list[int]:
    async with AsyncDossier(url, patience=patience) as dossier:
        return [event.seq async for event in dossier.stream(JOB, after)]


async def test_an_unbroken_stream_is_followed_to_its_end():
    async with serving([OK, HELLO, b":\n", event(1), event(2), last(3), END]) as (script, url):
        assert await seqs(url) == [1, 2, 3]
        assert script.cursors == [None]


@pytest.mark.parametrize(
    "broken",
    [
        [OK, HELLO, event(1)],
        [OK, HELLO, event(1), event(2)[:20]],
        [OK, HELLO, event(1), event(2)[:-1]],
        [OK.replace(b"connection: close", b"content-length: 9999"), HELLO, event(1)],
        [OK, HELLO, event(1), RECONNECT, HANG],
    ],
    ids=["clean EOF", "cut in a line", "cut before the blank line", "truncated body", "reconnect frame"],
)
async def test_it_comes_back_with_its_cursor(broken):
    async with serving(broken, [OK, HELLO, event(2), last(3), END]) as (script, url):
        assert await seqs(url) == [1, 2, 3]
        assert script.cursors == [None, 1]


@pytest.mark.parametrize(
    "bad",
    [[b"\x00\x01 not http\r\n\r\n"], [], [problem(503, headers=b"retry-after: 0\r\n")], [problem(429)]],
    ids=["garbage", "nothing", "503", "429"],
)
async def test_an_answer_that_may_be_better_next_time_is_tried_again(bad):
    async with serving(bad, bad, [OK, HELLO, event(1), last(2), END]) as (script, url):
        assert await seqs(url) == [1, 2]
        assert len(script.cursors) == 3


async def test_the_terminal_event_is_the_end_also_without_an_end_frame():
    async with serving([OK, HELLO, event(1), last(2), HANG]) as (_, url):
        assert await asyncio.wait_for(seqs(url), 2) == [1, 2]


async def test_204_is_the_end():
    async with serving([b"HTTP/1.1 204 No Content\r\n\r\n"]) as (script, url):
        assert await seqs(url, after=3) == []
        assert script.cursors == [3]


async def test_a_reset_starts_again_from_the_first_event():
    async with serving([OK, HELLO, RESET, event(1), last(2), END]) as (_, url):
        assert await seqs(url, after=9) == [1, 2]


@pytest.mark.parametrize(
    "wrong",
    [event(3), event(1), b"id: 2\ndata: {not json\n\n", b'id: 2\ndata: {"seq":"2"}\n\n'],
    ids=["a hole", "a repetition", "no JSON", "no event"],
)
async def test_what_is_not_the_log_is_an_error(wrong):
    async with serving([OK, HELLO, event(1), wrong, HANG]) as (_, url):
        with pytest.raises(StreamBroken):
            await seqs(url)


async def test_control_frames_that_are_not_known_are_passed_over():
    async with serving([OK, b"event: weather\ndata: fine\n\n", event(1), last(2), END]) as (_, url):
        assert await seqs(url) == [1, 2]


async def test_a_refusal_is_an_error_at_once():
    async with serving([problem(404, "job_not_found")]) as (script, url):
        with pytest.raises(ApiError) as caught:
            await seqs(url)
        assert (caught.value.status, caught.value.code, caught.value.detail) == (404, "job_not_found", "No.")
        assert len(script.cursors) == 1


async def test_a_page_that_is_no_stream_is_an_error():
    async with serving([OK.replace(b"text/event-stream", b"text/html"), b"<p>"]) as (_, url):
        with pytest.raises(StreamBroken, match="text/html"):
            await seqs(url)


async def test_it_gives_up_once_its_patience_is_over():
    async with serving() as (script, url):
        with pytest.raises(NoContact, match=r"0\.3 s"):
            await seqs(url, patience=0.3)
        assert len(script.cursors) > 2


async def test_a_server_that_restarts_on_its_port_is_found_again():
    async with serving([OK, HELLO, event(1), event(2)]) as (script, url):
        following = asyncio.create_task(seqs(url))
        await script.answered.wait()
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.3)
    assert not following.done()

    async with serving([OK, HELLO, last(3), END], port=int(url.rpartition(":")[2])) as (script, _):
        assert await following == [1, 2, 3]
        assert script.cursors == [2]


async def test_a_slow_reader_keeps_its_patience():
    async with serving([OK, HELLO, event(1)], [OK, HELLO, last(2), END]) as (_, url):
        async with AsyncDossier(url, patience=0.2) as dossier:
            found = []
            async for followed in dossier.stream(JOB):
                found.append(followed.seq)
                await asyncio.sleep(0.4)
        assert found == [1, 2]


async def test_an_event_is_its_stored_bytes_and_its_struct():
    newer = event(1, "from_the_future", "running")
    async with serving([OK, newer, last(2), END]) as (_, url), AsyncDossier(url) as dossier:
        first, second = [followed async for followed in dossier.stream(JOB)]
    assert (first.type, first.data) == ("from_the_future", {})
    assert second.line == line(2, "job_completed", "completed")
    assert second.data == {"stop_reason": "answered"}
    assert second.is_last


async def test_the_blocking_client_follows_too():
    def read(url):
        with Dossier(url, patience=5.0) as dossier:
            return [event.seq for event in dossier.stream(JOB)]

    async with serving([OK, HELLO, event(1)], [OK, HELLO, event(2), last(3), END]) as (_, url):
        assert await asyncio.to_thread(read, url) == [1, 2, 3]


async def test_a_blocking_reader_that_stops_early_closes_its_connection():
    def read(url):
        with Dossier(url) as dossier:
            return next(dossier.stream(JOB)).seq

    async with serving([OK, HELLO, event(1), HANG]) as (_, url):
        assert await asyncio.wait_for(asyncio.to_thread(read, url), 3) == 1
    assert not [thread for thread in threading.enumerate() if thread.name == "dossier client"]


async def test_a_call_says_that_nobody_answers():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    async with AsyncDossier(url) as dossier:
        with pytest.raises(NoContact, match=url):
            await dossier.job(JOB)


async def test_a_refused_field_is_named():
    body = b'{"detail":"Too long.","code":"too_long","errors":[{"field":"query","message":"Too long."}]}'
    head = b"HTTP/1.1 400 X\r\nretry-after: 7\r\ncontent-length: %d\r\n\r\n" % len(body)
    async with serving([head + body]) as (_, url), AsyncDossier(url) as dossier:
        with pytest.raises(ApiError) as caught:
            await dossier.submit("x")
    assert (caught.value.code, caught.value.errors[0].field, caught.value.retry_after) == (
        "too_long",
        "query",
        7,
    )
    assert str(caught.value) == "Too long. (query)"


@pytest.mark.parametrize("url", ["nonsense", "ftp://x", "http://", "localhost:8000"])
def test_a_url_that_is_none_is_refused_at_once(url):
    with pytest.raises(BadUrl):
        AsyncDossier(url)
