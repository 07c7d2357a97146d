"""GET /events streams each event of every job once, across disconnects."""

import asyncio
import json

import httpx

from app.domain import commands as c
from app.store import event_feed as feed_module
from app.store.database import fetch
from tests.api.sse import frames
from tests.conftest import FAST, TestHouse, serving
from tests.steps import as_worker, completed_job, running_job, submitted_job, until
from tests.store.calls import call

SSE = {"Accept": "text/event-stream"}


async def read(http, *, last=None, stop_after=None, query=""):
    """Read the frames of one connection, control frames included.

    It ends with the connection, or once `stop_after` frames have an id.
    """
    headers = SSE | ({"Last-Event-ID": last} if last else {})
    seen = []
    async with http.stream("GET", f"/events{query}", headers=headers, timeout=90) as response:
        assert response.status_code == 200
        async for frame in frames(response):
            seen.append(frame)
            if stop_after and sum(frame.id is not None for frame in seen) >= stop_after:
                break
    return seen


def events(seen):
    return [frame for frame in seen if frame.id is not None]


async def in_json(api, count):
    """The whole feed as JSON, once it has `count` events."""

    async def whole():
        page = (await api.get("/events?limit=1000")).json()
        return page["events"] if len(page["events"]) == count else None

    return await until(whole)


async def test_a_reader_who_comes_back_gets_each_event_of_all_jobs_once(api, house):
    jobs = [await running_job(house.writer) for _ in range(3)]

    async def write():
        current = list(jobs)
        for n in range(10):
            for place, job in enumerate(current):
                current[place] = await as_worker(house.writer, job, c.RecordEvents(job.epoch, (call(n),)))
                await asyncio.sleep(0.005)

    writing = asyncio.create_task(write())
    seen = []
    while len(seen) < 36:
        more = events(await read(api, last=seen[-1].id if seen else None, stop_after=min(7, 36 - len(seen))))
        seen += more
    await writing

    whole = await in_json(api, 36)
    assert [frame.id for frame in seen] == [entry["cursor"] for entry in whole]
    assert [json.loads(frame.data) for frame in seen] == [entry["event"] for entry in whole]


async def test_who_is_level_is_written_to_by_the_feed_itself(api, house):
    await submitted_job(house.writer)
    reading = asyncio.create_task(read(api, stop_after=3))

    async def level():
        return any(len(feed.level) for feed in house.hub._feeds.values())

    await until(level)
    await submitted_job(house.writer)
    await submitted_job(house.writer)

    assert [json.loads(frame.data)["type"] for frame in events(await reading)] == ["job_submitted"] * 3
    await until(lambda: _none(house.hub._feeds))


async def _none(things):
    return not things


async def test_now_begins_with_what_comes_next_and_types_choose(api, house):
    old = await running_job(house.writer)
    reading = asyncio.create_task(
        read(api, stop_after=2, query="?after=now&types=job_completed,job_submitted")
    )
    await until(lambda: _some(house.hub._feeds))
    new = await completed_job(house.writer)

    seen = [json.loads(frame.data) for frame in events(await reading)]

    assert {event["job_id"] for event in seen} == {str(new.id)} != {str(old.id)}
    assert [event["type"] for event in seen] == ["job_submitted", "job_completed"]


async def _some(things):
    return bool(things)


async def test_another_tenants_events_are_not_in_it(api, house, owner):
    theirs = await completed_job(house.writer)
    await fetch(owner, "UPDATE jobs SET tenant = 'other' WHERE job_id = $1", theirs.id)
    ours = await completed_job(house.writer)

    seen = events(await read(api, stop_after=ours.seq))

    assert {json.loads(frame.data)["job_id"] for frame in seen} == {str(ours.id)}


async def test_a_cursor_past_the_end_is_told_so_and_starts_again(api, house):
    job = await completed_job(house.writer)

    seen = await read(api, last="999999999999-1", stop_after=job.seq)

    assert [frame.event for frame in seen[:2]] == ["hello", "reset"]
    assert len(events(seen)) == job.seq


async def test_a_long_stretch_of_nothing_gives_a_place_to_come_back_to(api, house, monkeypatch):
    from app.stream import feed_topic as stream_feed

    await completed_job(house.writer)
    whole = await in_json(api, 3)
    monkeypatch.setattr(stream_feed, "SCAN", 2)

    seen = await read(api, stop_after=1, query="?types=job_failed")

    assert seen[-1].event == "checkpoint"
    assert seen[-1].id == whole[-1]["cursor"]
    assert feed_module.SCAN > 2


async def test_a_stopping_server_sends_feed_readers_to_the_next(house, database_url):
    job = await completed_job(house.writer)
    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url) as http:
        reading = asyncio.create_task(read(http))

        async def level():
            return any(len(feed.level) for feed in house.hub._feeds.values())

        await until(level)
        house.draining.set()
        seen = await reading
    assert seen[-1].event == "reconnect"
    assert len(events(seen)) == job.seq

    other = TestHouse(FAST, database_url)
    async with serving(other, workers=0) as url, httpx.AsyncClient(base_url=url) as http:
        reading = asyncio.create_task(read(http, last=events(seen)[-1].id, stop_after=1))
        await until(lambda: _some(other.hub._feeds))
        new = await submitted_job(other.writer)
        assert json.loads(events(await reading)[0].data)["job_id"] == str(new.id)


async def test_a_bad_cursor_is_refused_and_the_header_is_named(api):
    response = await api.get("/events", headers=SSE | {"Last-Event-ID": "x"})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "Last-Event-ID"
