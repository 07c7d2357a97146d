"""Forge a log as the owner of the tables could, hashes included."""

from hashlib import sha256

from app.domain.chain import GENESIS, link
from app.domain.row import Row
from app.store import upkeep_log
from app.store.rebuild import rebuild
from tests.steps import whole_log


def chained(rows: list[Row]) -> list[tuple]:
    """(seq, prev_hash, hash) of these rows, computed as an honest writer would."""
    previous, found = GENESIS, []
    for row in rows:
        digest = link(previous, row.schema_version, row.actor, row.epoch, row.line())
        found.append((row.seq, previous, digest))
        previous = digest
    return found


async def rechain(engine, connection, job_id) -> None:
    """Rewrite the hashes of a job's events, and fix its row."""
    for seq, previous, digest in chained(await whole_log(engine, job_id)):
        await connection.execute(
            "UPDATE events SET prev_hash = $3, hash = $4 WHERE job_id = $1 AND seq = $2",
            job_id, seq, previous, digest,
        )  # fmt: skip
    await mend(engine, connection, job_id)


async def rechain_upkeep(engine, connection) -> None:
    """Rewrite the hashes of the upkeep log to fit its entries."""
    previous = GENESIS
    for entry in await upkeep_log.entries(engine):
        digest = sha256(previous + entry.line()).digest()
        await connection.execute(
            "UPDATE upkeep SET prev_hash = $2, hash = $3 WHERE number = $1", entry.number, previous, digest
        )
        previous = digest


async def mend(engine, connection, job_id) -> None:
    """Make the row of the job what follows from its events."""
    await connection.execute("DELETE FROM jobs WHERE job_id = $1", job_id)
    await rebuild(engine)
