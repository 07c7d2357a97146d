"""What only a browser can say: how it takes heartbeats, a 204, a reset, and its own old address."""

import asyncio
from datetime import timedelta

from app.domain import commands as c
from tests.api.test_stream import stored
from tests.conftest import serving
from tests.readers.browser import page_of
from tests.readers.clients import SECONDS, chromium, path, read_in
from tests.readers.outages import HEAD, begun_job, read_through_restore
from tests.readers.proxy import By, Cut, proxying
from tests.steps import as_worker, completed_job, running_job, until


async def test_a_204_stops_a_browser_for_good(browser, house):
    job = await completed_job(house.writer)
    async with (
        serving(house, workers=0) as url,
        proxying(url) as proxy,
        page_of(browser, proxy.url) as page,
    ):
        seen = await read_in(page, path(job.id))
        made = proxy.connections, len(proxy.asked)
        await asyncio.sleep(0.5)  # many times the `retry:` that it was told

        assert [frame.event for frame in seen] == ["hello", *["job_progress"] * 2, "job_complete", "end"]
        assert [asked.answer[9:12] for asked in proxy.streams] == [b"200", b"204"]
        assert (proxy.connections, len(proxy.asked)) == made
        assert await read_in(page, f"{path(job.id)}?after={job.seq}") == []


async def test_heartbeats_make_no_event_in_a_browser(browser, house):
    job = await running_job(house.writer, lease=timedelta(minutes=5))

    async def has_beaten():
        return proxy.streams and proxy.streams[0].answer.count(b"\n:\n") >= 5

    async with (
        serving(house, workers=0) as url,
        proxying(url) as proxy,
        page_of(browser, proxy.url) as page,
        asyncio.TaskGroup() as tasks,
    ):
        reading = tasks.create_task(read_in(page, path(job.id)))
        await until(has_beaten, SECONDS)
        await as_worker(house.writer, job, c.CompleteJob(job.epoch, "answered"))
        seen = await reading

    assert [frame.event for frame in seen] == ["hello", *["job_progress"] * 2, "job_complete", "end"]


async def test_a_browser_sees_the_reset_and_then_the_log_from_the_beginning(browser, house, backup):
    reading = await read_through_restore(chromium(browser), house, backup)

    names = [frame.event for frame in reading.seen]
    assert names.count("reset") == 1
    after = reading.seen[names.index("reset") + 1 :]
    assert [frame for frame in after if frame.event.startswith("job_")] == reading.log


async def test_a_browser_repeats_its_old_query_and_goes_on_all_the_same(browser, house):
    job = await begun_job(house.writer)
    await as_worker(house.writer, job, c.CompleteJob(job.epoch, "answered"))
    async with (
        serving(house, workers=0) as url,
        proxying(url, Cut(b"id: 5\n", By.CLOSE), Cut(b"id: 9\n", By.RESET)) as proxy,
        page_of(browser, proxy.url) as page,
    ):
        seen = await read_in(page, f"{path(job.id)}?after=2")
        log = await stored(house, job.id)

    assert [frame for frame in seen if frame.event.startswith("job_")] == log[2:]
    assert {asked.path for asked in proxy.streams} == {f"{path(job.id)}?after=2"}
    assert proxy.streams[-1].cursor == f"{HEAD + 1}"


async def test_the_browser_of_the_tests_reaches_nothing_but_this_machine(browser):
    refused = []
    async with page_of(browser, "http://127.0.0.1") as page:
        page.on("requestfailed", lambda request: refused.append(request.failure))
        for host in ("192.0.2.1", "[2001:db8::1]", "example.com"):
            await page.evaluate("url => fetch(url, {mode: 'no-cors'}).catch(() => {})", f"http://{host}/")

    assert refused == ["net::ERR_NAME_NOT_RESOLVED"] * 3
