"""The chain of checkpoints, as it is stored.

A checkpoint goes on in the feed's order, (xid, position), from where the one before ended, so that no
event is passed over. If the cluster's counter restarted, it begins again at the start.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from app.domain.checkpoint import Checkpoint, JobHead
from app.store.database import Engine, fetch

MAX_COVERED = 50_000  # that one checkpoint covers at most; what is left is for the next one
CHECKPOINTS_PAGE_SIZE = 100  # checkpoints read at a time
NO_SNAPSHOT = "0-0"

CHECKPOINT_COLUMNS = "number, made_at, previous, up_to, heads, key, hash, signature"

READ_LAST_CHECKPOINT = f"SELECT {CHECKPOINT_COLUMNS} FROM checkpoints ORDER BY number DESC LIMIT 1"

READ_CHECKPOINTS = f"""
    SELECT {CHECKPOINT_COLUMNS} FROM checkpoints
    WHERE number > $1::bigint ORDER BY number LIMIT {CHECKPOINTS_PAGE_SIZE}"""

ADD = f"""
    INSERT INTO checkpoints ({CHECKPOINT_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT DO NOTHING RETURNING number"""

# As in the feed, only transactions below the oldest that still runs: nothing can come before them any more.
MOVED = f"""
    WITH moved AS MATERIALIZED (
        SELECT xid, position, job_id, seq, hash FROM events
        WHERE (xid, position) > (
            (SELECT CASE WHEN $1::xid8 < pg_snapshot_xmin(pg_current_snapshot()) THEN $1 ELSE '0'::xid8 END),
            (SELECT CASE WHEN $1 < pg_snapshot_xmin(pg_current_snapshot()) THEN $2::bigint ELSE 0 END)
        ) AND xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY xid, position LIMIT {MAX_COVERED}
    ), reached AS (
        SELECT xid || '-' || position AS up_to FROM moved ORDER BY xid DESC, position DESC LIMIT 1
    )
    SELECT DISTINCT ON (job_id) job_id, seq, hash, (SELECT up_to FROM reached)
    FROM moved ORDER BY job_id, seq DESC"""


async def last(engine: Engine) -> Checkpoint | None:
    """The newest checkpoint."""
    rows = await fetch(engine, READ_LAST_CHECKPOINT)
    return Checkpoint(*rows[0]) if rows else None


async def moved(engine: Engine, up_to: str) -> tuple[list[JobHead], str]:
    """Return the heads of jobs that moved since `up_to`.

    There are at most MAX_COVERED of them; the second value says how far they reach.
    """
    xid, _, position = up_to.partition("-")
    rows = await fetch(engine, MOVED, int(xid), int(position))
    return [JobHead(*row[:3]) for row in rows], rows[0][3] if rows else up_to


async def add(engine: Engine, checkpoint: Checkpoint) -> bool:
    """Write a checkpoint.

    Return False if its number is taken.
    """
    return bool(await fetch(engine, ADD, *_values(checkpoint)))


async def after(engine: Engine, number: int = 0) -> AsyncIterator[Checkpoint]:
    """The checkpoints after this one, in order."""
    while rows := await fetch(engine, READ_CHECKPOINTS, number):
        for row in rows:
            yield Checkpoint(*row)
        number = rows[-1][0]


def _values(c: Checkpoint) -> Sequence[Any]:
    return (c.number, c.made_at, c.previous, c.up_to, c.heads, c.key, c.hash, c.signature)
