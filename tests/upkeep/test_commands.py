"""The commands of the owner, as processes of their own."""

import json

import pytest

from app import handle
from app.store import upkeep_log
from app.store.database import fetch
from app.store.tenants import add_tenant
from dossier.request import ResearchRequest
from tests.steps import completed_job, rows, submitted_job


async def test_forget_wants_a_yes_and_then_says_what_is_gone(dossier, owner, job):
    refused, _, said = await dossier("forget", "--job", str(job))
    assert refused == 2
    assert "--yes" in said
    assert await upkeep_log.entries(owner) == []

    code, out, _ = await dossier("forget", "--job", str(job), "--yes", "--json", "--reason", "asked")
    found = json.loads(out)
    assert (code, found["tombstone"], found["jobs"], found["shared"]) == (0, 1, [str(job)], 0)
    assert len(found["forgotten"]) > 3
    assert await fetch(owner, "SELECT FROM blobs") == []

    again, out, _ = await dossier("forget", "--job", str(job))
    assert (again, out) == (0, "Nothing is left to delete.\n")
    green, out, _ = await dossier("verify")
    assert (green, out.startswith("Verified, no changes found")) == (0, True)
    code, out, _ = await dossier("replay", str(job), "--json")
    assert json.loads(out)["missing"]


@pytest.mark.parametrize("arguments", [(), ("--page", "xyz"), ("--page", "0" * 64, "--job", "0" * 32)])
async def test_forget_refuses_what_it_cannot_read(dossier, arguments):
    code, _, _ = await dossier("forget", *arguments)

    assert code == 2


async def test_forget_says_that_nobody_knows_a_hash(dossier):
    code, _, said = await dossier("forget", "--page", "0" * 64, "--yes")

    assert code == 1
    assert "No job names this" in said


async def test_archive_writes_detaches_and_verifies(dossier, old, owner, tmp_path):
    folder = tmp_path / "archive"
    code, out, _ = await dossier("archive", "--before", "2025-04", "--to", str(folder), "--detach", "--json")
    [kept] = json.loads(out)
    assert (code, kept["month"], kept["jobs"], kept["detached"]) == (0, "2025-03", 3, True)

    code, out, _ = await dossier("archive", "verify", kept["file"], kept["manifest"])
    assert code == 0
    assert out.count("verified, no changes found") == 2

    manifest = json.loads((folder / "events_2025_03.json").read_text())
    manifest["heads"][str(old[0])]["seq"] = 9
    (folder / "events_2025_03.json").write_text(json.dumps(manifest))
    code, out, _ = await dossier("archive", "verify", kept["manifest"])
    assert code == 1
    assert f"Job {old[0]}" in out


async def test_replay_of_all_passes_over_what_was_archived(dossier, old, owner, tmp_path):
    await dossier("archive", "--before", "2025-04", "--to", str(tmp_path), "--detach")

    _, out, _ = await dossier("replay", "--all", "--json")

    replayed = {json.loads(line)["job_id"] for line in out.splitlines()}
    assert replayed == {str(job_id) for job_id in await rows(owner)} - set(map(str, old))
    assert len(replayed) == 1


async def test_replay_of_all_reaches_every_tenant(dossier, writer):
    await add_tenant(writer.engine, "acme")
    theirs, _ = await handle.submit(writer, ResearchRequest("why?"), tenant="acme")
    ours = await submitted_job(writer)

    code, out, _ = await dossier("replay", "--all", "--json")

    assert code == 0
    assert {json.loads(line)["job_id"] for line in out.splitlines()} == {str(theirs.id), str(ours.id)}


async def test_rebuild_says_what_it_changed(dossier, writer, owner):
    await completed_job(writer)
    before = await rows(owner)
    await fetch(owner, "UPDATE jobs SET current_step = 'lies'")

    code, out, _ = await dossier("rebuild", "--processes", "2", "--json")

    assert code == 0
    assert json.loads(out) == {"jobs": 1, "events": 3, "changed": 1, "removed": 0, "busy": 0}
    assert await rows(owner) == before
