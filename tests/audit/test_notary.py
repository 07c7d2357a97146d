"""One process at a time makes checkpoints, and exports each once.

A checkpoint covers all that moved since the last.
"""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from app.audit import notary
from app.audit.notary import Notary
from app.domain.checkpoint import heads_of
from app.errors import BadSetting
from app.settings import load_settings
from app.store import checkpoints
from app.store.database import fetch
from tests.conftest import FAST, TestHouse, serving
from tests.steps import completed_job, submitted_job, until
from tests.store.kinds import every_kind_of_job


async def stored(engine):
    return [checkpoint async for checkpoint in checkpoints.after(engine)]


async def test_each_checkpoint_has_the_heads_of_the_jobs_that_moved_since_the_last(writer):
    first, second = await completed_job(writer), await submitted_job(writer)
    await notary.make(writer.engine, None)
    third = await submitted_job(writer)
    await notary.make(writer.engine, None)

    one, two = await stored(writer.engine)

    assert {head.job_id: head.hash for head in heads_of(one)} == {
        first.id: first.head_hash,
        second.id: second.head_hash,
    }
    assert [(head.job_id, head.seq, head.hash) for head in heads_of(two)] == [(third.id, 1, third.head_hash)]
    assert two.previous == one.hash
    assert await notary.make(writer.engine, None) == []


async def test_what_one_checkpoint_has_no_room_for_comes_with_the_next(writer, monkeypatch):
    await every_kind_of_job(writer)
    monkeypatch.setattr(checkpoints, "MOVED", checkpoints.MOVED.replace(f"{checkpoints.MAX_COVERED}", "5"))

    made = await notary.make(writer.engine, None)

    heads = {head.job_id: head.seq for checkpoint in made for head in heads_of(checkpoint)}
    rows = await fetch(writer.engine, "SELECT job_id, seq FROM jobs")
    assert len(made) > 3
    assert heads == {row[0]: row[1] for row in rows}


async def test_events_of_a_transaction_that_still_runs_are_not_passed_over(writer, tamper):
    before = await submitted_job(writer)
    transaction = tamper.connection.transaction()
    await transaction.start()
    await tamper.connection.execute("SELECT pg_current_xact_id()")
    late = await submitted_job(writer)
    [first] = await notary.make(writer.engine, None)
    await transaction.rollback()
    [second] = await notary.make(writer.engine, None)

    assert [head.job_id for head in heads_of(first)] == [before.id]
    assert [head.job_id for head in heads_of(second)] == [late.id]


async def test_of_many_who_make_one_at_a_time_each_number_is_made_once(writer):
    await every_kind_of_job(writer)

    made = await asyncio.gather(*(notary.make(writer.engine, None) for _ in range(6)))

    assert sum(map(len, made)) == 1
    assert [checkpoint.number for checkpoint in await stored(writer.engine)] == [1]


async def test_the_file_gets_each_checkpoint_once_whoever_exports(writer, tmp_path):
    file = tmp_path / "out.ndjson"
    for _ in range(3):
        await submitted_job(writer)
        await notary.make(writer.engine, None)
        await asyncio.gather(*(notary.export(writer.engine, file) for _ in range(3)))

    assert notary.read(file) == await stored(writer.engine)
    assert await notary.export(writer.engine, file) == 0


async def test_nothing_is_appended_to_a_file_that_the_database_contradicts(writer, tamper, tmp_path):
    file = tmp_path / "out.ndjson"
    await submitted_job(writer)
    await notary.make(writer.engine, None)
    await notary.export(writer.engine, file)
    await tamper("UPDATE checkpoints SET up_to = '9-9'")
    before = file.read_bytes()

    with pytest.raises(BadSetting, match="run `dossier verify`"):
        await notary.export(writer.engine, file)

    assert file.read_bytes() == before


async def test_the_role_of_the_application_cannot_change_checkpoints_nor_can_the_owner_by_mistake(
    writer, owner
):
    import asyncpg

    await submitted_job(writer)
    await notary.make(writer.engine, None)
    for engine in (writer.engine, owner):
        for statement in (
            "UPDATE checkpoints SET up_to = ''",
            "DELETE FROM checkpoints",
            "TRUNCATE checkpoints",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await engine.fetch(statement)


async def test_a_process_that_works_makes_them_by_itself(database_url, tmp_path, keys):
    file = tmp_path / "out.ndjson"
    settings = replace(FAST, checkpoint_seconds=0.2, checkpoint_file=str(file))
    house = TestHouse(settings, database_url)
    house.signer = keys[0]
    await submitted_job(house.writer)

    async def exported():
        return file.exists() and file.stat().st_size > 0

    async with serving(house, workers=1):
        await until(exported)

    assert {checkpoint.key for checkpoint in notary.read(file)} == {keys[0].key}


async def test_a_checkpoint_that_another_process_has_just_made_is_not_made_again(writer):
    await submitted_job(writer)
    patient = Notary(timedelta(hours=1))
    await patient.look(writer.engine)
    await submitted_job(writer)
    await patient.look(writer.engine)

    assert len(await stored(writer.engine)) == 1


async def test_what_goes_wrong_is_logged_and_does_not_end_the_notary(writer, tmp_path, caplog):
    hopeless = Notary(timedelta(seconds=0.05), None, tmp_path)  # a folder cannot be appended to
    task = asyncio.create_task(hopeless.run(writer.engine))

    async def told_twice():
        return sum("could not be made or exported" in record.getMessage() for record in caplog.records) > 1

    await until(told_twice)
    assert not task.done()
    task.cancel()


def test_a_schedule_that_makes_no_sense_is_refused():
    with pytest.raises(BadSetting, match="DOSSIER_CHECKPOINT_SECONDS"):
        load_settings({"DOSSIER_CHECKPOINT_SECONDS": "-1"})
