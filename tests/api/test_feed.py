"""GET /events: all logs in one, over a real server."""

import json

import pytest

from app import handle
from app.domain import commands as c
from app.store.database import fetch
from dossier.request import ResearchRequest
from tests.api.problems import assert_problem
from tests.steps import as_worker, completed_job, running_job, submitted_job, until, whole_log
from tests.store.calls import call
from tests.store.restored import RESTORED


async def settled(api) -> dict:
    """A page of everything, once nothing that is written holds it back."""

    async def whole():
        page = (await api.get("/events?limit=1000")).json()
        return page if page["next_after"] == page["head"] else None

    return await until(whole)


async def all_pages(api, limit, **params):
    """Every page from the beginning to the head."""
    pages, after = [], None
    while not pages or pages[-1]["next_after"] != pages[-1]["head"]:
        query = {**params, "limit": limit, **({"after": after} if after else {})}
        response = await api.get("/events", params=query)
        assert response.status_code == 200, response.text
        pages.append(response.json())
        assert len(pages[-1]["events"]) <= limit
        after = pages[-1]["next_after"]
    return pages


async def test_the_pages_join_to_the_logs_of_all_jobs(api, house):
    jobs = [await running_job(house.writer) for _ in range(3)]
    for n in range(4):
        for job in jobs:  # so that the logs are interleaved
            await as_worker(house.writer, job, c.RecordEvents(job.epoch, (call(n), call(n + 100))))
    await completed_job(house.writer)
    count = 3 * (2 + 8) + 3

    async def everything():
        found = [entry for page in await all_pages(api, 4) for entry in page["events"]]
        return found if len(found) >= count else None

    entries = await until(everything)

    assert len({entry["cursor"] for entry in entries}) == count
    by_job: dict[str, list[int]] = {}
    for entry in entries:
        by_job.setdefault(entry["event"]["job_id"], []).append(entry["event"]["seq"])
    assert sorted(map(len, by_job.values())) == [3, 10, 10, 10]
    for seqs in by_job.values():
        assert seqs == list(range(1, len(seqs) + 1))


async def test_an_event_is_the_same_bytes_as_in_the_log_of_its_job(api, house):
    job = await completed_job(house.writer, query="Größe „≥“ \u2028?")
    page = await settled(api)

    response = await api.get("/events")

    lines = [row.line() for row in await whole_log(house.engine, job.id)]
    cursors = [entry["cursor"].encode() for entry in page["events"]]
    events = b",".join(b'{"cursor":"%b","event":%b}' % pair for pair in zip(cursors, lines, strict=True))
    end = cursors[-1]
    assert response.content == b'{"events":[%b],"next_after":"%b","head":"%b"}' % (events, end, end)
    assert response.headers["content-type"] == "application/json"


async def test_a_reader_goes_on_from_any_event(api, house):
    for _ in range(3):
        await completed_job(house.writer)
    page = await settled(api)

    for number, entry in enumerate(page["events"]):
        rest = (await api.get("/events", params={"after": entry["cursor"]})).json()
        assert rest["events"] == page["events"][number + 1 :]
        assert rest["next_after"] == rest["head"] == page["head"]


async def test_the_beginning_is_nothing_and_0_0_and_an_empty_log_is_not_an_error(api, house):
    for query in ("", "?after=", "?after=0-0", "?after=now"):
        assert (await api.get(f"/events{query}")).json() == {"events": [], "next_after": "0-0", "head": "0-0"}
    await completed_job(house.writer)
    page = await settled(api)

    for query in ("", "?after=", "?after=0-0", "?types="):
        assert (await api.get(f"/events{query}")).json() == page


async def test_now_is_where_what_comes_next_begins(api, house):
    await completed_job(house.writer)
    page = await settled(api)

    now = (await api.get("/events?after=now")).json()
    assert now == {"events": [], "next_after": page["head"], "head": page["head"]}
    job = await submitted_job(house.writer)

    async def next_one():
        return (await api.get("/events", params={"after": now["next_after"]})).json()["events"]

    [entry] = await until(next_one)
    assert entry["event"]["job_id"] == str(job.id)


async def test_only_the_types_that_are_asked_for_come(api, house):
    jobs = [await completed_job(house.writer) for _ in range(3)]
    await submitted_job(house.writer)
    await settled(api)

    pages = await all_pages(api, 2, types="job_completed,attempt_started")

    found = [(e["event"]["job_id"], e["event"]["type"]) for page in pages for e in page["events"]]
    assert found == [(str(job.id), kind) for job in jobs for kind in ("attempt_started", "job_completed")]


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_events_of_another_tenant_never_come(api, house, limit):
    mine, theirs = await running_job(house.writer), []
    for n in range(4):
        await as_worker(house.writer, mine, c.RecordEvents(mine.epoch, (call(n),)))
        job, _ = await handle.submit(house.writer, ResearchRequest("secret?"), tenant="other")
        theirs.append(job)

    async def everything():
        pages = await all_pages(api, limit)
        return pages if len([entry for page in pages for entry in page["events"]]) >= 6 else None

    pages = await until(everything)

    seen = [entry["event"] for page in pages for entry in page["events"]]
    assert seen == [json.loads(row.line()) for row in await whole_log(house.engine, mine.id)]
    assert not any(str(job.id) in str(pages) for job in theirs)


CURSORS = [
    "x", "1", "1-", "-1", "1-2-3", "-1-2", "1--2", "1.5-2", " 1-2", "1-2\n", "١-٢", "+1-2", "Now",
    "123456789012345678901-1", "1-12345678901234567890",
    f"{2**64}-1", f"1-{2**63}", "9" * 20 + "-1", "1-" + "9" * 19,
]  # fmt: skip


@pytest.mark.parametrize("cursor", CURSORS)
async def test_a_malformed_cursor_is_refused_by_name(api, cursor):
    assert_problem(await api.get("/events", params={"after": cursor}), 400, "malformed_cursor", "after")


@pytest.mark.parametrize("cursor", ["1-1", f"{2**64 - 1}-{2**63 - 1}", f"0-{2**63 - 1}"])
async def test_a_cursor_of_another_log_is_told_so_and_never_answered_with_nothing(api, cursor):
    response = await api.get("/events", params={"after": cursor})

    assert_problem(response, 409, "cursor_beyond_head", "after")


async def test_a_type_that_is_none_is_refused_by_name(api):
    for types in ("happy", "job_completed,happy", "happy,", ",", "job_completed, happy", "JOB_COMPLETED"):
        assert_problem(await api.get("/events", params={"types": types}), 400, "wrong_type", "types")
    response = await api.get("/events?types=job_completed,job_happy")
    assert "'job_happy'" in response.json()["detail"]


@pytest.mark.parametrize("limit", ["0", "1001", "-1"])
async def test_a_page_size_out_of_range_is_refused(api, limit):
    assert_problem(await api.get(f"/events?limit={limit}"), 400, "page_size_out_of_range", "limit")


async def test_a_log_from_another_cluster_is_withheld_not_shortened(api, house, owner):
    job = await submitted_job(house.writer)
    await settled(api)
    await fetch(owner, RESTORED, job.id, 2, 2**40)

    for query in ("", "?after=now", "?after=0-0"):
        assert_problem(await api.get(f"/events{query}"), 503, "feed_withheld")
