"""The API, client, commands and SQL view agree on an outcome."""

import asyncio

import asyncpg
import httpx
import pytest

from app.store.database import driver_url
from dossier import AsyncDossier
from tests.cli.shell import shell
from tests.outcomes.causes import CAUSES

every_cause = pytest.mark.parametrize("name", CAUSES)


@every_cause
async def test_the_api_tells_what_came_of_it(ended, name):
    cause, job_id = CAUSES[name], ended.job_ids[name]
    async with httpx.AsyncClient(base_url=ended.url, trust_env=False) as http:
        view = (await http.get(f"/jobs/{job_id}")).json()
        listed = (await http.get("/jobs", params={"limit": 100})).json()["jobs"]
        log = (await http.get(f"/jobs/{job_id}/events", params={"limit": 1000})).json()["events"]

    [row] = [row for row in listed if row["job_id"] == job_id]
    result = view.get("result") or {}
    told = result or view.get("error") or {}
    assert cause.says in told.get("outcome_reason", "")
    assert (view["status"], view.get("outcome"), result.get("stop_reason")) == (
        cause.status, cause.outcome, cause.stop_reason,
    )  # fmt: skip
    assert (row["status"], row.get("outcome")) == (cause.status, cause.outcome)
    assert (view["progress"] == 100) == (cause.status == "completed" and cause.outcome != "not_researched")
    if cause.status == "completed":
        async with httpx.AsyncClient(base_url=ended.url, trust_env=False) as http:
            report = (await http.get(f"/jobs/{job_id}/report", headers={"Accept": "text/plain"})).text
        assert cause.says.lower() in " ".join(report.split()).lower()
        assert "hold nothing" not in report or cause.outcome == "not_found"
        is_searched = "nothing was searched" not in cause.says and name != "all searches fail"
        assert is_searched or "Nothing was found" not in report
        assert result["written_by"] == cause.written_by
        assert log[-1]["data"]["outcome"] == result["outcome"] == cause.outcome


@every_cause
async def test_the_client_tells_it(ended, name):
    cause = CAUSES[name]
    async with AsyncDossier(ended.url) as dossier:
        view = await dossier.job(ended.job_ids[name])
        last = [followed async for followed in dossier.stream(ended.job_ids[name])][-1]

    assert (view.status, view.outcome) == (cause.status, cause.outcome)
    assert last.type == f"job_{cause.status}"


@every_cause
async def test_the_exit_code_tells_it(ended, name, tmp_path):
    cause, command = CAUSES[name], f"dossier follow {ended.job_ids[name]}"
    done = await asyncio.to_thread(shell, tmp_path, command, DOSSIER_URL=ended.url)

    assert done.returncode == cause.exit_code, done.stderr
    if cause.exit_code in {4, 5}:
        assert cause.says in done.stderr.replace("\n", " ")


@every_cause
async def test_the_sql_view_tells_it(ended, name):
    cause = CAUSES[name]
    connection = await asyncpg.connect(driver_url(ended.database_url))
    try:
        row = await connection.fetchrow(
            "SELECT status, outcome, stop_reason FROM report.jobs WHERE job_id = $1", ended.job_ids[name]
        )
    finally:
        await connection.close()

    assert (row["status"], row["outcome"]) == (cause.status, cause.outcome)
    if cause.status == "completed":
        assert row["stop_reason"] == cause.stop_reason
