"""Row level security holds where the application forgets its filter."""

import asyncio
import re
from datetime import date
from uuid import uuid4

import asyncpg
import pytest

from app import handle
from app.domain import commands as c
from app.domain import events as e
from app.domain.caller import Caller
from app.store import (
    costs,
    documents,
    event_feed,
    ingestions,
    job_lists,
    library,
    log,
    overview_figures,
    past_figures,
    queue,
    reads,
    shares,
    source_lookup,
    uses,
    webhook_deliveries,
    webhook_endpoints,
)
from app.store.database import TENANT_ROLE, dial, fetch, fetch_fenced, make_engine, server_settings
from dossier.document_types import NewDocument
from dossier.library_types import MarkChange
from dossier.request import ResearchRequest
from dossier.webhook_types import NewWebhook
from tests.folds.logs import SEARCH, called, turn
from tests.forgetful import forget_tenants
from tests.found_passages import find_passages
from tests.steps import LEASE, as_worker

ALICE, BOB = Caller("alice"), Caller("bob")
PLAIN = job_lists.JobFilter()
FIRST = {"before": None, "limit": 10, "state": None}
SECRETS = (
    "SELECT secret FROM webhook_endpoints",
    "SELECT token_sha256 FROM shares",
    "SELECT FROM provider_keys",
    "SELECT FROM data_keys",
)
DELIVERED = """
    WITH made AS (
        INSERT INTO webhook_deliveries (delivery_id, endpoint_id, job_id, seq, type, body)
        VALUES (gen_random_uuid(), $1::uuid, $2::uuid, 1, 'job.completed', 'x') RETURNING delivery_id
    )
    INSERT INTO webhook_attempts (delivery_id, number) SELECT delivery_id, 1 FROM made"""
LISTED = job_lists.list_sql(ALICE, PLAIN, 10)[0]
FOUND = e.SourceFound(1, "https://a.example/", "A", "", "1/search/1")
LEARNT = (*turn(1, SEARCH), *called("1/search/1"), FOUND)
EVENTS = 2 + len(LEARNT)  # of a job
COMPLETE = """
    UPDATE jobs SET status = 'completed',
        result = '{"final_answer": "A reason.", "metrics": {"estimated_cost_usd": 0.5}}'"""


@pytest.fixture
async def jobs(writer):
    """One job of each."""
    made = {}
    for caller in (ALICE, BOB):
        job, _ = await handle.submit(writer, ResearchRequest("why?"), tenant=caller.tenant)
        made[caller.tenant] = job.id
    return made


@pytest.fixture
def forgetful(monkeypatch):
    """The application without its filter by tenant."""
    forget_tenants(monkeypatch)


@pytest.mark.usefixtures("forgetful")
async def test_the_database_alone_keeps_jobs_of_tenants_apart(writer, jobs):
    engine, both = writer.engine, list(jobs.values())
    for caller in (ALICE, BOB):
        mine = {jobs[caller.tenant]}
        assert {*await reads.views(engine, caller, both)} == mine
        assert {*await reads.own_heads(engine, caller, both)} == mine
        assert {*await reads.ids(engine, caller, None, None, 10)} == mine
        assert {view.job_id for view in (await job_lists.page(engine, caller, PLAIN, 10)).jobs} == mine
        assert (await overview_figures.now(engine, caller)).pending == 1


@pytest.fixture
async def logs(writer, jobs):
    """One log of each, that found the same page."""
    while held := await queue.claim(writer.engine, "w", 2, LEASE):
        for job in (await log.load(writer.engine, [one.job_id for one in held])).values():
            await as_worker(writer, job, c.RecordEvents(job.epoch, LEARNT))
    return jobs


@pytest.mark.usefixtures("forgetful")
async def test_the_database_alone_keeps_logs_of_tenants_apart(engine, logs):
    both = dict.fromkeys(logs.values(), 0)
    for caller, other in ((ALICE, BOB), (BOB, ALICE)):
        mine, theirs = logs[caller.tenant], logs[other.tenant]
        for limit in (1, log.FEW_EVENTS + 1):  # whose an event is, is looked up for each, and once
            assert len(await log.read(engine, caller, mine, 0, limit)) == min(limit, EVENTS)
            assert await log.read(engine, caller, theirs, 0, limit) == []
        assert {*await log.read_after(engine, caller, both)} == {mine}
        assert {*await log.read_after(engine, caller, {mine: 0})} == {mine}
        assert await log.read_after(engine, caller, {theirs: 0}) == {}
        assert len(await log.history(engine, caller, mine)) == EVENTS
        assert await log.history(engine, caller, theirs) == []
        assert [len(rows) async for rows in log.of_types(engine, caller, mine, ["source_found"])] == [1]
        assert [rows async for rows in log.of_types(engine, caller, theirs, ["source_found"])] == []
        assert not (await log.past(engine, caller, theirs, lambda _row: True)).exists
        assert await source_lookup.source(engine, caller, mine, 1)
        assert await source_lookup.source(engine, caller, theirs, 1) is None


@pytest.mark.usefixtures("forgetful")
async def test_the_database_alone_keeps_feeds_and_uses_of_tenants_apart(engine, logs):
    for caller in (ALICE, BOB):
        feed = await event_feed.read(engine, caller, event_feed.FEED_START, 20)
        assert [entry.row.job_id for entry in feed.entries] == [logs[caller.tenant]] * EVENTS
        found = await uses.uses(engine, caller, FOUND.url, None, 10)
        assert [use.job_id for use in found] == [logs[caller.tenant]]


@pytest.mark.usefixtures("forgetful")
async def test_the_database_alone_keeps_figures_of_tenants_apart(engine, jobs):
    assert jobs
    for caller in (ALICE, BOB):
        assert [day.jobs for day in await overview_figures.days(engine, caller)] == [1]
        assert [row.jobs for row in await costs.add_up(engine, caller, "model", date(2000, 1, 1))] == [1]


LISTS = ({"tags": ("one",)}, {"sort": "cheapest"}, {"favourite": True}, {"search": "reason"})


@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize("asked", LISTS, ids=str)
async def test_the_database_alone_keeps_found_jobs_of_tenants_apart(writer, asked):
    made = {}
    for caller in (ALICE, BOB):
        request = ResearchRequest("reason", tags=("one",))
        job, _ = await handle.submit(writer, request, tenant=caller.tenant)
        await handle.handle(writer, job, c.RequestCancel(), actor="api")
        await library.change_mark(writer.engine, caller, job.id, MarkChange(favourite=True))
        made[caller.tenant] = job.id
    await fetch(writer.engine, COMPLETE)
    for caller in (ALICE, BOB):
        page = await job_lists.page(writer.engine, caller, job_lists.JobFilter(**asked), 10)
        assert [view.job_id for view in page.jobs] == [made[caller.tenant]]


@pytest.mark.usefixtures("forgetful")
async def test_the_database_alone_keeps_ingestions_of_tenants_apart(engine):
    made = {}
    for caller in (ALICE, BOB):
        asked = engine, caller, ingestions.IngestionSource(uuid4(), "a.txt", 1), NewDocument()
        made[caller.tenant] = (await ingestions.submit_ingestion(*asked)).ingestion_id
    for caller in (ALICE, BOB):
        mine = made[caller.tenant]
        assert [one.ingestion_id for one in await ingestions.list_ingestions(engine, caller, None, 9)] == [
            mine
        ]
        events = await ingestions.read_ingestion_events(engine, caller, dict.fromkeys(made.values(), 0))
        assert [event.ingestion_id for event in events] == [mine]


@pytest.mark.usefixtures("forgetful")
async def test_the_database_alone_keeps_documents_of_tenants_apart(engine):
    for caller in (ALICE, BOB):
        await documents.put(engine, caller, "https://a.example", caller.tenant, "Text.")
    for caller in (ALICE, BOB):
        assert [one.title for one in await documents.documents(engine, caller, 10)] == [caller.tenant]
        assert await past_figures.count_documents(engine, caller) == 1
        found = await find_passages(engine, caller, "text", 10)
        assert [one.title for one in found] == [caller.tenant]
        assert await documents.document(engine, caller, "https://a.example") == (caller.tenant, "Text.")


@pytest.mark.usefixtures("forgetful")
async def test_the_database_alone_keeps_webhooks_of_tenants_apart(engine, owner, jobs):
    made = {}
    for caller in (ALICE, BOB):
        new = NewWebhook(f"https://{caller.tenant}.example/")
        made[caller.tenant] = (await webhook_endpoints.add_endpoint(engine, caller, new))[0].endpoint_id
        await fetch(owner, DELIVERED, made[caller.tenant], jobs[caller.tenant])

    for caller, other in ((ALICE, BOB), (BOB, ALICE)):
        mine, theirs = made[caller.tenant], made[other.tenant]
        listed = await webhook_endpoints.list_endpoints(engine, caller)
        assert [one.endpoint_id for one in listed] == [mine]
        assert await webhook_endpoints.find_endpoint(engine, caller, mine)
        assert await webhook_endpoints.find_endpoint(engine, caller, theirs) is None
        [delivery] = await webhook_deliveries.list_deliveries(engine, caller, mine, **FIRST)
        assert len(delivery.attempts) == 1
        assert await webhook_deliveries.list_deliveries(engine, caller, theirs, **FIRST) == []


@pytest.mark.usefixtures("forgetful")
async def test_the_database_alone_keeps_shared_links_of_tenants_apart(engine, jobs):
    for caller in (ALICE, BOB):
        await shares.add_share(engine, caller, jobs[caller.tenant], 1)

    for caller, other in ((ALICE, BOB), (BOB, ALICE)):
        assert len(await shares.list_shares(engine, caller, jobs[caller.tenant])) == 1
        assert await shares.list_shares(engine, caller, jobs[other.tenant]) == []


async def test_who_says_no_tenant_sees_nothing(database_url, jobs):
    assert jobs
    fenced = make_engine(database_url, role=TENANT_ROLE, pool_size=1)
    count = "SELECT count(*) FROM jobs"
    assert (await fetch(fenced, count))[0][0] == 0
    assert (await fetch_fenced(fenced, ALICE, count))[0][0] == 1
    assert (await fetch(fenced, count))[0][0] == 0  # nothing is left of the statement before
    assert (await fetch(fenced, "SELECT count(*) FROM events"))[0][0] == 0
    for refused in (
        "INSERT INTO events SELECT * FROM events",
        "SELECT FROM blobs",
        "UPDATE jobs SET seq = 9",
        "SELECT FROM api_keys",
        *SECRETS,
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await fetch(fenced, refused)
    await fenced.dispose()


async def test_a_job_that_was_said_opens_no_other_and_nothing_to_others(database_url, jobs):
    fenced = make_engine(database_url, role=TENANT_ROLE, pool_size=1)
    read = "SELECT job_id FROM events"
    for caller, job_id in ((ALICE, jobs["bob"]), (BOB, jobs["bob"]), (ALICE, None), (ALICE, jobs["alice"])):
        found = await fetch_fenced(fenced, caller, read, job_id=job_id)
        assert [row[0] for row in found] == [jobs[caller.tenant]]
    await fenced.dispose()


async def test_one_connection_serves_many_tenants_at_once(database_url, jobs):
    narrow = make_engine(database_url, pool_size=1)
    asked = [ALICE, BOB, ALICE, ALICE, BOB] * 4
    found = await asyncio.gather(*(reads.ids(narrow, caller, None, None, 10) for caller in asked))
    await narrow.dispose()

    assert found == [[jobs[caller.tenant]] for caller in asked]


WALKED = (
    *(reads.READ_VIEWS, reads.OWN_HEADS, reads.OWN_AMONG, reads.IDS, LISTED),
    *(log.READ_EVENTS, log.READ_TYPES, log.READ_AFTER, uses.READ_USES),
)


@pytest.mark.parametrize("sql", WALKED)
async def test_an_index_is_walked_behind_the_fence(database_url, sql):
    """An index is walked although a policy adds conditions.

    Postgres keeps conditions from an index until it knows them to be safe.
    """
    fenced = server_settings(TENANT_ROLE) | {"enable_seqscan": "off", "plan_cache_mode": "force_generic_plan"}
    connection = await dial(database_url, server_settings=fenced)
    await connection.execute(f"PREPARE ask AS {sql}")
    values = ", ".join(["NULL"] * len({*re.findall(r"\$\d+", sql)}))
    plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN EXECUTE ask ({values})"))
    await connection.close()

    assert re.search(r"Index Cond: \(.*tenant = \$1|Index Cond: \(\(?job_id = ", plan), plan


async def test_no_fence_may_be_hashed(engine):
    """An EXISTS may read every job of the tenant for one event."""
    policies = "SELECT tablename FROM pg_policies WHERE schemaname = current_schema() AND {}"
    assert await fetch(engine, policies.format("qual LIKE '%SELECT true%'"))
    assert await fetch(engine, policies.format("qual LIKE '%EXISTS%'")) == []
