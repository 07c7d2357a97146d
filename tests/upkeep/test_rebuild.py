"""A rebuild runs beside the others, catches up, and swaps in.

Nobody waits for it.
"""

import asyncio
import os
import signal

import pytest

from app.domain import commands as c
from app.errors import BadSetting
from app.store import log
from app.store import rebuild as rebuilding
from app.store.database import fetch
from app.store.rebuild import rebuild, rebuild_at
from dossier.problems import DossierError
from tests.steps import as_worker, completed_job, row_of, rows, running_job, submitted_job
from tests.store.kinds import every_kind_of_job


async def follows(engine) -> bool:
    """Every row is what follows from its events."""
    stored = await rows(engine)
    return stored == {key: row_of(job) for key, job in (await log.load(engine, list(stored))).items()}


async def left_behind(owner):
    return await fetch(owner, rebuilding.LEFT_BEHIND)


async def test_several_processes_make_what_one_makes(writer, owner, database_url, monkeypatch):
    monkeypatch.setattr(rebuilding, "SLICE_SIZE", 3)
    await every_kind_of_job(writer)
    before, told = await rows(owner), []
    await fetch(owner, "DELETE FROM jobs WHERE status = 'completed'")
    await fetch(owner, "UPDATE jobs SET seq = seq + 7, current_step = 'lies' WHERE status = 'pending'")
    lies = len([1 for row in (await rows(owner)).values() if "lies" in row])

    found = await rebuild_at(database_url, processes=2, told=lambda *counts: told.append(counts))

    assert await rows(owner) == before
    events = (await fetch(owner, "SELECT count(*) FROM events"))[0][0]
    assert (found.jobs, found.events, found.removed, found.busy) == (len(before), events, 0, 0)
    assert found.changed == 1 + lies
    assert told[-1] == (found.jobs, found.events)
    assert await left_behind(owner) == []


async def test_rows_that_are_right_are_not_written_again(writer, owner):
    await every_kind_of_job(writer)
    versions = "SELECT job_id, xmin::text, ctid::text FROM jobs ORDER BY job_id"
    before = await fetch(owner, versions)

    await rebuild(owner)

    assert await fetch(owner, versions) == before


async def test_a_job_that_moves_between_its_fold_and_the_switch_is_folded_again(writer, owner, monkeypatch):
    jobs = [await running_job(writer) for _ in range(4)]
    await fetch(owner, "UPDATE jobs SET query = 'lies'")
    real = rebuilding._put_in_place

    async def late(*arguments):
        for job in jobs[:2]:
            await as_worker(writer, job, c.CompleteJob(job.epoch, "answered"))
        await submitted_job(writer)
        return await real(*arguments)

    monkeypatch.setattr(rebuilding, "_put_in_place", late)
    await rebuild(owner)

    assert await follows(owner)
    found = await rows(owner)
    assert [found[job.id][12] for job in jobs] == ["completed", "completed", "running", "running"]


async def test_readers_and_workers_go_on_while_it_runs(writer, owner, database_url, monkeypatch):
    monkeypatch.setattr(rebuilding, "SLICE_SIZE", 2)
    for _ in range(6):
        await completed_job(writer)
    count, done, seen = 6, asyncio.Event(), []

    async def work():
        nonlocal count
        while not done.is_set():
            await completed_job(writer)
            count += 1

    async def watch():
        while not done.is_set():
            seen.append(
                (await fetch(writer.engine, "SELECT count(*) FROM jobs WHERE status = 'completed'"))[0][0]
            )

    others = [asyncio.create_task(work()), asyncio.create_task(watch())]
    for _ in range(5):
        found = await rebuild(owner)
        assert found >= 6
    done.set()
    await asyncio.gather(*others)

    assert count > 6
    assert seen == sorted(seen)
    assert await follows(owner)
    assert len(await rows(owner)) == count


async def test_the_application_cannot_rebuild(engine, writer, owner):
    await completed_job(writer)

    with pytest.raises(BadSetting, match="owner"):
        await rebuild(engine)

    assert await left_behind(owner) == []


async def test_what_a_killed_rebuild_left_is_dropped_a_day_later(writer, owner):
    await completed_job(writer)
    await fetch(owner, "CREATE TABLE jobs_next_1000 (LIKE jobs)")

    await rebuild(owner)

    assert await left_behind(owner) == []


def killed(*_arguments):
    """Die as a process does that runs out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


async def test_a_process_that_is_killed_ends_the_rebuild_with_a_word_on_what_to_do(
    writer, owner, database_url, monkeypatch
):
    await completed_job(writer)
    await fetch(owner, "UPDATE jobs SET query = 'lies'")
    before = await rows(owner)
    monkeypatch.setattr(rebuilding, "_fold_there", killed)

    with pytest.raises(DossierError, match=r"was killed.* no row was changed.* fewer --processes"):
        await rebuild_at(database_url, processes=1)

    assert await rows(owner) == before
    assert await left_behind(owner) == []
