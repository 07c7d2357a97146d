"""A browser takes heartbeats, a 204, a reset, and its old URL."""

import asyncio
import contextlib
from datetime import timedelta

import pytest
from msgspec.structs import replace
from playwright.async_api import Error

from app.domain import commands as c
from tests.api.stored import stored
from tests.conftest import FAST, TestHouse, serving
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


SUBMIT = """async ([url, question]) => {
  const answer = await fetch(`${url}/jobs`, {
    method: "POST",
    headers: {"Content-Type": "application/json", "Idempotency-Key": "from-a-page"},
    body: JSON.stringify({query: question}),
  });
  return [answer.status, answer.headers.get("Location"), (await answer.json()).status];
}"""
LISTEN = """url => new Promise((resolve, reject) => {
  const seen = [], source = new EventSource(url);
  const note = (event) => {
    seen.push(event.type);
    if (event.type === "end") { source.close(); resolve(seen); }
  };
  for (const type of ["hello", "job_progress", "job_complete", "end"]) source.addEventListener(type, note);
  source.onerror = () => { if (source.readyState === EventSource.CLOSED) reject(new Error("refused")); };
})"""
REFUSED = "url => fetch(url).then(() => 'read', error => error.name)"


@contextlib.asynccontextmanager
async def page_of_another_server(browser, house):
    """Yield a page that a server sent.

    Chromium lets no other page call loopback.
    """
    async with serving(house, workers=0) as origin, page_of(browser, origin) as page:
        await page.goto(f"{origin}/health/live")
        yield page, origin


async def test_a_page_of_a_listed_origin_submits_and_listens(browser, house, database_url):
    job = await completed_job(house.writer)
    async with page_of_another_server(browser, house) as (page, origin):
        listing = TestHouse(replace(FAST, allowed_origins=origin), database_url)
        async with serving(listing, workers=0) as url:
            status, location, state = await page.evaluate(SUBMIT, [url, "why?"])
            seen = await page.evaluate(LISTEN, url + path(job.id))

    assert (status, location[:6], state) == (201, "/jobs/", "pending")
    assert seen == ["hello", *["job_progress"] * 2, "job_complete", "end"]


async def test_a_page_of_another_origin_can_neither_read_nor_listen(browser, house, database_url):
    job = await completed_job(house.writer)
    async with page_of_another_server(browser, house) as (page, _):
        listing = TestHouse(replace(FAST, allowed_origins="https://app.example.com"), database_url)
        async with serving(listing, workers=0) as url:
            assert await page.evaluate(REFUSED, f"{url}/jobs") == "TypeError"
            with pytest.raises(Error, match="refused"):
                await page.evaluate(LISTEN, url + path(job.id))
