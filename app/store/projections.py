"""Define each column of `jobs`: name, storage, and value from the job.

A new column is a row of JOB_COLUMNS and a migration. That also makes new types of the rows that are sent, as
processes of before send theirs. Every column follows from the job's events, so the table can be emptied and
made again.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, get_args

import msgspec
from msgspec import Struct
from sqlalchemy import (
    ARRAY,
    JSON,
    TIMESTAMP,
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    Uuid,
)
from sqlalchemy.types import TypeEngine

from app.domain import view
from app.domain.job import LEASED, Job
from dossier.job_types import ForkedFrom, InputRequest, JobError, Result, Status, UsageView
from dossier.request import ResearchRequest

# Seconds of waiting that one point of priority is worth. 36 s makes the whole range of 200 points
# two hours: a job of priority -100 is overtaken by jobs of priority 100 for two hours, then no more.
HEAD_START = 36

# In SQL: the statuses of a job that a worker holds. The predicate of jobs_leased_idx is written the same.
LEASED_SQL = ",".join(f"'{status}'" for status in get_args(Status) if status in LEASED)

# In SQL: what came of a job. A failed one has no result that could tell. jobs_outcome_idx is over the same.
OUTCOME_SQL = "CASE status WHEN 'failed' THEN 'not_researched' ELSE result ->> 'outcome' END"
HAS_OUTCOME_SQL = "status IN ('completed','failed')"

# In SQL: what a completed job cost, as far as all its calls have a price. jobs_cost_idx is over the same.
COST_SQL = "CAST(result -> 'metrics' ->> 'estimated_cost_usd' AS float8)"
HAS_COST_SQL = f"status = 'completed' AND {COST_SQL} IS NOT NULL"

# In SQL: the job that a fork began in. jobs_forks_idx is over the same.
ORIGIN_SQL = "forked_from ->> 'job_id'"

_encode = msgspec.json.Encoder(order="deterministic").encode


def _encoded(value: object) -> str | None:
    return None if value is None else _encode(value).decode()


class Storage(Struct, frozen=True):
    """How values of a kind are stored, and passed in an array."""

    sql: TypeEngine[Any] | type[TypeEngine[Any]]
    array_of: str  # the type in Postgres of the array's elements
    expression: str = "c.{name}"  # what the table keeps of an unnested row `c`
    is_encoded: bool = False  # it travels as JSON


UUIDS = Storage(Uuid, "uuid")
TEXTS = Storage(Text, "text")
SMALLS = Storage(SmallInteger, "smallint")
INTEGERS = Storage(Integer, "integer")
BIGS = Storage(BigInteger, "bigint")
BYTES = Storage(LargeBinary, "bytea")
MOMENTS = Storage(TIMESTAMP(timezone=True), "timestamptz")
JSONS = Storage(JSON, "text", "c.{name}::json", is_encoded=True)
# A list travels as a JSON array, because unnest would flatten an array of arrays.
_TEXTS_OF_JSON = "ARRAY(SELECT json_array_elements_text(c.{name}::json))"
LISTS = Storage(ARRAY(Text), "text", _TEXTS_OF_JSON, is_encoded=True)


class JobColumn(Struct, frozen=True):
    """A column of `jobs`.

    A fixed one never changes after the first event, and a learnt one also with what the agent learns.
    """

    name: str
    storage: Storage
    value: Callable[[Job], Any]
    shape: Any = None  # of a JSON column's value
    is_fixed: bool = False
    is_learnt: bool = False
    nullable: bool = False

    @property
    def stored(self) -> str:
        """Return the SQL that converts an unnested column for storage."""
        return self.storage.expression.format(name=self.name)

    @property
    def sent(self) -> Callable[[Job], Any]:
        """What makes the value as a statement takes it."""
        value = self.value
        return (lambda job: _encoded(value(job))) if self.storage.is_encoded else value

    def returned(self, job: Job) -> Any:  # noqa: ANN401 - of any type that the driver returns
        """The value as the driver returns it."""
        return list(self.value(job)) if self.storage is LISTS else self.sent(job)

    def definition(self) -> Column[Any]:
        """The column of the table."""
        is_key = self.name == "job_id"
        return Column(self.name, self.storage.sql, primary_key=is_key, nullable=self.nullable)


def rank(job: Job) -> int:
    """Return the queue rank: submission less the head start, in milliseconds."""
    submitted_at = job.created_at.timestamp() if job.created_at else 0.0
    return int((submitted_at - HEAD_START * job.request.priority) * 1000)


def _fixed(name: str, storage: Storage, value: Callable[[Job], Any], **options: Any) -> JobColumn:  # noqa: ANN401
    return JobColumn(name, storage, value, is_fixed=True, **options)


def _learnt(name: str, storage: Storage, value: Callable[[Job], Any], **options: Any) -> JobColumn:  # noqa: ANN401
    return JobColumn(name, storage, value, is_learnt=True, **options)


JOB_COLUMNS: Sequence[JobColumn] = (
    _fixed("job_id", UUIDS, attrgetter("id")),
    _fixed("tenant", TEXTS, attrgetter("tenant")),
    _fixed("idempotency_key", TEXTS, attrgetter("idempotency_key"), nullable=True),
    _fixed("request_sha256", TEXTS, lambda job: job.request_sha256, nullable=True),
    _fixed("request", JSONS, attrgetter("request"), shape=ResearchRequest),
    _fixed("query", TEXTS, attrgetter("request.query")),
    _fixed("tags", LISTS, attrgetter("request.tags")),
    _fixed("priority", SMALLS, attrgetter("request.priority")),
    # Milliseconds since 1970, less a head start for priority: the claim takes the smallest first. Because
    # it never changes, a job of low priority is overtaken only by jobs of the next hours, not for ever.
    _fixed("rank", BIGS, rank),
    _fixed("max_attempts", SMALLS, attrgetter("max_attempts")),
    _fixed("created_at", MOMENTS, attrgetter("created_at")),
    _fixed("forked_from", JSONS, view.forked_from, shape=ForkedFrom, nullable=True),
    JobColumn("status", TEXTS, attrgetter("status")),
    # A pending job is not claimed before this; null: at once.
    JobColumn("retry_at", MOMENTS, attrgetter("retry_at"), nullable=True),
    # Of the last event: the expected version of the next append.
    _learnt("seq", INTEGERS, attrgetter("seq")),
    _learnt("head_hash", BYTES, attrgetter("head_hash")),
    # It grows by one with each claim, and only then.
    JobColumn("epoch", BIGS, attrgetter("epoch")),
    JobColumn("attempt", SMALLS, attrgetter("attempt")),
    _learnt("progress", SMALLS, attrgetter("progress")),
    _learnt("current_step", TEXTS, attrgetter("current_step")),
    _learnt("steps_completed", INTEGERS, lambda job: len(job.research.turns)),
    _learnt("total_steps", INTEGERS, attrgetter("research.total_steps")),
    _learnt("usage", JSONS, view.usage, shape=UsageView),
    JobColumn("result", JSONS, view.result, shape=Result, nullable=True),
    JobColumn("error", JSONS, attrgetter("failure"), shape=JobError, nullable=True),
    JobColumn("input_request", JSONS, view.input_request, shape=InputRequest, nullable=True),
    JobColumn("started_at", MOMENTS, attrgetter("started_at"), nullable=True),
    JobColumn("completed_at", MOMENTS, attrgetter("completed_at"), nullable=True),
    _learnt("updated_at", MOMENTS, attrgetter("updated_at")),
)
MOVING_COLUMNS: Sequence[JobColumn] = tuple(column for column in JOB_COLUMNS if not column.is_fixed)
LEARNT_COLUMNS: Sequence[JobColumn] = tuple(column for column in JOB_COLUMNS if column.is_learnt)

JOB_NAMES = tuple(column.name for column in JOB_COLUMNS)
MOVING_NAMES = tuple(column.name for column in MOVING_COLUMNS)

_ROW_VALUES = tuple(column.sent for column in JOB_COLUMNS)
_MOVING_VALUES = tuple(column.sent for column in MOVING_COLUMNS)
_LEARNT_VALUES = tuple(column.sent for column in LEARNT_COLUMNS)


def job_row(job: Job) -> tuple[Any, ...]:
    """Return the values of JOB_COLUMNS.

    Raise ValueError if never submitted.
    """
    if job.created_at is None:
        raise ValueError(f"Job {job.id} was never submitted.")
    return tuple([value(job) for value in _ROW_VALUES])


def moving(job: Job) -> tuple[Any, ...]:
    """Return the values of MOVING_COLUMNS, which each further event may change."""
    return tuple([value(job) for value in _MOVING_VALUES])


def learnt(job: Job) -> tuple[Any, ...]:
    """Return the values of LEARNT_COLUMNS, which facts of research may change."""
    return tuple([value(job) for value in _LEARNT_VALUES])


def returned_row(job: Job) -> dict[str, Any]:
    """Return the row by column name, as the driver returns it."""
    return {column.name: column.returned(job) for column in JOB_COLUMNS}


def transposed(rows: list[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Turn rows into one list a column, for unnest.

    `width` gives the number of lists if there are no rows.
    """
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def unnest(columns: Sequence[JobColumn], first: int) -> str:
    """Return `$4::uuid[], $5::text[] …` for these columns, numbered from `first` on."""
    return ", ".join(
        f"${number}::{column.storage.array_of}[]" for number, column in enumerate(columns, first)
    )
