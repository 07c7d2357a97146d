"""Logs, cursors and proofs survive the next major version of PostgreSQL.

It comes by pg_upgrade, and by backup and restore.
"""

import asyncio
import os

import pytest
from click.testing import CliRunner

from app.audit.verify import verify
from app.cli.root import dossier
from app.domain.caller import ANYBODY
from app.store import event_feed, log
from app.store.database import fetch, make_engine
from app.store.migrate import migrate
from app.store.wake import Wake
from app.store.writer import Writer
from tests.clusters import Cluster, major, two_majors
from tests.steps import assert_chain, completed_job, whole_log

pytestmark = [
    pytest.mark.skipif(not os.environ.get("UPGRADE_TESTS"), reason="make upgrade runs it."),
    pytest.mark.timeout(600),
]


@pytest.fixture
def majors():
    with two_majors() as clusters:
        yield clusters


async def test_pg_upgrade_keeps_logs_cursors_and_proofs(majors):
    old, new = majors
    await asyncio.to_thread(migrate, old.url)
    job, head = await work(old.url)
    await asyncio.to_thread(old.stop)

    ways = ("-b", old.programs, "-B", new.programs, "-d", old.data, "-D", new.data, "-U", "postgres")
    await asyncio.to_thread(new.run, "pg_upgrade", *ways, "-s", new.data.parent)

    await asyncio.to_thread(new.start)
    assert major(new.programs) > major(old.programs)
    await assert_goes_on(new.url, job, head, major(new.programs))


async def test_a_copy_of_the_older_version_goes_on_in_the_newer(majors, tmp_path):
    """As docs/operations.md says: `backup`, `restore`, and an epoch that neither has used."""
    old, new = majors
    await asyncio.to_thread(
        begin_epoch, old, 1
    )  # its transactions have numbers beyond those of the newer one
    await asyncio.to_thread(migrate, old.url)
    job, head = await work(old.url)
    await run("backup", str(tmp_path / "copy"), url=old.url)
    await asyncio.to_thread(old.stop)

    await asyncio.to_thread(new.start)
    await run("restore", str(tmp_path / "copy"), url=new.url)
    await asyncio.to_thread(begin_epoch, new, 2)

    await assert_goes_on(new.url, job, head, major(new.programs))


def begin_epoch(cluster: Cluster, number: int) -> None:
    """Let the cluster give out numbers of transactions that were never used."""
    cluster.stop()
    cluster.run("pg_resetwal", f"--epoch={number}", "-D", cluster.data)
    cluster.start()


async def run(*words: str, url: str) -> None:
    """Run a command of `dossier`, which succeeds."""
    ran = await asyncio.to_thread(CliRunner().invoke, dossier, words, env={"DATABASE_URL": url})
    assert ran.exit_code == 0, f"{ran.output} {ran.exception!r}"


async def assert_goes_on(url: str, job, head, version: int) -> None:
    """Chains are whole, readers continue where they were, and nothing was changed."""
    later, _ = await work(url)
    engine = make_engine(url)
    rows = await whole_log(engine, job.id)
    assert_chain(rows)
    following = await log.read(engine, ANYBODY, job.id, rows[-2].seq, 100)
    assert [row.seq for row in following] == [rows[-1].seq]
    fresh = await event_feed.read(engine, ANYBODY, head, 100)
    assert {entry.row.job_id for entry in fresh.entries} == {later.id}
    assert not fresh.restored
    assert int((await fetch(engine, "SHOW server_version_num"))[0][0]) // 10_000 == version
    await engine.dispose()
    assert not (await verify(url, processes=1)).findings


async def work(url: str):
    """Complete a job, returning it and the feed's head after it."""
    engine = make_engine(url)
    job = await completed_job(Writer(engine, Wake(engine, None)))
    head = (await event_feed.head(engine)).head
    await engine.dispose()
    return job, head
