"""The row of `jobs` as a function of the job, and its rebuilding from the log.

Everything in the row follows from the job's events, so the table can be emptied and made again.
"""

from typing import Any

import msgspec

from app.domain import view
from app.domain.job import Job

# Seconds of waiting that one point of priority is worth. 36 s makes the whole range of 200 points
# two hours: a job of priority -100 is overtaken by jobs of priority 100 for two hours, then no more.
HEAD_START = 36

SUBMITTED = (
    "job_id", "tenant", "idempotency_key", "request_sha256", "request", "query", "tags", "priority", "rank",
    "max_attempts", "created_at", "forked_from",
)  # fmt: skip
MOVING = (
    "status", "retry_at", "seq", "head_hash", "epoch", "attempt", "progress", "current_step",
    "steps_completed", "total_steps", "usage", "result", "error", "input_request",
    "started_at", "completed_at", "updated_at",
)  # fmt: skip

# The casts by which arrays of these columns come apart in SQL. `tags` travels as a JSON array,
# because unnest would flatten an array of arrays.
TYPES = {
    "job_id": "uuid", "tenant": "text", "idempotency_key": "text", "request_sha256": "text",
    "request": "text", "query": "text", "tags": "text", "priority": "smallint", "rank": "bigint",
    "max_attempts": "smallint", "created_at": "timestamptz", "status": "text",
    "retry_at": "timestamptz", "seq": "integer", "head_hash": "bytea", "epoch": "bigint",
    "attempt": "smallint", "progress": "smallint", "current_step": "text",
    "steps_completed": "integer", "total_steps": "integer", "usage": "text", "result": "text",
    "error": "text", "input_request": "text", "started_at": "timestamptz", "completed_at": "timestamptz",
    "updated_at": "timestamptz", "forked_from": "text",
}  # fmt: skip

_encode = msgspec.json.Encoder(order="deterministic").encode


def submitted(job: Job) -> tuple[Any, ...]:
    """The values of SUBMITTED: what never changes after the first event."""
    if job.created_at is None:
        raise ValueError(f"Job {job.id} was never submitted.")
    request = job.request
    return (
        job.id, job.tenant, job.idempotency_key, job.request_sha256, _json(request), request.query,
        _json(request.tags), request.priority, rank(job), job.max_attempts, job.created_at,
        _json(view.forked_from(job)),
    )  # fmt: skip


def moving(job: Job) -> tuple[Any, ...]:
    """The values of MOVING: what each further event may change."""
    return (
        job.status, job.retry_at, job.seq, job.head_hash, job.epoch, job.attempt, job.progress,
        job.current_step, len(job.research.turns), job.research.total_steps, _json(view.usage(job)),
        _json(view.result(job)), _json(job.failure), _json(view.input_request(job)),
        job.started_at, job.completed_at, job.updated_at,
    )  # fmt: skip


def rank(job: Job) -> int:
    """The place in the queue: submission time less the head start, in milliseconds."""
    submitted_at = job.created_at.timestamp() if job.created_at else 0.0
    return int((submitted_at - HEAD_START * job.request.priority) * 1000)


def columns(rows: list[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Rows turned into one list a column, as unnest takes them; `width` lists also for no rows."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def unnest(names: tuple[str, ...], first: int) -> str:
    """`$4::uuid[], $5::text[] …` for these columns, numbered from `first` on."""
    return ", ".join(f"${number}::{TYPES[name]}[]" for number, name in enumerate(names, first))


def stored(name: str) -> str:
    """The expression that turns column `name` of an unnested row `c` into what the table keeps."""
    match name:
        case "tags":
            return "ARRAY(SELECT json_array_elements_text(c.tags::json))"
        case "request" | "usage" | "result" | "error" | "input_request" | "forked_from":
            return f"c.{name}::json"
        case _:
            return f"c.{name}"


def _json(value: object) -> str | None:
    return None if value is None else _encode(value).decode()
