"""A sentence leads back to its step, a page to its sentences."""

import json
from uuid import UUID

import pytest
from msgspec import to_builtins

from app import replay
from app.agent.provenance import Trail
from app.domain.caller import ANYBODY
from app.domain.event_kinds import TRACES
from app.errors import ProviderError
from app.store import blobs, log, uses
from app.store.database import connect, fetch
from dossier import AsyncDossier
from tests.audit.conftest import researched
from tests.conftest import FAST, TestHouse, serving
from tests.reporting.plans import Plan
from tests.scripted import PAGES, PLAN, REPORT, SCRIPT
from tests.steps import submitted_job, whole_log

pytestmark = pytest.mark.untouched  # a plan depends on how many pages a table has


@pytest.fixture
async def job(house) -> str:
    return await researched(house)


async def test_each_claim_leads_to_its_quote_page_read_search_and_step(job, engine, database_url):
    rows = await whole_log(engine, UUID(job))
    at = {row.seq: row.recorded().event for row in rows}

    async with serving(TestHouse(FAST, database_url), workers=0) as url, AsyncDossier(url) as dossier:
        found = await dossier.claims(job)

    assert found.seq == len(rows)
    assert [claim.claim for claim in found.claims] == [1, 2]
    for claim, address in zip(found.claims, PAGES, strict=True):
        source, page = claim.source, claim.source.page
        assert source.url == address
        assert at[claim.seq].claims[claim.claim - 1].text == claim.text
        assert (at[source.found.seq].number, at[source.found.seq].url) == (source.number, address)
        assert (at[page.seq].number, at[page.seq].sha256) == (source.number, page.sha256)
        text = (await blobs.get(engine, [page.sha256]))[page.sha256].decode()
        assert text[claim.start : claim.end] == claim.quote
        search, read = source.found.search, page.read
        assert (at[search.seq].kind, at[search.seq].key, at[search.seq].about) == (
            "search",
            at[source.found.seq].found_by,
            search.about,
        )
        assert search.about in SCRIPT[1].queries
        assert (at[read.seq].kind, at[read.seq].about) == ("read", address)
        assert (search.asked_by.tool, read.asked_by.tool) == ("web_search", "read_pages")
        assert to_builtins(at[search.asked_by.seq].reasoning) == to_builtins(search.asked_by.reasoning)
        assert at[read.asked_by.seq].step == read.asked_by.step == 3
        assert (
            search.asked_by.seq
            < search.seq
            < source.found.seq
            < read.asked_by.seq
            < read.seq
            < page.seq
            < claim.seq
        )


async def test_the_types_that_are_read_are_all_that_is_needed(job, engine):
    whole = [row.recorded() for row in await whole_log(engine, UUID(job))]
    pages = log.of_types(engine, ANYBODY, UUID(job), TRACES)
    some = [row.recorded() async for page in pages for row in page]

    assert len(some) < len(whole)
    assert Trail(some).claims() == Trail(whole).claims()
    assert Trail(some).origins() == Trail(whole).origins()


async def test_a_source_says_where_it_comes_from(job, database_url, http_of):
    async with http_of(database_url) as http:
        source = (await http.get(f"/jobs/{job}/sources/2")).json()
        listed = (await http.get(f"/jobs/{job}/claims")).json()["claims"]

    assert source["origin"] == listed[1]["source"]
    assert source["origin"]["found"]["search"]["asked_by"]["tool"] == "web_search"


async def test_a_page_that_the_question_names_was_asked_for_by_nobody_else(database_url):
    house = TestHouse(FAST, database_url)
    job = await researched(house, "What does https://example.com/a say of boiling?")

    found = Trail(row.recorded() for row in await whole_log(house.engine, UUID(job))).origins()
    await house.engine.dispose()

    assert found[1].found.search is None
    assert found[2].found.search is not None


async def test_a_job_without_a_report_has_no_claims_and_a_page_that_is_not_read_no_page(
    writer, http_of, database_url
):
    job = await submitted_job(writer)
    async with http_of(database_url) as http:
        answer = await http.get(f"/jobs/{job.id}/claims")
        missing = await http.get("/jobs/00000000-0000-7000-8000-000000000000/claims")

    assert answer.json() == {"job_id": str(job.id), "seq": 1, "claims": []}
    assert (missing.status_code, missing.json()["code"]) == (404, "job_not_found")


@pytest.fixture
def http_of():
    import contextlib

    import httpx

    @contextlib.asynccontextmanager
    async def http(database_url):
        async with (
            serving(TestHouse(FAST, database_url), workers=0) as url,
            httpx.AsyncClient(base_url=url, timeout=90) as client,
        ):
            yield client

    return http


async def unreadable(*_, **__):
    raise ProviderError("validation", "There is no text in it.", retryable=False)


async def test_a_page_leads_to_every_job_that_read_it_and_what_they_say_of_it(database_url, http_of, owner):
    houses = [TestHouse(FAST, database_url) for _ in range(4)]
    houses[3].model.script = (PLAN, SCRIPT[1], REPORT)
    houses[3].search.read = unreadable
    jobs = [await researched(house) for house in houses]
    for house in houses:
        await house.engine.dispose()
    address = "https://example.com/a"

    async with http_of(database_url) as http:
        found = (await http.get("/sources", params={"url": "HTTPS://Example.com:443/a#x"})).json()
        first = (await http.get("/sources", params={"url": address, "limit": 3})).json()
        rest = (await http.get("/sources", params={"url": address, "cursor": first["next_cursor"]})).json()
        nowhere = (await http.get("/sources", params={"url": "https://example.com/nowhere"})).json()
        await fetch(owner, "UPDATE jobs SET tenant = 'other' WHERE job_id = $1::uuid", jobs[0])
        others = (await http.get("/sources", params={"url": address})).json()
        bad = await http.get("/sources", params={"url": "no address"})
        none = await http.get("/sources")

    assert found["url"] == address
    assert [use["job_id"] for use in found["jobs"]] == jobs[::-1]
    assert found["jobs"] == first["jobs"] + rest["jobs"]
    assert rest["next_cursor"] is None
    assert [len(use["claims"]) for use in found["jobs"]] == [0, 1, 1, 1]
    assert found["jobs"][0]["sha256"] is None
    assert found["jobs"][1]["claims"][0]["text"].startswith("Water boils at 100 degrees")
    assert nowhere["jobs"] == []
    assert [use["job_id"] for use in others["jobs"]] == jobs[:0:-1]  # another tenant's is not seen
    assert (bad.status_code, bad.json()["code"]) == (400, "malformed_url")
    assert none.status_code == 400


COPIES = """
    INSERT INTO jobs SELECT (jsonb_populate_record(j, jsonb_build_object('job_id',
        (substr(j.job_id::text, 1, 15) || substr(gen_random_uuid()::text, 16))::uuid))).*
    FROM jobs j, generate_series(1, 300)"""

FOUND = """
    INSERT INTO events (job_id, seq, type, schema_version, status, progress, data, actor, epoch, occurred_at,
                        prev_hash, hash)
    SELECT job_id, n, 'source_found', 1, 'running', 0, json_build_object('url',
               'https://example.com/' || CASE WHEN job_id = ANY($1::uuid[]) AND n = 50 THEN 'a'
                                              ELSE n || job_id::text END),
           'worker:w', 1, now(), '', ''
    FROM jobs, generate_series(2, 100) AS n"""


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_the_index_finds_the_page(writer, owner, database_url, mode):
    """Among 30,000 other events, only those that found this page are read."""
    await submitted_job(writer)
    await fetch(owner, COPIES)
    finders = [row[0] for row in await fetch(owner, "SELECT job_id FROM jobs ORDER BY job_id LIMIT 3")]
    await fetch(owner, FOUND, finders)
    connection = await connect(database_url)
    await connection.execute(f"ANALYZE events; SET plan_cache_mode = {mode}")
    await connection.execute(f"PREPARE ask (text, text, uuid, integer) AS {uses.FIND_USES}")

    [[text]] = await connection.fetch(
        "EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE ask ('default', 'https://example.com/a', NULL, 20)"
    )
    await connection.close()

    [found] = json.loads(text)
    assert found["Plan"]["Actual Rows"] == len(finders)
    assert Plan(found["Plan"]).rows == len(finders)
    assert Plan(found["Plan"], "jobs").rows == len(finders)


async def test_a_log_of_many_pages_says_the_same_as_one_of_one_page(job, database_url, http_of, monkeypatch):
    async def answers(http):
        got = [
            await http.get(f"/jobs/{job}/{name}") for name in ("claims", "bundle", f"diff/{job}", "sources/1")
        ]
        return [
            answer.raise_for_status().content for answer in (*got, await http.post(f"/jobs/{job}/replay"))
        ]

    async with http_of(database_url) as http:
        whole = await answers(http)
        monkeypatch.setattr(log, "LOG_PAGE_SIZE", 3)
        monkeypatch.setattr(replay, "FETCHED_AT_ONCE", 1)
        monkeypatch.setattr(replay, "MAX_AT_HAND", 1)
        paged = await answers(http)

    assert paged == whole
    assert json.loads(whole[-1])["same"]
