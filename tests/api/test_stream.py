"""Promise 9: exactly the log, to every reader, over real connections."""

import asyncio
import json
from datetime import timedelta

import httpx
import pytest

from app import handle
from app.domain import commands as c
from app.stream import topic as topic_module
from tests.api.sse import frames, read
from tests.api.stored import stored
from tests.conftest import FAST, TestHouse, serving
from tests.steps import as_worker, completed_job, running_job, submitted_job, until
from tests.store.calls import call


async def test_a_reader_who_loses_the_connection_in_the_middle_gets_each_event_once(http, house):
    house.model.pause = 0.1
    job_id = (await http.post("/jobs", json={"query": "why?"})).json()["job_id"]

    first = await read(http, job_id, stop_after=3)
    second = await read(http, job_id, last=first[-1].id, stop_after=4)
    rest = await read(http, job_id, last=second[-1].id)

    assert [*first, *second, *rest] == await stored(house, job_id)
    assert rest[-1].event == "job_complete"
    last = json.loads(rest[-1].data)
    assert (last["result_url"], last["report_url"]) == (f"/jobs/{job_id}", f"/jobs/{job_id}/report")
    assert (await http.get(last["result_url"])).json()["result"]


async def test_the_frames_are_those_of_the_contract(api, house):
    job = await completed_job(house.writer)

    async with api.stream("GET", f"/jobs/{job.id}/stream") as response:
        raw = b"".join([chunk async for chunk in response.aiter_raw()])
        headers = response.headers

    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-store, no-transform"
    assert headers["x-accel-buffering"] == "no"
    hello, *events, end = raw.decode().split("\n\n")[:-1]
    assert hello.startswith("event: hello\nretry: ")
    assert "id:" not in hello
    assert end == "event: end\ndata: {}"
    for seq, frame in enumerate(events, 1):
        identity, name, data = frame.split("\n")
        assert identity == f"id: {seq}"
        assert name.startswith("event: job_")
        line = json.loads(data.removeprefix("data: "))
        assert list(line)[:7] == ["job_id", "seq", "type", "status", "progress", "at", "data"]


async def test_json_and_sse_show_the_same_bytes(api, house):
    job = await completed_job(house.writer)

    page = (await api.get(f"/jobs/{job.id}/events")).content
    as_events = await read(api, job.id, path="events")

    assert as_events == await stored(house, job.id)
    assert b",".join(frame.data.encode() for frame in as_events) in page


async def test_the_json_pages_of_the_log_join_to_the_whole(api, house):
    job = await completed_job(house.writer)
    seen, after = [], 0

    while True:
        page = (await api.get(f"/jobs/{job.id}/events?after={after}&limit=1")).json()
        assert page["head"] == job.seq
        if not page["events"]:
            break
        seen += page["events"]
        after = page["next_after"]

    assert [event["seq"] for event in seen] == list(range(1, job.seq + 1))


async def test_after_the_terminal_event_a_reconnect_is_told_to_stop(api, house):
    job = await completed_job(house.writer)

    assert await read(api, job.id, last=job.seq) == 204
    assert await read(api, job.id, after=job.seq) == 204


async def test_the_header_wins_over_the_query(api, house):
    job = await completed_job(house.writer)

    seen = await read(api, job.id, last=2, after=0)

    assert [frame.id for frame in seen] == ["3"]


async def test_a_cursor_beyond_the_head_is_told_so_and_starts_again(api, house):
    job = await completed_job(house.writer)

    async with api.stream("GET", f"/jobs/{job.id}/stream", headers={"Last-Event-ID": "99"}) as response:
        seen = [frame async for frame in frames(response)]

    assert [frame.event for frame in seen[:2]] == ["hello", "reset"]
    assert json.loads(seen[1].data)["head"] == job.seq
    assert [frame for frame in seen if frame.id] == await stored(house, job.id)


async def test_many_readers_from_many_cursors_all_see_the_same_log(api, house):
    job = await running_job(house.writer, lease=timedelta(minutes=1))

    async def write():
        current = job
        for n in range(60):
            current = await as_worker(house.writer, current, c.RecordEvents(job.epoch, (call(n),)))
        await as_worker(house.writer, current, c.CompleteJob(job.epoch, "answered"))

    async def follow(cursor):
        seen = []
        while not seen or seen[-1].event != "job_complete":
            seen += await read(api, job.id, last=cursor + len(seen), stop_after=7 + cursor)
        return seen

    async with asyncio.TaskGroup() as together:
        together.create_task(write())
        readers = [together.create_task(follow(cursor)) for cursor in (0, 0, 1, 2, 2, 0)]

    whole = await stored(house, job.id)
    for cursor, reader in zip((0, 0, 1, 2, 2, 0), readers, strict=True):
        assert reader.result() == whole[cursor:]


async def test_events_arrive_by_the_poll_when_every_hint_is_lost(api, house, monkeypatch):
    job = await running_job(house.writer, lease=timedelta(minutes=1))
    monkeypatch.setattr(house.wake, "_tell", lambda _hint: None)

    async def finish():
        await asyncio.sleep(0.2)
        await as_worker(house.writer, job, c.CompleteJob(job.epoch, "answered"))

    finishing = asyncio.create_task(finish())
    seen = await read(api, job.id)
    await finishing

    assert seen == await stored(house, job.id)


async def test_a_reader_follows_a_job_that_another_process_writes(house, database_url):
    elsewhere = TestHouse(FAST, database_url)
    job = await running_job(elsewhere.writer, lease=timedelta(minutes=1))
    async with (
        serving(house, workers=0) as url,
        httpx.AsyncClient(base_url=url) as api,
        elsewhere.running(0),
    ):
        reading = asyncio.create_task(read(api, job.id))
        await asyncio.sleep(0.2)
        await as_worker(elsewhere.writer, job, c.CompleteJob(job.epoch, "answered"))
        seen = await reading

    assert [frame.id for frame in seen] == ["1", "2", "3"]


async def test_a_reader_goes_on_at_another_server_after_the_first_one_stopped(house, database_url):
    job = await running_job(house.writer, lease=timedelta(minutes=1))
    async with httpx.AsyncClient() as http:
        async with (
            serving(house, workers=0) as url,
            http.stream("GET", f"{url}/jobs/{job.id}/stream") as response,
        ):
            reading = frames(response)
            first = [frame for frame in [await anext(reading) for _ in range(3)] if frame.id]
            house.draining.set()
            last = [frame async for frame in reading]
        assert last[-1].event == "reconnect"

        other = TestHouse(FAST, database_url)
        async with serving(other, workers=0) as url, httpx.AsyncClient(base_url=url) as elsewhere:
            reading = asyncio.create_task(read(elsewhere, job.id, last=first[-1].id))
            await asyncio.sleep(0.1)
            await as_worker(other.writer, job, c.CompleteJob(job.epoch, "answered"))
            rest = await reading

    assert [frame.id for frame in first + rest] == ["1", "2", "3"]


async def test_a_long_backlog_is_replayed_in_pages_without_a_hole(api, house, monkeypatch):
    monkeypatch.setattr(topic_module, "EVENTS_PAGE_SIZE", 7)
    job = await running_job(house.writer)
    job = await as_worker(house.writer, job, c.RecordEvents(job.epoch, tuple(call(n) for n in range(40))))
    await as_worker(house.writer, job, c.CompleteJob(job.epoch, "answered"))

    assert await read(api, job.id) == await stored(house, job.id)


async def test_a_reader_who_leaves_leaves_nothing_behind(http, house):
    job = await submitted_job(house.writer)
    house.model.pause = 30

    await read(http, job.id, stop_after=1)

    async def nobody_is_watched():
        return not house.hub._topics

    await until(nobody_is_watched)


async def test_a_silent_stream_beats_with_a_comment_of_one_newline(http, house, monkeypatch):
    from app.stream import reader
    from app.stream import readers as crowd

    monkeypatch.setattr(reader, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(crowd, "TICK", 0.1)
    house.model.pause = 30
    job = await submitted_job(house.writer)

    raw = b""
    async with http.stream("GET", f"/jobs/{job.id}/stream") as response:
        async for chunk in response.aiter_raw():
            raw += chunk
            if raw.endswith(b":\n:\n"):
                break

    assert b":\n\n" not in raw


@pytest.mark.parametrize("status", ["failed", "cancelled"])
async def test_every_end_of_a_job_has_its_own_event(api, house, status):
    job = await running_job(house.writer)
    if status == "failed":
        from tests.domain.test_decide import LATER

        await as_worker(house.writer, job, c.FailAttempt(job.epoch, "auth", "x", False, LATER))
    else:
        await handle.handle(house.writer, job, c.RequestCancel(), actor="api")
        await as_worker(house.writer, job, c.ConfirmCancel(job.epoch))

    assert (await read(api, job.id))[-1].event == f"job_{status}"
