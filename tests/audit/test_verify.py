"""Any tampering by the owner is found, and the first event named."""

import asyncio
import json
from datetime import date
from importlib import import_module
from uuid import UUID

import psutil
import pytest

from app.audit import notary
from app.audit.verify import verify
from app.domain.checkpoint import JobHead, heads_of
from app.domain.event_kinds import EVENT_KINDS, blobs_named
from app.store import blobs, checkpoints, upkeep_log
from app.store.forget import forget, plan_job, plan_pages
from dossier.problems import DossierError
from dossier.request import Sources
from tests.audit.conftest import researched
from tests.audit.forge import mend, rechain, rechain_upkeep
from tests.steps import until, whole_log
from tests.store.kinds import every_kind_of_job
from tests.worker.crashes import crash_and_resume

CHECKED = import_module("migrations.versions.0043_checked_bodies").CHECKED
MIDDLE = 8  # an event in the middle of the run


@pytest.fixture
async def job(house) -> UUID:
    """A whole run, and no checkpoint."""
    return UUID(await researched(house))


async def found(url, **options):
    return (await verify(url, **options)).findings


async def only(url, **options):
    [finding] = await found(url, **options)
    return finding


async def test_nothing_is_found_where_nothing_was_done(writer, database_url, house, keys):
    await every_kind_of_job(writer)
    await crash_and_resume(house, 4, before_commit=False)
    before = await verify(database_url)
    await notary.make(writer.engine, keys[0])

    verdict = await verify(database_url, public=keys[1])

    assert verdict.ok
    assert verdict.jobs >= 8
    assert verdict.events > 30
    assert verdict.pages >= 4
    assert (verdict.checkpoints, verdict.signed, verdict.uncovered) == (1, 1, 0)
    assert before.uncovered == before.jobs == verdict.jobs


ONE_BYTE = {
    "data": "data = regexp_replace(data::text, '[a-z]\"', 'X\"')::json",
    "data, a space": "data = overlay(data::text placing '{ ' from 1 for 1)::json",
    "actor": "actor = 'x' || substr(actor, 2)",
    "occurred_at": "occurred_at = occurred_at + interval '1 microsecond'",
    "type": "type = 'x' || substr(type, 2)",
    "status": "status = 'r' || 'Unning'",
    "progress": "progress = progress + 1",
    "epoch": "epoch = epoch + 1",
    "epoch, none": "epoch = NULL",
    "schema_version": "schema_version = schema_version + 1",
    "prev_hash": "prev_hash = set_byte(prev_hash, 31, get_byte(prev_hash, 31) # 1)",
    "hash": "hash = set_byte(hash, 0, get_byte(hash, 0) # 1)",
}


@pytest.mark.parametrize("where", ["first", "middle", "last"])
@pytest.mark.parametrize("what", ONE_BYTE)
async def test_one_byte_of_an_event_is_caught_and_named(job, engine, tamper, database_url, what, where):
    rows = await whole_log(engine, job)
    seq = {"first": 2, "middle": MIDDLE, "last": len(rows)}[where]
    await tamper(f"UPDATE events SET {ONE_BYTE[what]} WHERE seq = {seq}")
    if (await whole_log(engine, job)) == rows:
        pytest.skip("the terminal event has no such byte")

    finding = await only(database_url)

    assert (finding.kind, finding.job_id, finding.seq) == ("changed", job, seq)
    assert f"event {seq} was changed" in finding.message
    if what in {"hash", "prev_hash"}:
        assert "hash" in finding.message


async def test_an_event_that_no_longer_loads_or_folds_is_reported_and_nothing_else_stops(
    job, writer, tamper, database_url
):
    await every_kind_of_job(writer)
    await tamper(f"UPDATE events SET data = '[]' WHERE job_id = '{job}' AND seq = 3")

    finding = await only(database_url)

    assert (finding.kind, finding.job_id, finding.seq) == ("changed", job, 3)
    assert "readable" in finding.rules


@pytest.mark.parametrize(("first", "second"), [(6, 7), (5, 9), (2, 12)])
async def test_events_that_changed_places_are_caught_and_named(job, tamper, database_url, first, second):
    await tamper(
        f"UPDATE events SET seq = 100000 WHERE seq = {first}",
        f"UPDATE events SET seq = {first} WHERE seq = {second}",
        f"UPDATE events SET seq = {second} WHERE seq = 100000",
    )

    finding = await only(database_url)

    assert (finding.kind, finding.seq) == ("reordered", first)
    assert f"event {first} was moved: it is event {second} now" in finding.message


async def test_an_event_that_was_removed_is_named(job, tamper, database_url):
    await tamper(f"DELETE FROM events WHERE seq = {MIDDLE}")

    finding = await only(database_url)

    assert (finding.kind, finding.seq) == ("removed", MIDDLE)
    assert f"event {MIDDLE} was removed." in finding.message


async def test_events_that_were_removed_and_the_rest_renumbered_are_named(job, tamper, database_url):
    await tamper(
        f"DELETE FROM events WHERE seq IN ({MIDDLE}, {MIDDLE + 1})",
        f"UPDATE events SET seq = seq + 100000 WHERE seq > {MIDDLE}",
        "UPDATE events SET seq = seq - 100002 WHERE seq > 100000",
    )

    finding = await only(database_url)

    assert (finding.kind, finding.seq) == ("removed", MIDDLE)
    assert f"events {MIDDLE} to {MIDDLE + 1} were removed" in finding.message


async def test_the_first_event_and_a_whole_log_that_were_removed_are_named(job, tamper, database_url):
    await tamper("DELETE FROM events WHERE seq = 1")
    first = await only(database_url)
    await tamper("DELETE FROM events")
    all_ = await only(database_url)

    assert (first.kind, first.seq) == ("removed", 1)
    assert (all_.kind, all_.seq) == ("removed", 1)
    assert "all its events were removed" in all_.message


INSERT = """
    INSERT INTO events (job_id, seq, type, schema_version, status, progress, data, actor, epoch, occurred_at,
                        prev_hash, hash)
    SELECT job_id, {seq}, type, schema_version, status, progress, data, actor, epoch, occurred_at, {prev},
           {hash} FROM events WHERE seq = {like}"""
HASHED = """event_hash({prev}, schema_version, actor, epoch,
            event_line(job_id, {seq}, type, schema_version, status, progress, occurred_at, data::text))"""


@pytest.mark.parametrize("hashed", [True, False])
async def test_an_event_that_was_inserted_is_named(job, tamper, database_url, hashed):
    """An inserted event is named whether or not its hash fits.

    The events after it were renumbered.
    """
    await tamper(
        f"UPDATE events SET seq = seq + 100000 WHERE seq >= {MIDDLE}",
        "UPDATE events SET seq = seq - 99999 WHERE seq > 100000",
    )
    before = f"(SELECT hash FROM events WHERE seq = {MIDDLE - 1})"
    digest = HASHED.format(prev=before, seq=MIDDLE) if hashed else "sha256('x')"
    await tamper(INSERT.format(seq=MIDDLE, prev=before, hash=digest, like=MIDDLE - 1))

    finding = await only(database_url)

    assert (finding.kind, finding.seq) == ("inserted", MIDDLE)


async def test_an_event_that_was_added_at_the_end_is_named(job, engine, tamper, database_url):
    last = len(await whole_log(engine, job))
    before = f"(SELECT hash FROM events WHERE seq = {last})"
    digest = HASHED.format(prev=before, seq=last + 1)
    await tamper(INSERT.format(seq=last + 1, prev=before, hash=digest, like=last - 2))

    finding = await only(database_url)

    assert (finding.kind, finding.seq) == ("inserted", last + 1)


async def test_a_log_that_was_cut_off_is_named_by_its_row(job, engine, tamper, database_url):
    last = len(await whole_log(engine, job))
    await tamper(f"DELETE FROM events WHERE seq > {last - 3}")

    finding = await only(database_url)

    assert (finding.kind, finding.seq) == ("cut_off", last - 2)
    assert f"cut off after event {last - 3}: its row knows event {last}" in finding.message


async def test_a_log_that_was_cut_off_row_and_all_is_named_by_a_checkpoint(job, owner, tamper, database_url):
    await notary.make(owner, None)
    last = len(await whole_log(owner, job))
    await tamper(f"DELETE FROM events WHERE seq > {MIDDLE}")
    await mend(owner, tamper.connection, job)

    finding = await only(database_url)

    assert (finding.kind, finding.seq) == ("cut_off", MIDDLE + 1)
    assert f"checkpoint 1 knows event {last}" in finding.message


async def test_without_a_checkpoint_a_log_that_was_cut_off_row_and_all_passes(
    job, owner, tamper, database_url
):
    """This is what is not proven, as docs/audit.md says."""
    await tamper(f"DELETE FROM events WHERE seq > {MIDDLE}")
    await mend(owner, tamper.connection, job)
    await tamper("INSERT INTO leases SELECT job_id, epoch, 'w', now() FROM jobs ON CONFLICT DO NOTHING")

    verdict = await verify(database_url)

    assert verdict.ok
    assert verdict.uncovered == 1


async def test_a_job_that_was_taken_out_of_every_table_is_named_by_a_checkpoint(
    job, owner, tamper, database_url
):
    await notary.make(owner, None)
    await tamper("DELETE FROM events", "DELETE FROM jobs")

    finding = await only(database_url)

    assert (finding.kind, finding.job_id, finding.seq) == ("removed", job, 1)


async def test_a_whole_chain_that_was_written_anew_is_caught_by_a_checkpoint(
    job, house, owner, tamper, database_url, keys
):
    await notary.make(owner, keys[0])
    await tamper(f"UPDATE events SET actor = 'worker:nobody' WHERE seq = {MIDDLE}")
    await rechain(owner, tamper.connection, job)

    finding = await only(database_url, public=keys[1])

    assert (finding.kind, finding.job_id) == ("rewritten", job)
    assert "rewritten with new hashes: checkpoint 1 knows other ones" in finding.message


async def test_checkpoints_that_were_made_anew_with_the_chain_are_caught_by_the_key_or_the_file(
    job, owner, tamper, database_url, keys, tmp_path
):
    """Within the database everything agrees again."""
    file = tmp_path / "checkpoints.ndjson"
    await notary.make(owner, keys[0])
    await notary.export(owner, file)
    await tamper(f"UPDATE events SET actor = 'worker:nobody' WHERE seq = {MIDDLE}")
    await rechain(owner, tamper.connection, job)
    await tamper("DELETE FROM checkpoints")
    await notary.make(owner, None)

    inside = await verify(database_url)
    by_key = await only(database_url, public=keys[1])
    by_file = await found(database_url, exported=notary.read(file))

    assert inside.ok  # which is why a key, or a file outside, is needed
    assert by_key.kind == "checkpoint"
    assert "checkpoint 1 is not signed" in by_key.message
    assert {finding.kind for finding in by_file} == {"checkpoint", "rewritten"}
    assert [finding.job_id for finding in by_file if finding.kind == "rewritten"] == [job]


CHECKPOINTS = {
    "UPDATE checkpoints SET made_at = made_at + interval '1 microsecond' WHERE number = 2": ("changed", 2),
    "UPDATE checkpoints SET heads = overlay(heads placing '0' from 3 for 1) WHERE number = 1": ("changed", 1),
    "UPDATE checkpoints SET up_to = '9' || up_to WHERE number = 3": ("changed", 3),
    "UPDATE checkpoints SET key = 'x' || substr(key, 2) WHERE number = 1": ("changed", 1),
    "UPDATE checkpoints SET hash = sha256('x') WHERE number = 2": ("changed", 2),
    "UPDATE checkpoints SET previous = sha256('x') WHERE number = 3": ("changed", 3),
    "UPDATE checkpoints SET signature = set_byte(signature, 63, get_byte(signature, 63) # 1)": ("forged", 1),
    "UPDATE checkpoints SET signature = NULL WHERE number = 2": ("forged", 2),
    "DELETE FROM checkpoints WHERE number = 2": ("removed", 2),
    "DELETE FROM checkpoints WHERE number = 1": ("removed", 1),
    "UPDATE checkpoints SET number = number + 1": ("removed", 1),
    "DELETE FROM checkpoints WHERE number = 3": (None, 3),
    "DELETE FROM checkpoints": (None, 1),
}


@pytest.mark.parametrize("tampering", CHECKPOINTS)
async def test_a_checkpoint_that_was_changed_removed_or_forged_is_named(
    writer, owner, tamper, database_url, keys, tmp_path, tampering
):
    file, (kind, number) = tmp_path / "checkpoints.ndjson", CHECKPOINTS[tampering]
    for _ in range(3):
        await every_kind_of_job(writer)
        await notary.make(owner, keys[0])
        await notary.export(owner, file)
    if "number + 1" in tampering:
        await tamper("UPDATE checkpoints SET number = number + 100")
        tampering = tampering.replace("+ 1", "- 99")
    await tamper(tampering)

    inside = await found(database_url, public=keys[1])
    outside = await found(database_url, public=keys[1], exported=notary.read(file))

    if kind is None:  # the newest were cut off: only the file knows
        assert inside == ()
    else:
        assert [(f.kind, f.seq, f.rules) for f in inside] == [("checkpoint", number, (kind,))]
    assert outside
    assert {(f.kind, f.seq) for f in outside} == {("checkpoint", number)}
    assert all(f"checkpoint {number} " in f.message for f in outside)


async def test_a_key_that_is_not_the_right_one_is_named(writer, database_url, keys):
    from app.domain.signature import generate, signer

    await every_kind_of_job(writer)
    await notary.make(writer.engine, signer(generate()[0]))

    finding = await only(database_url, public=keys[1])

    assert finding.rules == ("forged",)
    assert "is signed with key" in finding.message


COLUMNS = {
    "status = 'pending', completed_at = NULL": "status",
    "progress = 99": "progress",
    "current_step = 'lies'": "current_step",
    "result = '{}'": "result",
    "usage = '{}'": "usage",
    "request = '{}'": "request",
    "query = 'lies'": "query",
    "tenant = 'lies'": "tenant",
    "tags = '{x}'": "tags",
    "priority = 7": "priority",
    "created_at = created_at + interval '1 microsecond'": "created_at",
    "epoch = 7": "epoch",
}


@pytest.mark.parametrize("tampering", COLUMNS)
async def test_a_column_of_a_projection_that_was_changed_is_named(job, tamper, database_url, tampering):
    await tamper(f"UPDATE jobs SET {tampering}")

    finding = await only(database_url)

    assert (finding.kind, finding.job_id) == ("row", job)
    assert f"{COLUMNS[tampering]} is " in finding.message


def damage(name) -> tuple[str, ...]:
    """Change a body before Postgres is told to hash what is written."""
    changed = f"UPDATE blobs SET body = set_byte(body, 5, get_byte(body, 5) # 1) WHERE sha256 = '{name}'"
    return "ALTER TABLE blobs DROP CONSTRAINT blobs_body_check", changed, CHECKED


async def test_one_byte_of_a_page_is_caught_and_named(job, engine, tamper, database_url):
    read = [row for row in await whole_log(engine, job) if row.type == "page_read"]
    name = read[0].recorded().event.sha256
    await tamper(*damage(name))

    finding = await only(database_url)

    assert (finding.kind, finding.job_id) == ("page", job)
    assert name in finding.message


async def kept_for(engine, job, type_, field="sha256") -> list[tuple[int, str]]:
    """List the bodies that this field of such events names, by `seq`."""
    rows = [row for row in await whole_log(engine, job) if row.type == type_]
    named = [(row.seq, [*blobs_named(row.type, row.data)]) for row in rows]
    return [(seq, name) for seq, found in named for name, place in found if place.name == field]


# No call of this job fails; a refused reply is named by the same field as a reply.
# No page of it is set aside.
NAMED = [
    (kind.name, field.name)
    for kind in EVENT_KINDS.values()
    for field in kind.blobs
    if kind.name not in {"call_failed", "page_set_aside"}
]


@pytest.mark.parametrize(("type_", "field"), NAMED)
async def test_a_body_that_is_gone_without_a_tombstone_is_named(
    job, engine, tamper, database_url, type_, field
):
    seq, name = (await kept_for(engine, job, type_, field))[0]
    what = "page" if type_ == "page_read" else "body"
    await tamper(f"DELETE FROM blobs WHERE sha256 = '{name}'")

    finding = await only(database_url)

    assert (finding.kind, finding.job_id, finding.seq) == ("page", job, seq)
    assert f"the {what} {name} of event {seq} is missing" in finding.message
    assert "no tombstone" in finding.message


async def test_a_page_set_aside_that_is_gone_is_named(house, engine, tamper, database_url):
    house.search.published = {"https://example.com/a": "2019-03-02"}
    job = UUID(await researched(house, sources=Sources(published_after=date(2020, 1, 1))))
    [(seq, name)] = await kept_for(engine, job, "page_set_aside")
    await tamper(f"DELETE FROM blobs WHERE sha256 = '{name}'")

    finding = await only(database_url)

    assert (finding.kind, finding.job_id, finding.seq) == ("page", job, seq)
    assert f"the page {name} of event {seq} is missing" in finding.message


async def test_all_inputs_of_models_that_are_gone_are_named(job, engine, tamper, database_url):
    (seq, _), *_ = await kept_for(engine, job, "call_requested", "input_sha256")
    await tamper(
        "DELETE FROM blobs USING events WHERE type = 'call_requested' AND sha256 = data ->> 'input_sha256'"
    )

    finding = await only(database_url)

    assert (finding.kind, finding.job_id, finding.seq) == ("page", job, seq)


async def test_a_part_of_a_prompt_that_is_gone_is_named(job, engine, tamper, database_url):
    seq, whole = (await kept_for(engine, job, "call_requested", "prompt_sha256"))[0]
    [body] = (await blobs.get(engine, [whole])).values()
    part = json.loads(body)[0]["sha256"]
    await tamper(f"DELETE FROM blobs WHERE sha256 = '{part}'")

    finding = await only(database_url)

    assert (finding.kind, finding.seq) == ("page", seq)
    assert part in finding.message


async def test_a_body_that_was_forgotten_is_counted_and_excuses_no_other(
    job, engine, owner, tamper, database_url
):
    (_, first), (seq, second) = await kept_for(engine, job, "page_read")
    await forget(owner, await plan_pages(owner, [first]))
    excused = await verify(database_url)
    await tamper(f"DELETE FROM blobs WHERE sha256 = '{second}'")
    lost = await verify(database_url)
    await forget(owner, await plan_job(owner, job))  # which finds nothing to forget of the second
    late = await verify(database_url)

    assert (excused.ok, excused.forgotten) == (True, 1)
    assert [(f.kind, f.seq) for f in lost.findings] == [("page", seq)]
    assert lost.forgotten == 1
    assert late.findings == lost.findings
    assert late.forgotten > 5


# The log of upkeep


@pytest.fixture
async def tombstones(job, owner, keys, tamper) -> int:
    """Write six tombstones, with checkpoints after the third and the last.

    Returns how many there are.
    """
    names = [row[0] for row in await owner.fetch("SELECT sha256 FROM blobs ORDER BY sha256 LIMIT 6")]
    for number, name in enumerate(names, 1):
        await forget(owner, await plan_pages(owner, [name]), "asked for")
        if number in {3, len(names)}:
            await notary.make(owner, keys[0])
    return len(names)


async def test_a_checkpoint_covers_the_log_of_upkeep_though_no_job_moved(
    tombstones, owner, database_url, keys
):
    stored = [checkpoint async for checkpoint in checkpoints.after(owner)]
    entries = await upkeep_log.entries(owner)

    said = [[head for head in heads_of(checkpoint) if head.job_id is None] for checkpoint in stored]
    assert said == [[JobHead(None, n, entries[n - 1].hash)] for n in (3, tombstones)]
    assert await notary.make(owner, keys[0]) == []
    assert (await verify(database_url, public=keys[1])).ok


async def test_a_log_of_upkeep_that_was_written_anew_is_caught_and_named(
    tombstones, owner, tamper, database_url, keys
):
    never = "UPDATE upkeep SET data = replace(data::text, 'asked for', 'never asked')::json"
    await tamper(f"{never} WHERE number = {tombstones}")
    await rechain_upkeep(owner, tamper.connection)
    last = await only(database_url, public=keys[1])
    await tamper("UPDATE upkeep SET actor = 'owner:nobody' WHERE number = 2")
    await rechain_upkeep(owner, tamper.connection)
    early = await only(database_url, public=keys[1])

    assert (last.kind, last.seq) == ("upkeep", 4)  # the first that the checkpoint before does not cover
    assert f"Of entries 4 to {tombstones} one of the log of upkeep was rewritten" in last.message
    assert "checkpoint 2 knows other ones" in last.message
    assert (early.kind, early.seq) == ("upkeep", 1)
    assert "checkpoint 1 knows other ones" in early.message


@pytest.mark.parametrize("left", [5, 3, 0])
async def test_a_log_of_upkeep_whose_end_was_cut_off_is_caught_and_named(
    tombstones, tamper, database_url, left
):
    await tamper(f"DELETE FROM upkeep WHERE number > {left}")

    cut, *lost = await found(database_url)

    knows = 1 if left < 3 else 2
    assert (cut.kind, cut.seq) == ("upkeep", left + 1)
    assert f"cut off after entry {left}: checkpoint {knows} knows entry" in cut.message
    assert {finding.kind for finding in lost} <= {"page"}  # what those tombstones excused


async def test_checkpoints_that_were_made_anew_with_the_log_of_upkeep_are_caught_by_the_file(
    tombstones, owner, tamper, database_url, tmp_path
):
    file = tmp_path / "checkpoints.ndjson"
    await notary.export(owner, file)
    await tamper("UPDATE upkeep SET actor = 'owner:nobody' WHERE number = 5")
    await rechain_upkeep(owner, tamper.connection)
    await tamper("DELETE FROM checkpoints")
    await notary.make(owner, None)

    inside = await verify(database_url)
    outside = await found(database_url, exported=notary.read(file))

    assert inside.ok
    assert [(f.kind, f.seq) for f in outside] == [("checkpoint", 1), ("upkeep", 4)]


async def test_checkpoints_of_before_that_do_not_know_the_log_of_upkeep_still_verify(
    job, owner, tamper, database_url, keys, monkeypatch
):
    async def nothing(_engine):
        return []

    await forget(owner, await plan_pages(owner, [(await kept_for(owner, job, "page_read"))[0][1]]))
    monkeypatch.setattr(notary, "_other_heads", nothing)
    [before] = await notary.make(owner, keys[0])
    monkeypatch.undo()
    [after] = await notary.make(owner, keys[0])

    assert "upkeep" not in before.heads
    assert [head.job_id for head in heads_of(after)] == [None]
    verdict = await verify(database_url, public=keys[1])
    assert (verdict.ok, verdict.signed) == (True, 2)


# All of it


async def test_one_job_is_verified_alone_and_many_in_several_processes(
    writer, tamper, database_url, monkeypatch
):
    from app.audit import verify as module

    for _ in range(3):
        await every_kind_of_job(writer)
    await tamper(
        "UPDATE events SET actor = 'x' WHERE seq = 1 AND job_id = (SELECT max(job_id::text)::uuid FROM jobs)"
    )
    [bad] = [row[0] for row in await writer.engine.fetch("SELECT max(job_id::text)::uuid FROM jobs")]
    [good] = [row[0] for row in await writer.engine.fetch("SELECT min(job_id::text)::uuid FROM jobs")]
    monkeypatch.setattr(module, "VERIFY_SLICE", 5)
    told = []

    verdict = await verify(database_url, processes=2, told=lambda *counts: told.append(counts))

    assert [finding.job_id for finding in verdict.findings] == [bad]
    assert told[-1] == (verdict.jobs, verdict.events)
    assert (await verify(database_url, [good])).ok
    assert not (await verify(database_url, [bad])).ok


async def test_a_process_that_dies_while_it_judges_is_no_verdict(writer, database_url, monkeypatch):
    for _ in range(2):
        await every_kind_of_job(writer)
    monkeypatch.setattr("app.audit.verify.VERIFY_SLICE", 5)

    async def judging():
        found = psutil.Process().children(recursive=True)
        return [child for child in found if "spawn_main" in " ".join(child.cmdline())]

    verdict = asyncio.create_task(verify(database_url, processes=2))
    (await until(judging))[0].kill()

    with pytest.raises(DossierError, match="so the check is incomplete"):
        await asyncio.wait_for(verdict, 60)
