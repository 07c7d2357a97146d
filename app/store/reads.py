"""Read the projection: a job, a page of jobs, a log's head."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from app.store.database import Engine, fetch
from app.store.projections import HAS_OUTCOME_SQL, JOB_COLUMNS, OUTCOME_SQL
from app.text.json_bounds import is_nested
from dossier.job_types import OVER, JobView, Outcome, Status
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

READ_VIEWS = f"SELECT {LISTED_COLUMNS}, result FROM jobs WHERE tenant = $1::text AND job_id = ANY($2::uuid[])"


def page_sql(*, status: bool, outcome: bool, tags: bool, before: bool, within: bool = False) -> str:
    """Return the SQL of a list's page.

    Unused filters are NULL.

    Each has a text of its own, because "NULL or equal" hides the index in a plan that is made for any value.
    A list leaves the reports out: a page of a hundred would be megabytes.
    """
    wanted = f"""tenant = $1::text
      AND {_WITH_STATUS if status else "$2::text IS NULL"}
      AND {_WITH_OUTCOME if outcome else "$6::text IS NULL"}
      AND {"job_id < $4::uuid" if before else "$4::uuid IS NULL"}
      {"AND job_id BETWEEN $7::uuid AND $8::uuid" if within else ""}"""
    if tags:
        return _TAGGED.format(wanted=wanted)
    return f"""
    SELECT {LISTED_COLUMNS}, NULL AS result FROM jobs WHERE {wanted} AND $3::text[] IS NULL
    ORDER BY {_order(status=status, outcome=outcome)}job_id DESC LIMIT $5::integer"""


# A range of one, and an order that begins with it: so the index of lists by status is walked, and not that
# of all jobs, which would be read to its end for a status that few jobs have. The same for an outcome.
_WITH_STATUS = "status BETWEEN $2::text AND $2"
_WITH_OUTCOME = f"{HAS_OUTCOME_SQL} AND {OUTCOME_SQL} BETWEEN $6::text AND $6"


def _order(*, status: bool, outcome: bool) -> str:
    """Return the sort key before the ids, equal in all rows."""
    return f"{OUTCOME_SQL}, " if outcome else "status, " if status else ""


# All that have the tags are found first, by their ids: a walk from the newest job on would read all jobs for
# a tag that few have.
_TAGGED = f"""
    WITH tagged AS MATERIALIZED (
        SELECT job_id, tenant, status, result FROM jobs WHERE cardinality(tags) > 0 AND tags @> $3::text[]
    ), newest AS MATERIALIZED (
        SELECT job_id FROM tagged WHERE {{wanted}} ORDER BY job_id DESC LIMIT $5::integer
    )
    SELECT {LISTED_COLUMNS}, NULL AS result FROM jobs WHERE job_id = ANY(ARRAY(SELECT job_id FROM newest))
    ORDER BY job_id DESC"""

IDS = """
    SELECT job_id FROM jobs
    WHERE tenant = $1::text
      AND NOT EXISTS (SELECT FROM archived_months m WHERE jobs.job_id >= m.starts AND jobs.job_id < m.ends)
      AND ($2::timestamptz IS NULL OR created_at >= $2) AND ($3::uuid IS NULL OR job_id > $3)
    ORDER BY job_id LIMIT $4::integer"""

OWN_HEADS = """
    SELECT job_id, seq, status,
           EXISTS (SELECT FROM archived_months m WHERE jobs.job_id >= m.starts AND jobs.job_id < m.ends)
               AS is_archived
    FROM jobs WHERE tenant = $1::text AND job_id = ANY($2::uuid[])"""

HEADS = "SELECT job_id, seq FROM jobs WHERE job_id = ANY($1::uuid[])"

# Rows of before there was a bound nest as deep as a decoder goes, which differs with the stack.
MAX_SHOWN_DEPTH = 200

log = logging.getLogger(__name__)

_request = msgspec.json.Decoder(ResearchRequest).decode
_decoders = {
    column.name: msgspec.json.Decoder(column.shape).decode for column in SHOWN_COLUMNS if column.shape
}


class JobPage(Struct, frozen=True):
    """A page of a list, and where the next one begins."""

    jobs: list[JobView]
    next_before: UUID | None


class LogHead(Struct, frozen=True):
    """How far a job's log goes."""

    seq: int
    status: Status
    is_archived: bool = False  # its events are not in the database any more

    @property
    def is_over(self) -> bool:
        """True where nothing can follow."""
        return self.status in OVER


async def views(engine: Engine, tenant: str, job_ids: Sequence[UUID]) -> Mapping[UUID, JobView]:
    """Return these jobs for callers, without unknown or other tenants' ids."""
    rows = await fetch(engine, READ_VIEWS, tenant, list(set(job_ids)))
    return {row["job_id"]: _view(row) for row in rows}


async def page(
    engine: Engine,
    tenant: str,
    *,
    limit: int,
    status: Status | None = None,
    outcome: Outcome | None = None,
    tags: Sequence[str] = (),
    before: UUID | None = None,
    id_prefix: str = "",
) -> JobPage:
    """Return at most `limit` jobs with all of `tags`, newest first.

    A job that cannot be shown is left out, and logged.

    `before` is the last id of the page before; `id_prefix` is what the ids begin with.
    """
    within = ids_within(id_prefix) if id_prefix else ()
    sql = page_sql(
        status=status is not None,
        outcome=outcome is not None,
        tags=bool(tags),
        before=before is not None,
        within=bool(within),
    )
    rows = await fetch(engine, sql, tenant, status, list(tags) or None, before, limit + 1, outcome, *within)
    shown = [view for row in rows[:limit] if (view := _listed(row))]
    return JobPage(shown, rows[limit - 1]["job_id"] if len(rows) > limit else None)


def ids_within(prefix: str) -> tuple[UUID, UUID]:
    """Return the lowest and the highest id that begin with a prefix."""
    digits = prefix.replace("-", "")
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))


async def ids(
    engine: Engine, tenant: str, since: datetime | None, after: UUID | None, limit: int
) -> list[UUID]:
    """Return at most `limit` jobs submitted since then, oldest first.

    `after` is the last id of the page before.

    Those whose events were archived are left out.
    """
    return [row["job_id"] for row in await fetch(engine, IDS, tenant, since, after, limit)]


async def own_heads(engine: Engine, tenant: str, job_ids: Sequence[UUID]) -> Mapping[UUID, LogHead]:
    """Return how far these jobs' logs go, without other tenants' jobs."""
    rows = await fetch(engine, OWN_HEADS, tenant, list(set(job_ids)))
    return {row["job_id"]: LogHead(row["seq"], row["status"], row["is_archived"]) for row in rows}


async def heads(engine: Engine, job_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The last seq of each of these jobs."""
    return {row["job_id"]: row["seq"] for row in await fetch(engine, HEADS, list(job_ids))}


def _listed(row: Mapping[str, Any]) -> JobView | None:
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
    shown = {column.name: _shown(column.name, row[column.name]) for column in SHOWN_COLUMNS}
    return JobView(**asked, **shown, outcome=row["outcome"])


def _shown(name: str, value: Any) -> Any:  # noqa: ANN401 - of any type that the driver returns
    return _decoders[name](value) if name in _decoders and value is not None else value
