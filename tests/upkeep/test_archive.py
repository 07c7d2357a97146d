"""A month leaves the database as a verifiable file that still answers."""

import json
import os
import shutil
from datetime import UTC, datetime

import httpx
import pytest
import zstandard

from app.api import jobs
from app.audit import archive as archiving
from app.audit.archive import archive, check
from app.audit.verify import verify
from app.domain.upkeep import fault
from app.errors import BadSetting, StillNeeded, WrongVersion
from app.store import archive_months as store
from app.store import upkeep_log
from app.store.database import fetch
from app.store.rebuild import rebuild
from tests.conftest import serving
from tests.steps import completed_job, rows, whole_log
from tests.upkeep.old_jobs import OLD, old_id, old_job

APRIL = datetime(2025, 4, 1, tzinfo=UTC)


async def archived(owner, folder, *, detach=True):
    return [one async for one in archive(owner, APRIL, folder, detach=detach)]


async def test_a_month_is_written_detached_and_verified(old, owner, writer, tmp_path, database_url):
    logs = {job_id: await whole_log(owner, job_id) for job_id in old}

    [kept] = await archived(owner, tmp_path)

    assert (kept.manifest.month, kept.manifest.jobs, kept.detached) == ("2025-03", 3, True)
    assert kept.manifest.events == sum(map(len, logs.values()))
    assert (kept.manifest.first_job, kept.manifest.last_job) == (min(old), max(old))
    assert check(kept.path).ok
    assert check(kept.path.with_name(kept.manifest.file)).ok
    assert await whole_log(owner, old[0]) == []
    lines = (
        zstandard.ZstdDecompressor()
        .stream_reader((tmp_path / kept.manifest.file).read_bytes())
        .read()
        .splitlines()
    )
    events = [json.loads(line) for line in lines]
    for job_id, stored in logs.items():
        assert [e["data"] for e in events if e["job_id"] == str(job_id)] == [row.data for row in stored]
    [said] = await upkeep_log.entries(owner)
    assert said.type == "month_archived"
    assert json.loads(said.data)["file_sha256"] == kept.manifest.sha256
    assert fault([said]) is None
    assert (await verify(database_url, archives=[kept.path])).ok
    assert await archived(owner, tmp_path) == []


async def test_the_files_and_their_names_are_on_the_disk_before_the_month_leaves(
    old, owner, tmp_path, monkeypatch
):
    seen, sync, detach = [], os.fsync, store.detach

    def note(descriptor):
        seen.append(os.fstat(descriptor).st_ino)
        sync(descriptor)

    async def note_detached(*args, **given):
        seen.append("detached")
        await detach(*args, **given)

    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(store, "detach", note_detached)
    [kept] = await archived(owner, tmp_path)

    file, folder, manifest = (
        path.stat().st_ino for path in (tmp_path / kept.manifest.file, tmp_path, kept.path)
    )
    assert seen == [file, folder, manifest, folder, "detached"]


async def test_without_detach_nothing_leaves(old, owner, tmp_path):
    [kept] = await archived(owner, tmp_path, detach=False)

    assert check(kept.path).ok
    assert len(await whole_log(owner, old[0])) > 1
    assert await upkeep_log.entries(owner) == []


async def test_an_archived_job_still_has_its_row_and_its_log_is_said_to_be_elsewhere(
    old, owner, house, tmp_path
):
    before = await rows(owner)
    await archived(owner, tmp_path)
    await rebuild(owner)

    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url, timeout=90) as http:
        job = await http.get(f"/jobs/{old[0]}")
        report = await http.get(f"/jobs/{old[0]}/report")
        listed = (await http.get("/jobs")).json()["jobs"]

    assert await rows(owner) == before
    assert (job.status_code, job.json()["status"]) == (200, "cancelled")
    assert (report.status_code, report.json()["code"]) == (404, "report_not_ready")
    assert len(listed) == 4


NEED_EVENTS = {
    "GET /jobs/{old}?at=1": {},
    "GET /jobs/{old}/events": {},
    "GET /jobs/{old}/events ": {"headers": {"Accept": "text/event-stream"}},
    "GET /jobs/{old}/stream": {},
    "GET /jobs/{old}/sources/1": {},
    "GET /jobs/{old}/claims": {},
    "GET /jobs/{old}/bundle": {},
    "GET /jobs/{old}/diff/{young}": {},
    "GET /jobs/{young}/diff/{old}": {},
    "POST /jobs/{old}/fork": {"json": {}},
    "POST /jobs/{old}/replay": {},
    "POST /jobs/{old}/input": {"json": {"answers": ["yes"]}},
    "DELETE /jobs/{old}": {},
}


async def asked(http, old, young) -> dict[str, httpx.Response]:
    """The answers to all that needs the events of the job `old`."""
    found = {}
    for call, options in NEED_EVENTS.items():
        method, path = call.format(old=old, young=young).split()
        found[call] = await http.request(method, path, **options)
    return found


async def test_whatever_needs_the_events_of_an_archived_job_says_where_they_are(
    old, owner, writer, house, tmp_path
):
    young = await completed_job(writer)
    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url, timeout=90) as http:
        before = await asked(http, old[0], young.id)
        [kept] = await archived(owner, tmp_path)
        gone = await asked(http, old[0], young.id)
        bounds = f"FROM ('{kept.manifest.starts}') TO ('{kept.manifest.ends}')"
        await fetch(owner, f"ALTER TABLE events ATTACH PARTITION events_2025_03 FOR VALUES {bounds}")
        again = await asked(http, old[0], young.id)

    for call, answer in gone.items():
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (410, "job_archived"), call
        assert answer.headers["content-type"] == "application/problem+json", call
        assert "`dossier archive verify`" in problem["detail"]
        assert before[call].status_code == again[call].status_code != 410, call


async def test_a_key_whose_job_was_archived_makes_no_second_job(old, owner, house, tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "uuid7", lambda: old_id(OLD))
    again = {"json": {"query": "why?"}, "headers": {"Idempotency-Key": "once"}}
    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url, timeout=90) as http:
        first = await http.post("/jobs", **again)
        job_id = first.json()["job_id"]
        await http.delete(f"/jobs/{job_id}")
        await archived(owner, tmp_path)
        answer = await http.post("/jobs", **again)

    assert first.status_code == 201
    assert (answer.status_code, answer.json()["code"]) == (410, "job_archived")
    assert job_id in answer.json()["detail"]


async def test_a_log_that_leaves_while_it_is_read_is_no_shorter_bundle(old, owner, house, tmp_path):
    """What is left of the events must not be signed.

    The head was read, the events were not yet.
    """
    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url, timeout=90) as http:
        await fetch(owner, "ALTER TABLE events DETACH PARTITION events_2025_03")  # nothing says so yet
        answer = await http.get(f"/jobs/{old[0]}/bundle")

    assert (answer.status_code, answer.json()["code"]) == (410, "job_archived")
    assert "`dossier verify` says which" in answer.json()["detail"]


async def test_a_month_that_is_attached_again_is_no_longer_archived(
    old, owner, house, tmp_path, database_url
):
    [kept] = await archived(owner, tmp_path)
    bounds = f"FROM ('{kept.manifest.starts}') TO ('{kept.manifest.ends}')"
    await fetch(owner, f"ALTER TABLE events ATTACH PARTITION events_2025_03 FOR VALUES {bounds}")

    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url, timeout=90) as http:
        answer = await http.get(f"/jobs/{old[0]}/events")

    assert answer.status_code == 200
    assert len(answer.json()["events"]) == len(await whole_log(owner, old[0])) > 1
    assert (await verify(database_url)).ok


async def test_a_job_that_is_not_over_keeps_its_month(old, owner, writer, tmp_path):
    alive = await old_job(writer, over=False)

    with pytest.raises(StillNeeded, match=str(alive)):
        await archived(owner, tmp_path)

    assert list(tmp_path.iterdir()) == []
    assert len(await whole_log(owner, old[0])) > 1


async def test_an_event_that_came_after_the_file_was_written_keeps_the_month(
    old, owner, writer, tmp_path, monkeypatch
):
    real = archiving.check

    def slow(path):
        fetched.append(path)
        return real(path)

    fetched = []
    monkeypatch.setattr(archiving, "check", slow)
    months = await store.months(owner, APRIL)
    manifest, path = await archiving._write(owner, months[0], tmp_path)
    await old_job(writer)

    with pytest.raises(WrongVersion):
        await archiving._detach(owner, months[0], manifest, path)

    assert len(await whole_log(owner, old[0])) > 1
    assert await upkeep_log.entries(owner) == []


async def test_the_month_that_runs_is_never_archived(writer, owner, tmp_path):
    await completed_job(writer)

    kept = [one async for one in archive(owner, datetime(2999, 1, 1, tzinfo=UTC), tmp_path, detach=True)]

    assert kept == []


async def test_the_application_may_not_detach(old, engine, owner, tmp_path):
    with pytest.raises(BadSetting):
        await archived(engine, tmp_path)

    assert len(await whole_log(owner, old[0])) > 1


# What was done to a file


def changed(kept, what) -> None:
    """Write the file of events anew, its lines changed by `what`."""
    file = kept.path.with_name(kept.manifest.file)
    text = zstandard.ZstdDecompressor().stream_reader(file.read_bytes()).read().splitlines(keepends=True)
    file.write_bytes(zstandard.compress(b"".join(what(text))))


def of_job(lines, job_id):
    return [n for n, line in enumerate(lines) if str(job_id).encode() in line]


async def findings_after(owner, folder, what):
    [kept] = await archived(owner, folder, detach=False)
    changed(kept, what)
    return check(kept.path).findings


async def test_a_flipped_byte_of_an_event_is_named(old, owner, tmp_path):
    def flip(lines):
        at = of_job(lines, old[1])[1]
        return [*lines[:at], lines[at].replace(b"api", b"apj"), *lines[at + 1 :]]

    first, second = await findings_after(owner, tmp_path, flip)

    assert "is not the file that the manifest knows" in first.message
    assert (second.kind, second.job_id, second.seq) == ("changed", old[1], 2)


async def test_a_line_that_was_taken_out_is_named(old, owner, tmp_path):
    def cut(lines):
        return [line for n, line in enumerate(lines) if n != of_job(lines, old[2])[0]]

    assert ("removed", old[2], 1) in {
        (f.kind, f.job_id, f.seq) for f in await findings_after(owner, tmp_path, cut)
    }


async def test_an_end_that_was_cut_off_is_named(old, owner, tmp_path):
    def cut(lines):
        return [line for n, line in enumerate(lines) if n != of_job(lines, old[0])[-1]]

    assert any(f.job_id == old[0] and f.seq for f in await findings_after(owner, tmp_path, cut))


async def test_a_job_that_was_taken_out_is_named(old, owner, tmp_path):
    def cut(lines):
        return [line for n, line in enumerate(lines) if n not in of_job(lines, old[1])]

    found = {(f.kind, f.job_id) for f in await findings_after(owner, tmp_path, cut)}

    assert ("removed", old[1]) in found


async def test_a_flipped_byte_of_the_file_is_named(old, owner, tmp_path):
    [kept] = await archived(owner, tmp_path, detach=False)
    file = kept.path.with_name(kept.manifest.file)
    body, where = file.read_bytes(), tmp_path / "copy"
    where.mkdir()
    for at in range(0, len(body), 97):
        shutil.copy(kept.path, where)
        (where / file.name).write_bytes(body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])
        assert not check(where / kept.path.name).ok, at


async def test_a_whole_job_survives_the_way_out_and_back(old, owner, tmp_path):
    stored = await whole_log(owner, old[0])
    [kept] = await archived(owner, tmp_path, detach=False)

    back = [row for row in archiving._rows(tmp_path / kept.manifest.file) if row.job_id == old[0]]

    assert [row.line() for row in back] == [row.line() for row in stored]
    assert [row.recorded() for row in back] == [row.recorded() for row in stored]
