"""Row level security holds where the application forgets its filter."""

import asyncio
import re

import asyncpg
import pytest

from app import handle
from app.domain.caller import Caller
from app.store import (
    documents,
    job_lists,
    overview_figures,
    past_figures,
    reads,
    shares,
    webhook_deliveries,
    webhook_endpoints,
)
from app.store.database import TENANT_ROLE, dial, fetch, make_engine, server_settings
from dossier.request import ResearchRequest
from dossier.webhook_types import NewWebhook

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


@pytest.fixture
async def jobs(writer):
    """One job of each."""
    made = {}
    for caller in (ALICE, BOB):
        job, _ = await handle.submit(writer, ResearchRequest("why?"), tenant=caller.tenant)
        made[caller.tenant] = job.id
    return made


FORGETFUL = (reads, overview_figures, past_figures, documents, webhook_endpoints, webhook_deliveries, shares)


@pytest.fixture
def forgetful(monkeypatch):
    """The application without its filter by tenant."""
    for module in FORGETFUL:
        for name, sql in vars(module).items():
            if name.isupper() and isinstance(sql, str):
                without = sql.replace("e.tenant = $1::text", "$1::text <> ''").replace(
                    "d.tenant = $1::text", "$1::text <> ''"
                )
                monkeypatch.setattr(module, name, without.replace("tenant = $1::text", "$1::text <> ''"))
    listed = job_lists.list_sql

    def list_sql(*asked):
        sql, values = listed(*asked)
        assert "tenant = $1::text" in sql
        return sql.replace("tenant = $1::text", "$1::text <> ''"), values

    monkeypatch.setattr(job_lists, "list_sql", list_sql)


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


@pytest.mark.usefixtures("forgetful")
async def test_the_database_alone_keeps_documents_of_tenants_apart(engine):
    for caller in (ALICE, BOB):
        await documents.put(engine, caller, "https://a.example", caller.tenant, "Text.")
    for caller in (ALICE, BOB):
        assert [one.title for one in await documents.documents(engine, caller, 10)] == [caller.tenant]
        assert await past_figures.count_documents(engine, caller) == 1


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
    assert (await fenced.fetch_fenced("alice", count))[0][0] == 1
    assert (await fetch(fenced, count))[0][0] == 0  # nothing is left of the statement before
    for refused in ("SELECT FROM events", "UPDATE jobs SET seq = 9", "SELECT FROM api_keys", *SECRETS):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await fetch(fenced, refused)
    await fenced.dispose()


async def test_the_figures_that_need_the_log_are_those_of_the_caller_alone(engine, jobs):
    assert jobs
    for caller in (ALICE, BOB):
        assert [day.jobs for day in await overview_figures.days(engine, caller)] == [1]


async def test_one_connection_serves_many_tenants_at_once(database_url, jobs):
    narrow = make_engine(database_url, pool_size=1)
    asked = [ALICE, BOB, ALICE, ALICE, BOB] * 4
    found = await asyncio.gather(*(reads.ids(narrow, caller, None, None, 10) for caller in asked))
    await narrow.dispose()

    assert found == [[jobs[caller.tenant]] for caller in asked]


@pytest.mark.parametrize("sql", [reads.READ_VIEWS, reads.OWN_HEADS, reads.IDS, LISTED])
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

    assert re.search(r"Index Cond: \(.*tenant = \$1|Index Cond: \(job_id = ANY", plan), plan
