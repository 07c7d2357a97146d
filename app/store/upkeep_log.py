"""Store the log of upkeep, which only the tables' owner may write."""

from uuid import UUID

import asyncpg

from app.domain.upkeep import UpkeepEntry
from app.errors import BadSetting
from app.store.database import Engine, fetch

UPKEEP_COLUMNS = "number, type, data, actor, occurred_at, prev_hash, hash"

READ_UPKEEP = (
    "SELECT number, type, data::text, actor, occurred_at, prev_hash, hash FROM upkeep ORDER BY number"
)

READ_LAST_ENTRY = READ_UPKEEP.replace("ORDER BY number", "ORDER BY number DESC LIMIT 1")

# With a body that a statement deletes goes the entry that says so: both or neither.
FORGET = f"""
    WITH gone AS (DELETE FROM blobs WHERE sha256 = ANY($8::text[]) RETURNING sha256), written AS (
        INSERT INTO upkeep ({UPKEEP_COLUMNS})
        VALUES ($1::bigint, $2::text, $3::text::json, $4::text, $5::timestamptz, $6::bytea, $7::bytea)
    )
    SELECT sha256 FROM gone ORDER BY sha256"""

# A mark is not in the log, so its end needs no entry.
# What is kept beside a job's log: a reader's notes, and links that show its report to others.
FORGET_BESIDE = """
    WITH marked AS (DELETE FROM job_marks WHERE job_id = $1::uuid)
    UPDATE shares SET revoked_at = now() WHERE job_id = $1 AND revoked_at IS NULL"""

WRITE_ENTRY = f"""
    INSERT INTO upkeep ({UPKEEP_COLUMNS})
    VALUES ($1::bigint, $2::text, $3::text::json, $4::text, $5::timestamptz, $6::bytea, $7::bytea)"""

NOT_OWNER = "Only the owner of the tables can forget: log in as the owner."

WHO = "SELECT session_user::text"


async def entries(engine: Engine) -> list[UpkeepEntry]:
    """The whole log of upkeep, in order."""
    return [UpkeepEntry(*row) for row in await fetch(engine, READ_UPKEEP)]


async def last(engine: Engine) -> UpkeepEntry | None:
    """Its newest entry."""
    rows = await fetch(engine, READ_LAST_ENTRY)
    return UpkeepEntry(*rows[0]) if rows else None


async def forget(engine: Engine, entry: UpkeepEntry, names: list[str]) -> bool:
    """Delete these bodies and write the entry.

    Returns False if another entry took its number first.

    Raises BadSetting for another role than the owner's, before anything is changed.
    """
    try:
        await fetch(engine, FORGET, *values(entry), names)
    except asyncpg.UniqueViolationError:
        return False
    except asyncpg.InsufficientPrivilegeError as error:
        raise BadSetting(NOT_OWNER) from error
    return True


async def forget_beside(engine: Engine, job_id: UUID) -> None:
    """Delete what readers noted about a job, and end its links.

    Raises BadSetting for another role than the owner's.
    """
    try:
        await fetch(engine, FORGET_BESIDE, job_id)
    except asyncpg.InsufficientPrivilegeError as error:
        raise BadSetting(NOT_OWNER) from error


async def write(engine: Engine, entry: UpkeepEntry) -> bool:
    """Write an entry that deletes nothing.

    Returns False if another entry took its number first. Raises BadSetting for another role than the owner's.
    """
    try:
        await fetch(engine, WRITE_ENTRY, *values(entry))
    except asyncpg.UniqueViolationError:
        return False
    except asyncpg.InsufficientPrivilegeError as error:
        raise BadSetting("Only the owner of the tables can set rules: log in as the owner.") from error
    return True


async def actor(engine: Engine) -> str:
    """How entries name the login."""
    return f"owner:{(await fetch(engine, WHO))[0][0]}"


def values(entry: UpkeepEntry) -> tuple[object, ...]:
    """The values of UPKEEP_COLUMNS."""
    return (
        entry.number, entry.type, entry.data, entry.actor, entry.occurred_at, entry.prev_hash, entry.hash,
    )  # fmt: skip
