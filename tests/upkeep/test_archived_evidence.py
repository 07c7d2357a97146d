"""Whatever an owner does under cover of the archive is named.

What is not proven is at least not passed over in silence.
"""

import json
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import pytest

from app.audit import notary
from app.audit.archived_jobs import manifests
from app.audit.verify import verify
from app.domain.archive_manifest import encode, manifest_of
from app.domain.upkeep import MonthArchived, entry
from app.store import upkeep_log
from app.store.database import fetch
from tests.upkeep.test_archive import archived

ALL = (UUID(int=0), UUID(int=2**128 - 1))


@pytest.fixture
async def witnessed(old, owner, tmp_path):
    """Checkpoints of every job, in a file outside the database."""
    await notary.make(owner, None)
    await notary.export(owner, tmp_path / "checkpoints.ndjson")
    return notary.read(tmp_path / "checkpoints.ndjson")


async def forge(owner, manifest_sha256="0" * 64):
    """Say, with hashes that fit, that all months were archived."""
    deed = MonthArchived("2025-03", "events_2025_03", *ALL, 3, 9, "lost.zst", "0" * 64, manifest_sha256)
    said = entry(await upkeep_log.last(owner), deed, "owner:me", datetime.now(UTC))
    await fetch(
        owner,
        f"INSERT INTO upkeep ({upkeep_log.UPKEEP_COLUMNS}) VALUES ($1, $2, $3::text::json, $4, $5, $6, $7)",
        *upkeep_log.values(said),
    )


async def test_a_job_that_was_erased_under_a_forged_archive_is_passed_over_and_counted(
    old, owner, tamper, witnessed, database_url
):
    await tamper(*(f"DELETE FROM {table} WHERE job_id = '{old[0]}'" for table in ("events", "jobs")))
    await forge(owner)

    verdict = await verify(database_url, exported=witnessed)

    assert (verdict.ok, verdict.passed_over, verdict.jobs) == (False, 1, 3)
    assert verdict.archived == ("2025-03 (entry 1)",)


async def test_a_forged_entry_hides_no_job_whose_events_are_there(
    old, owner, tamper, witnessed, database_url
):
    await forge(owner)
    await tamper(f"UPDATE events SET actor = 'worker:nobody' WHERE job_id = '{old[1]}' AND seq = 1")

    verdict = await verify(database_url, exported=witnessed)

    assert [(finding.kind, finding.job_id) for finding in verdict.findings] == [("changed", old[1])]
    assert verdict.passed_over == 0


async def test_a_view_of_archived_months_that_was_replaced_hides_nothing(
    old, tamper, witnessed, database_url
):
    await tamper(
        f"CREATE OR REPLACE VIEW archived_months AS SELECT '2025-03'::text AS month, "
        f"'{ALL[0]}'::uuid AS starts, '{ALL[1]}'::uuid AS ends",
        f"DELETE FROM events WHERE job_id = '{old[0]}'",
        f"DELETE FROM jobs WHERE job_id = '{old[0]}'",
    )

    verdict = await verify(database_url, exported=witnessed)

    assert [(finding.kind, finding.job_id) for finding in verdict.findings] == [("removed", old[0])]


async def test_a_table_that_became_a_view_is_named(old, tamper, database_url):
    await tamper("ALTER TABLE leases RENAME TO hidden", "CREATE VIEW leases AS SELECT * FROM hidden")

    verdict = await verify(database_url)

    assert [(finding.kind, finding.message.split()[0]) for finding in verdict.findings] == [
        ("table", "leases")
    ]


async def test_jobs_of_an_archive_are_held_against_checkpoints(old, owner, witnessed, tmp_path, database_url):
    [kept] = await archived(owner, tmp_path)

    without = await verify(database_url, exported=witnessed)
    given = await verify(database_url, exported=witnessed, archives=manifests([tmp_path]))
    alone = await verify(database_url, [old[0]], archives=[kept.path])

    assert (without.ok, without.passed_over) == (False, 3)
    assert (given.ok, given.passed_over, given.jobs) == (True, 0, 4)
    assert (alone.ok, alone.passed_over) == (True, 0)


async def test_an_archive_that_lacks_a_job_is_named_whatever_the_log_of_upkeep_says(
    old, owner, tamper, witnessed, tmp_path, database_url
):
    """The owner rewrites archive and entry, but the checkpoints know the job."""
    [kept] = await archived(owner, tmp_path, detach=False)
    shorter = manifest_of(kept.path.read_bytes())
    del shorter.heads[str(old[0])]
    kept.path.write_bytes(encode(shorter) + b"\n")
    await tamper("DELETE FROM events", "DELETE FROM jobs")
    await forge(owner, sha256(kept.path.read_bytes()).hexdigest())

    verdict = await verify(database_url, exported=witnessed, archives=[kept.path])

    assert ("removed", old[0]) in [(finding.kind, finding.job_id) for finding in verdict.findings]


async def test_an_archive_that_the_log_of_upkeep_does_not_know_is_named_and_counts_for_nothing(
    old, owner, witnessed, tmp_path, database_url
):
    [kept] = await archived(owner, tmp_path)
    changed = json.loads(kept.path.read_text())
    changed["jobs"] = 2
    kept.path.write_text(json.dumps(changed))

    verdict = await verify(database_url, exported=witnessed, archives=[kept.path])

    assert [finding.kind for finding in verdict.findings] == ["archive"]
    assert verdict.passed_over == 3
