"""List jobs: filters, search, orders, and where the next page begins.

Each combination has a text of its own, because "NULL or equal" hides the index in a plan that is made for any
value. A list leaves the reports out: a page of a hundred would be megabytes.
"""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from app.domain.caller import Caller
from app.store.database import Engine, fetch, fetch_own
from app.store.projections import COST_SQL, HAS_COST_SQL, HAS_OUTCOME_SQL, ORIGIN_SQL, OUTCOME_SQL
from app.store.reads import AMONG_IDS, LISTED_COLUMNS, listed_view
from dossier.job_types import JobSort, JobView, Outcome, Status


class ListCursor(Struct, frozen=True):
    """The last job of a page."""

    job_id: UUID
    cost: float | None = None  # in an order by cost

    def __str__(self) -> str:
        """Return what a caller sends back."""
        return str(self.job_id) if self.cost is None else f"{self.cost!r}_{self.job_id}"


class JobFilter(Struct, frozen=True, kw_only=True):
    """Which jobs, and in which order.

    They match all that is given.
    """

    status: Status | None = None
    outcome: Outcome | None = None
    tags: tuple[str, ...] = ()
    id_prefix: str = ""
    forked_from: UUID | None = None  # the job that they are forks of
    family: UUID | None = None  # a job: its first origin, and all forks of that
    search: str | None = None  # words of the note; of jobs that are over, also of the question or the report
    favourite: bool = False  # favourites alone
    collection: str | None = None  # that they are in
    created_after: datetime | None = None
    created_before: datetime | None = None
    min_cost: float | None = None  # of completed jobs
    max_cost: float | None = None
    sort: JobSort = "newest"
    after: ListCursor | None = None


class JobPage(Struct, frozen=True):
    """A page of a list, and where the next one begins."""

    jobs: list[JobView]
    next_cursor: str | None


class _Order(Struct, frozen=True):
    """An order of jobs, and what comes after a cursor."""

    keys: str
    after: str
    direction: Literal["", " DESC"]  # of what is equal in all rows, so that an index is walked
    is_by_cost: bool = False


_BEYOND = f"({COST_SQL}, job_id) {{}} ({{{{}}}}::float8, {{{{}}}}::uuid)"
_ORDERS: dict[JobSort, _Order] = {
    "newest": _Order("job_id DESC", "job_id < {}::uuid", ""),
    "oldest": _Order("job_id", "job_id > {}::uuid", " DESC"),
    "costliest": _Order(f"{COST_SQL} DESC, job_id DESC", _BEYOND.format("<"), "", is_by_cost=True),
    "cheapest": _Order(f"{COST_SQL}, job_id", _BEYOND.format(">"), "", is_by_cost=True),
}

# A range of one, and an order that begins with it: so the index of lists by status is walked, and not that
# of all jobs, which would be read to its end for a status that few jobs have. The same for an outcome.
_WITH_STATUS = "status BETWEEN {0}::text AND {0}"
_WITH_OUTCOME = f"{HAS_OUTCOME_SQL} AND {OUTCOME_SQL} BETWEEN {{0}}::text AND {{0}}"
# An id begins with the time of its job; the minute covers what lies between making the two.
_CREATED_AFTER = "job_id >= uuid7_floor({0}::timestamptz - interval '1 minute') AND created_at >= {0}"
_CREATED_BEFORE = "job_id < uuid7_floor({0}::timestamptz + interval '1 minute') AND created_at < {0}"
_TAGGED = "cardinality(tags) > 0 AND tags @> {}::text[]"
_FORKED = f"forked_from IS NOT NULL AND {ORIGIN_SQL} = {{}}::text"
MAX_GENERATIONS = 100  # that a family is followed up
MAX_FAMILY = 1000  # jobs
# Up to the first job that is there, then down to all forks, along the index of forks.
_FAMILY = f"""job_id = ANY(ARRAY(
    WITH RECURSIVE above AS (
        SELECT job_id, {ORIGIN_SQL} AS origin, 1 AS generation FROM jobs
        WHERE tenant = {{0}}::text AND job_id = {{1}}::uuid
        UNION ALL
        SELECT j.job_id, j.forked_from ->> 'job_id', generation + 1
        FROM above JOIN jobs j ON j.job_id = origin::uuid
        WHERE j.tenant = {{0}} AND generation < {MAX_GENERATIONS}
    ), family AS (
        (SELECT job_id FROM above ORDER BY generation DESC LIMIT 1)
        UNION
        SELECT j.job_id FROM family f JOIN jobs j ON j.forked_from ->> 'job_id' = f.job_id::text
        WHERE j.forked_from IS NOT NULL AND j.tenant = {{0}}
    )
    SELECT job_id FROM family LIMIT {MAX_FAMILY}))"""
_HAS_MARK = "job_id = ANY(ARRAY(SELECT m.job_id FROM job_marks m WHERE m.tenant = {}::text AND {}))"
_FAVOURITE = _HAS_MARK.format("{}", "m.favourite")
_COLLECTED = _HAS_MARK.format("{}", "{}::text = ANY(m.collections)")
_NOTED = _HAS_MARK.format("{0}", "m.note <> '' AND job_lexemes(m.note, NULL) @@ job_search({1}::text)")
_HOLDING = f"(completed_at IS NOT NULL AND job_lexemes(query, result) @@ job_search({{1}}::text) OR {_NOTED})"

# All that have the words or the tags are found first, by their ids: a walk from the newest job on would read
# all jobs for what few have.
_FOUND = """
    WITH found AS MATERIALIZED (
        SELECT job_id, tenant, status, created_at, result FROM jobs WHERE {found}
    )
    SELECT job_id FROM found WHERE {wanted} ORDER BY {keys} LIMIT {limit}::integer"""
_WALKED = "SELECT {columns} FROM jobs WHERE {wanted} ORDER BY {keys} LIMIT {limit}::integer"

_LISTED = f"{LISTED_COLUMNS}, {COST_SQL} AS cost, NULL AS result"
READ_LISTED = f"SELECT {_LISTED} FROM jobs WHERE tenant = $1::text AND {AMONG_IDS}"


class _Conditions:
    """Conditions of a statement, with their values in order."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def bind(self, condition: str, *values: object) -> str:
        """Return the condition with places for these values."""
        first = len(self.values) + 1
        self.values += values
        return condition.format(*(f"${number}" for number in range(first, first + len(values))))


def list_sql(caller: Caller, asked: JobFilter, limit: int) -> tuple[str, list[Any]]:
    """Return the statement of a page, and its values.

    It reads the jobs where an index can be walked behind the fence, else their ids in order.
    """
    bound, order = _Conditions(), _ORDERS[asked.sort]
    wanted = [bound.bind("tenant = {}::text", caller.tenant), *_narrowed(asked, order, bound)]
    found = []
    if asked.tags:
        found.append(bound.bind(_TAGGED, list(asked.tags)))
    if asked.forked_from:
        found.append(bound.bind(_FORKED, str(asked.forked_from)))
    if asked.search is not None:
        found.append(bound.bind(_HOLDING, caller.tenant, asked.search))
    if asked.family:
        found.append(bound.bind(_FAMILY, caller.tenant, asked.family))
    if asked.favourite:
        found.append(bound.bind(_FAVOURITE, caller.tenant))
    if asked.collection is not None:
        found.append(bound.bind(_COLLECTED, caller.tenant, asked.collection))
    keys = order.keys if found or order.is_by_cost else _equal_keys(asked, order) + order.keys
    sql = (_FOUND if found else _WALKED).format(
        found=" AND ".join(found),
        wanted=" AND ".join(wanted),
        keys=keys,
        columns=_LISTED if _is_plain(asked) else "job_id",
        limit=bound.bind("{}", limit),
    )
    return sql, bound.values


def _narrowed(asked: JobFilter, order: _Order, bound: _Conditions) -> list[str]:
    """Return the conditions that a walk along an index checks."""
    by_cost = order.is_by_cost or asked.min_cost is not None or asked.max_cost is not None
    given = {
        _WITH_STATUS: asked.status,
        _WITH_OUTCOME: asked.outcome,
        _CREATED_AFTER: asked.created_after,
        _CREATED_BEFORE: asked.created_before,
        f"{COST_SQL} >= {{}}::float8": asked.min_cost,
        f"{COST_SQL} <= {{}}::float8": asked.max_cost,
    }
    conditions = [bound.bind(condition, value) for condition, value in given.items() if value is not None]
    if by_cost:
        conditions.append(HAS_COST_SQL)
    if asked.id_prefix:
        conditions.append(bound.bind("job_id BETWEEN {}::uuid AND {}::uuid", *ids_within(asked.id_prefix)))
    if last := asked.after:
        at = (last.cost, last.job_id) if order.is_by_cost else (last.job_id,)
        conditions.append(bound.bind(order.after, *at))
    return conditions


def _equal_keys(asked: JobFilter, order: _Order) -> str:
    """Return the sort key before the ids, equal in all rows."""
    key = OUTCOME_SQL if asked.outcome else "status" if asked.status else ""
    return f"{key}{order.direction}, " if key else ""


async def page(engine: Engine, caller: Caller, asked: JobFilter, limit: int) -> JobPage:
    """Return at most `limit` jobs.

    A job that cannot be shown is left out, and logged.
    """
    sql, values = list_sql(caller, asked, limit + 1)
    if _is_plain(asked):
        rows = await fetch_own(engine, caller, sql, *values[1:])
    else:
        rows = await _read_listed(
            engine, caller, [row["job_id"] for row in await fetch(engine, sql, *values)]
        )
    shown = [view for row in rows[:limit] if (view := listed_view(row))]
    if len(rows) <= limit:
        return JobPage(shown, None)
    last = rows[limit - 1]
    return JobPage(shown, str(ListCursor(last["job_id"], last["cost"] if is_by_cost(asked.sort) else None)))


async def _read_listed(engine: Engine, caller: Caller, ids: Sequence[UUID]) -> list[Any]:
    """Read the jobs of these ids behind the fence, in their order."""
    if not ids:
        return []
    rows = {row["job_id"]: row for row in await fetch_own(engine, caller, READ_LISTED, list(ids))}
    return [rows[job_id] for job_id in ids if job_id in rows]


def _is_plain(asked: JobFilter) -> bool:
    """Return whether an index can be walked behind the fence.

    There Postgres applies the policy before conditions on json, arrays and words, without their indexes.
    """
    others = asked.outcome, asked.forked_from, asked.search, asked.collection, asked.min_cost, asked.max_cost
    is_narrowed = asked.tags or asked.favourite or asked.family or any(one is not None for one in others)
    return not is_narrowed and not is_by_cost(asked.sort)


def is_by_cost(sort: JobSort) -> bool:
    """Return whether a cursor of this order has a cost."""
    return _ORDERS[sort].is_by_cost


def list_cursor(text: str, sort: JobSort) -> ListCursor:
    """Read the cursor of a page. Raises ValueError."""
    cost, separator, job_id = text.rpartition("_")
    if bool(separator) != is_by_cost(sort):
        raise ValueError("The cursor is of another order.")
    number = float(cost) if separator else None
    if number is not None and not math.isfinite(number):
        raise ValueError("A cost is finite.")
    return ListCursor(UUID(job_id), number)


def ids_within(prefix: str) -> tuple[UUID, UUID]:
    """Return the lowest and the highest id that begin with a prefix."""
    digits = prefix.replace("-", "")
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
