"""Costs are added up by day, tenant, model and tag."""

from datetime import UTC, datetime, timedelta

import pytest

from app import handle
from app.domain import commands as c
from app.domain.caller import Caller
from app.store.api_keys import add_key
from app.store.costs import add_up
from app.store.database import fetch
from app.store.quotas import Quota, set_quota
from app.store.tenants import add_tenant
from dossier.request import ResearchRequest

SPEND = """
    UPDATE jobs SET usage = (usage::jsonb || jsonb_build_object('cost_usd', $2::float8,
        'known_cost_usd', $3::float8, 'unknown_cost_calls', $4::integer))::json
    WHERE job_id = $1::uuid"""
ACME = Caller("acme")


@pytest.fixture
async def spent(owner, engine, writer):
    """Two jobs of default with tags, one of acme of unknown cost."""
    await add_tenant(engine, "acme")
    for tenant, tags, cost, known, unknown in (
        ("default", ("a", "b"), 1.0, 1.0, 0),
        ("default", ("a",), 2.0, 2.0, 0),
        ("acme", (), None, 0.5, 3),
    ):
        job, _ = await handle.submit(writer, ResearchRequest("why?", tags=tags), tenant=tenant)
        await handle.handle(writer, job, c.RequestCancel(), actor="api")
        await fetch(owner, SPEND, job.id, cost, known, unknown)


def short(rows):
    return [(row["name"], row["jobs"], row["cost_usd"], row["unknown_cost_calls"]) for row in rows]


async def rows(api, by, **options):
    answer = await api.get("/costs", params={"by": by}, **options)
    assert answer.status_code == 200, answer.text
    return short(answer.json()["rows"])


async def test_an_operator_sees_all_tenants_in_each_grouping(api, spent, owner):
    today = datetime.now(UTC).date()
    [(day, jobs, cost, unknown)] = await rows(api, "day")
    assert day in {str(today), str(today - timedelta(days=1))}
    assert (jobs, cost, unknown) == (3, 3.5, 3)
    assert await rows(api, "tenant") == [("default", 2, 3.0, 0), ("acme", 1, 0.5, 3)]
    assert await rows(api, "tag") == [("a", 2, 3.0, 0), ("b", 1, 1.0, 0), ("", 1, 0.5, 3)]
    assert await rows(api, "model") == [("", 3, 3.5, 3)]
    view = "SELECT tenant, tag, jobs, known_cost_usd::float8 FROM report.job_costs ORDER BY 1, 2"
    found = [tuple(row) for row in await fetch(owner, view)]
    assert found == [("acme", "", 1, 0.5), ("default", "a", 2, 3.0), ("default", "b", 1, 1.0)]


async def test_a_tenant_sees_its_own_costs_and_quota(api, engine, spent, monkeypatch):
    monkeypatch.setattr("app.api.keyring.KEYS_FRESH", 0)
    await set_quota(engine, "acme", Quota(max_jobs_per_day=5))
    await set_quota(engine, "default", Quota(max_usd_per_month=9.0))
    assert {quota["tenant"] for quota in (await api.get("/costs")).json()["quotas"]} == {"acme", "default"}

    _, secret = await add_key(engine, "reader", ("admin",), None, "acme")
    key = {"Authorization": f"Bearer {secret}"}
    assert await rows(api, "tenant", headers=key) == [("acme", 1, 0.5, 3)]
    [quota] = (await api.get("/costs", headers=key)).json()["quotas"]
    assert (quota["tenant"], quota["max_jobs_per_day"], quota["jobs_today"]) == ("acme", 5, 1)


async def test_older_days_are_left_out(engine, spent):
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    assert await add_up(engine, Caller(), "day", tomorrow) == []


@pytest.mark.parametrize("query", [{"by": "colour"}, {"days": 0}, {"days": 367}])
async def test_a_grouping_and_its_days_have_bounds(api, query):
    assert (await api.get("/costs", params=query)).status_code == 400
