"""The client's pages of the feed, from a real server."""

import asyncio

import pytest

from dossier import ApiError, AsyncDossier, Dossier, StreamBroken
from dossier.event_types import feed_page
from tests.client.played_server import line
from tests.conftest import serving
from tests.steps import completed_job, submitted_job, until, whole_log


async def whole(dossier, limit=100, types=()):
    """Everything up to the head, page by page."""
    found, page = [], None
    while page is None or page.next_after != page.head:
        page = await dossier.feed(page and page.next_after, limit, types)
        found += page.events
    return found


@pytest.fixture
async def dossier(house):
    async with serving(house, workers=0) as url, AsyncDossier(url) as dossier:
        yield dossier


@pytest.mark.parametrize("limit", [1, 4, 1000])
async def test_the_pages_join_to_the_logs_of_all_jobs(dossier, house, limit):
    jobs = [await completed_job(house.writer) for _ in range(2)]

    async def everything():
        found = await whole(dossier, limit)
        return found if len(found) >= 6 else None

    found = await until(everything)

    lines = [(job.id, row.line()) for job in jobs for row in await whole_log(house.engine, job.id)]
    assert [(event.job_id, event.line) for event in found] == lines
    assert [event.seq for event in found] == [1, 2, 3] * 2
    assert (found[-1].type, found[-1].data) == (
        "job_completed",
        {"stop_reason": "answered", "outcome": None},
    )
    assert found[-1].is_last


async def test_a_reader_goes_on_from_the_cursor_of_an_event(dossier, house):
    await completed_job(house.writer)

    async def everything():
        found = await whole(dossier)
        return found if len(found) == 3 else None

    found = await until(everything)

    assert (await dossier.feed(found[0].cursor)).events == found[1:]


async def test_types_and_now_are_passed_on(dossier, house):
    job = await completed_job(house.writer)
    await submitted_job(house.writer)

    async def completed():
        return await whole(dossier, types=("job_completed", "job_failed"))

    [event] = await until(completed)

    assert (event.job_id, event.type) == (job.id, "job_completed")
    assert (await dossier.feed("now")).events == []
    with pytest.raises(ApiError, match="happy") as caught:
        await dossier.feed(types=("happy",))
    assert caught.value.code == "wrong_type"


async def test_a_cursor_of_another_log_is_an_error(dossier):
    with pytest.raises(ApiError) as caught:
        await dossier.feed("18446744073709551615-1")

    assert (caught.value.status, caught.value.code) == (409, "cursor_beyond_head")


async def test_the_blocking_client_reads_the_feed_too(house):
    job = await completed_job(house.writer)

    def read(url):
        with Dossier(url) as dossier:
            return [event.job_id for event in dossier.feed(limit=2, types=["job_completed"]).events]

    async with serving(house, workers=0) as url:

        async def seen():
            return await asyncio.to_thread(read, url)

        assert await until(seen) == [job.id]


def test_an_event_of_a_newer_server_is_kept_as_it_is():
    newer = line(1, "from_the_future")

    page = feed_page(b'{"events":[{"cursor":"7-1","event":%b}],"next_after":"7-1","head":"8-2"}' % newer)

    assert (page.events[0].line, page.events[0].cursor) == (newer, "7-1")
    assert (page.events[0].type, page.events[0].data) == ("from_the_future", {})


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b'{"events":[{"cursor":"1-1","event":{}}],"next_after":"1-1","head":"1-1"}', b"<html>"],
    ids=["nothing", "no members", "no event", "no JSON"],
)
def test_what_is_no_page_is_an_error(body):
    with pytest.raises(StreamBroken):
        feed_page(body)
