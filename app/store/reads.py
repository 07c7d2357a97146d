"""Read the projection: jobs, and how far their logs go."""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from app.domain.caller import Caller
from app.store.database import Engine, fetch, fetch_own
from app.store.projections import JOB_COLUMNS, OUTCOME_SQL
from app.text.json_bounds import is_nested
from dossier.job_types import OVER, JobView, Status
from dossier.request import ResearchRequest

# A view has the fields of the request, and columns of the same names as its other fields.
ASKED = tuple(name for name in JobView.__struct_fields__ if name in ResearchRequest.__struct_fields__)
SHOWN_COLUMNS = tuple(
    column for column in JOB_COLUMNS if column.name in {*JobView.__struct_fields__} - {*ASKED}
)
COMING = f"{OUTCOME_SQL} AS outcome"
LISTED_COLUMNS = ", ".join(
    ("request", *(column.name for column in SHOWN_COLUMNS if column.name != "result"), COMING)
)

# Ids that the planner does not count. Counted, few look cheaper than any number of them, so it would plan
# each time anew, which takes several times as long as to read a row.
AMONG_IDS = "job_id = ANY(ARRAY(SELECT unnest($2::uuid[])))"

READ_VIEWS = f"SELECT {LISTED_COLUMNS}, result FROM jobs WHERE tenant = $1::text AND {AMONG_IDS}"


IDS = """
    SELECT job_id FROM jobs
    WHERE tenant = $1::text
      AND NOT EXISTS (SELECT FROM archived_months m WHERE jobs.job_id >= m.starts AND jobs.job_id < m.ends)
      AND ($2::timestamptz IS NULL OR created_at >= $2) AND ($3::uuid IS NULL OR job_id > $3)
    ORDER BY job_id LIMIT $4::integer"""

OWN_HEADS = f"""
    SELECT job_id, seq, status,
           EXISTS (SELECT FROM archived_months m WHERE jobs.job_id >= m.starts AND jobs.job_id < m.ends)
               AS is_archived
    FROM jobs WHERE tenant = $1::text AND {AMONG_IDS}"""

OWN_AMONG = f"SELECT job_id FROM jobs WHERE tenant = $1::text AND {AMONG_IDS}"

HEADS = "SELECT job_id, seq FROM jobs WHERE job_id = ANY($1::uuid[])"

# Rows of before there was a bound nest as deep as a decoder goes, which differs with the stack.
MAX_SHOWN_DEPTH = 200

log = logging.getLogger(__name__)

_request = msgspec.json.Decoder(ResearchRequest).decode
_decoders = [
    (column.name, msgspec.json.Decoder(column.shape).decode) for column in SHOWN_COLUMNS if column.shape
]


class LogHead(Struct, frozen=True):
    """How far a job's log goes."""

    seq: int
    status: Status
    is_archived: bool = False  # its events are not in the database any more

    @property
    def is_over(self) -> bool:
        """True where nothing can follow."""
        return self.status in OVER


async def views(engine: Engine, caller: Caller, job_ids: Sequence[UUID]) -> Mapping[UUID, JobView]:
    """Return these jobs for callers, without unknown or other tenants' ids."""
    rows = await fetch_own(engine, caller, READ_VIEWS, list(set(job_ids)))
    return {row["job_id"]: _view(row) for row in rows}


async def ids(
    engine: Engine, caller: Caller, since: datetime | None, after: UUID | None, limit: int
) -> list[UUID]:
    """Return at most `limit` jobs submitted since then, oldest first.

    `after` is the last id of the page before.

    Those whose events were archived are left out.
    """
    return [row["job_id"] for row in await fetch_own(engine, caller, IDS, since, after, limit)]


async def own_heads(engine: Engine, caller: Caller, job_ids: Sequence[UUID]) -> Mapping[UUID, LogHead]:
    """Return how far these jobs' logs go, without other tenants' jobs."""
    rows = await fetch_own(engine, caller, OWN_HEADS, list(set(job_ids)))
    return {row["job_id"]: LogHead(row["seq"], row["status"], row["is_archived"]) for row in rows}


async def own(engine: Engine, caller: Caller, job_ids: Collection[UUID]) -> set[UUID]:
    """Return which of these jobs are the caller's."""
    if not job_ids:
        return set()
    return {row["job_id"] for row in await fetch_own(engine, caller, OWN_AMONG, list(job_ids))}


async def heads(engine: Engine, job_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The last seq of each of these jobs."""
    return {row["job_id"]: row["seq"] for row in await fetch(engine, HEADS, list(job_ids))}


def listed_view(row: Mapping[str, Any]) -> JobView | None:
    """Return a job of a list.

    One that cannot be shown is None, and logged.
    """
    try:
        return _view(row)
    except (ValueError, RecursionError) as error:
        log.warning("A job is left out of a list: %s", error, extra={"job": str(row["job_id"])})
        return None


def _view(row: Mapping[str, Any]) -> JobView:
    if is_nested(row["request"].encode(), MAX_SHOWN_DEPTH):
        raise ValueError("The request nests too deeply.")
    request = _request(row["request"])
    asked = {name: getattr(request, name) for name in ASKED}
    shown = {column.name: row[column.name] for column in SHOWN_COLUMNS}
    for name, decode in _decoders:
        if (text := shown[name]) is not None:
            shown[name] = decode(text)
    return JobView(**asked, **shown, outcome=row["outcome"])
