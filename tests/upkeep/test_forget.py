"""Forgetting removes bodies, keeps the chain, and leaves a tombstone."""

import asyncio
import json
import subprocess
import sys
from uuid import UUID

import asyncpg
import httpx
import pytest

from app.agent.decision_replay import replies_of
from app.audit import bundle_verifier
from app.audit.verify import verify
from app.domain.caller import ANYBODY
from app.domain.upkeep import fault
from app.errors import BadSetting, JobNotFound, StillNeeded
from app.replay import replay
from app.store import blobs, upkeep_log
from app.store.database import fetch
from app.store.forget import forget, plan_job, plan_pages
from tests.conftest import serving
from tests.scripted import PAGES
from tests.steps import running_job, whole_log


async def names_of(engine) -> list[str]:
    return [row[0] for row in await fetch(engine, "SELECT sha256 FROM blobs ORDER BY sha256")]


async def page_of(engine, job_id) -> str:
    rows = await whole_log(engine, job_id)
    return next(row.recorded().event.sha256 for row in rows if row.type == "page_read")


async def test_a_forgotten_page_is_gone_and_every_job_that_names_it_is_told(ask, owner, job):
    other = await ask()
    page, before = await page_of(owner, job), await whole_log(owner, job)

    plan = await plan_pages(owner, [page])
    number = await forget(owner, plan, "asked for")

    assert set(plan.jobs) == {job, other}
    assert await blobs.get(owner, [page]) == {}
    assert await whole_log(owner, job) == before
    [tombstone] = await upkeep_log.entries(owner)
    assert (number, tombstone.number, tombstone.type) == (1, 1, "page_forgotten")
    said = json.loads(tombstone.data)
    assert said == {"sha256": [page], "jobs": sorted([str(job), str(other)]), "reason": "asked for"}
    assert tombstone.actor.startswith("owner:")


async def test_verify_stays_green_replay_says_what_is_missing_and_the_source_keeps_its_hash(
    house, owner, database_url, job
):
    page = await page_of(owner, job)
    await forget(owner, await plan_pages(owner, [page]))

    verdict, replayed = await verify(database_url), await replay(owner, ANYBODY, job)
    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url, timeout=90) as http:
        source = (await http.get(f"/jobs/{job}/sources/1")).json()
        report = await http.get(f"/jobs/{job}/report")

    assert verdict.ok
    assert verdict.forgotten == 1
    assert not replayed.same
    assert page in {missing.sha256 for missing in replayed.missing}
    assert (source["sha256"], source["read"], source["text"]) == (page, True, None)
    assert report.status_code == 200


async def test_the_bundle_lists_a_page_that_was_forgotten_and_misses_one_that_was_only_deleted(
    house, owner, job, tmp_path
):
    pages = {row.recorded().event.sha256 for row in await whole_log(owner, job) if row.type == "page_read"}
    kept, deleted = sorted(pages)
    await forget(owner, await plan_pages(owner, [kept]))
    forgotten = await checked(house, job, tmp_path / "forgotten.zip")
    await fetch(owner, "DELETE FROM blobs WHERE sha256 = $1::text", deleted)
    missing = await checked(house, job, tmp_path / "missing.zip")

    assert forgotten.returncode == 0
    assert f"pages/{kept}.txt: is not kept any more" in forgotten.stdout
    assert missing.returncode == 1
    assert f"pages/{deleted}.txt: was removed" in missing.stdout
    assert f"pages/{kept}.txt: was removed" not in missing.stdout


async def checked(house, job, file) -> subprocess.CompletedProcess[str]:
    """What the bundle's own program says of it."""
    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url, timeout=90) as http:
        file.write_bytes((await http.get(f"/jobs/{job}/bundle")).content)
    command = [sys.executable, "-I", bundle_verifier.__file__, str(file)]
    return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)


async def test_forgetting_a_job_takes_what_only_it_names_and_keeps_what_others_need(ask, owner, job):
    alone = await ask("A question of its own: when does water boil?")
    everything = set(await names_of(owner))

    plan = await plan_job(owner, alone)
    await forget(owner, plan)

    left = set(await names_of(owner))
    assert everything - left == set(plan.names) != set()
    assert plan.shared >= len(PAGES)
    kept = {row.recorded().event.sha256 for row in await whole_log(owner, job) if row.type == "page_read"}
    assert kept <= left
    assert (await replay(owner, ANYBODY, job)).same
    [tombstone] = await upkeep_log.entries(owner)
    assert json.loads(tombstone.data)["job_id"] == str(alone)


async def test_a_job_that_is_the_only_one_leaves_no_body_at_all(owner, job):
    assert list(replies_of([row.recorded() for row in await whole_log(owner, job)]))

    plan = await plan_job(owner, job)
    await forget(owner, plan)

    assert await names_of(owner) == []
    assert plan.shared == 0
    assert (await replay(owner, ANYBODY, job)).missing


async def test_forgetting_twice_writes_one_tombstone(owner, job):
    page = await page_of(owner, job)
    await forget(owner, await plan_pages(owner, [page]))

    again = await plan_pages(owner, [page])

    assert again.is_known
    assert again.jobs == (job,)
    assert await forget(owner, again) is None
    assert len(await upkeep_log.entries(owner)) == 1


async def test_what_nobody_names_is_not_known(owner, job):
    assert not (await plan_pages(owner, ["0" * 64])).is_known
    with pytest.raises(JobNotFound):
        await plan_job(owner, UUID(int=5))


async def test_a_job_that_is_not_over_is_in_the_way(owner, writer):
    running = await running_job(writer)

    with pytest.raises(StillNeeded, match=str(running.id)):
        await plan_job(owner, running.id)


async def test_the_application_may_not_forget(engine, owner, job):
    page = await page_of(owner, job)
    plan = await plan_pages(owner, [page])

    with pytest.raises(BadSetting):
        await forget(engine, plan)

    assert page in await names_of(owner)
    assert await upkeep_log.entries(engine) == []


async def test_tombstones_are_chained_and_nobody_changes_them(owner, job, tamper):
    for page in await names_of(owner):
        await forget(owner, await plan_pages(owner, [page]))
    found = await upkeep_log.entries(owner)
    assert len(found) > 2
    assert fault(found) is None
    for statement in ("UPDATE upkeep SET actor = 'x'", "DELETE FROM upkeep", "TRUNCATE upkeep"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await fetch(owner, statement)

    await tamper(
        "ALTER TABLE upkeep DISABLE TRIGGER ALL", "UPDATE upkeep SET actor = actor || 'x' WHERE number = 2"
    )
    changed = fault(await upkeep_log.entries(owner))
    await tamper("DELETE FROM upkeep WHERE number = 2")
    removed = fault(await upkeep_log.entries(owner))
    assert (changed.number, removed.number) == (2, 2)
    assert "not as it was written" in changed.sentence
    assert "missing" in removed.sentence


async def test_a_tombstone_that_was_changed_is_found(owner, database_url, job):
    await forget(owner, await plan_pages(owner, [await page_of(owner, job)]), "asked for")
    await fetch(owner, "ALTER TABLE upkeep DISABLE TRIGGER USER")
    await fetch(owner, "UPDATE upkeep SET data = replace(data::text, 'asked for', 'never asked')::json")

    [finding] = (await verify(database_url)).findings

    assert (finding.kind, finding.seq) == ("upkeep", 1)
    assert finding.message == "Entry 1 of the log of upkeep is not as it was written."
