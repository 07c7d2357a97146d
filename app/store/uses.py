"""Find the jobs that found a page, and their claims from it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct

from app.domain.caller import Caller
from app.domain.events import PageRead, ReportWritten, SourceFound
from app.store.database import Engine, fetch
from dossier.job_types import Claim, Status

# The index goes by a hash of the address, so the address is compared as well. A job finds a page once. First
# who found it, then their rows, one by one: a join may walk the rows of all jobs in the order of the page.
FOUND = """
    WITH found AS MATERIALIZED (
        SELECT job_id, seq, occurred_at, data::text FROM events
        WHERE type = 'source_found' AND md5(data ->> 'url') = md5($2::text) AND data ->> 'url' = $2
          AND ($3::uuid IS NULL OR job_id < $3)
    )
    SELECT found.job_id, j.query, j.status, seq, occurred_at, data
    FROM found CROSS JOIN LATERAL (
        SELECT query, status FROM jobs
        WHERE jobs.job_id = found.job_id AND jobs.tenant = $1::text OFFSET 0
    ) AS j
    ORDER BY found.job_id DESC LIMIT $4::integer"""

THEN = """
    SELECT job_id, type, seq, occurred_at, data::text FROM events
    WHERE job_id = ANY($1::uuid[]) AND type IN ('page_read', 'report_written') ORDER BY job_id, seq"""

Fact = TypeVar("Fact")

_found = msgspec.json.Decoder(SourceFound).decode
_read = msgspec.json.Decoder(PageRead).decode
_report = msgspec.json.Decoder(ReportWritten).decode


class Placed(Struct, Generic[Fact], frozen=True):
    """An event in its place in the log of its job."""

    seq: int
    at: datetime
    event: Fact


class Use(Struct, frozen=True):
    """A job that found the page, and what it cites from it."""

    job_id: UUID
    query: str
    status: Status
    found: Placed[SourceFound]
    read: Placed[PageRead] | None
    claims: tuple[Claim, ...]


async def uses(engine: Engine, caller: Caller, url: str, before: UUID | None, limit: int) -> list[Use]:
    """Return at most `limit` jobs that found the page, newest first.

    `before` is the last one of the page before.
    """
    found = await fetch(engine, FOUND, caller.tenant, url, before, limit)
    then = dict[UUID, list[Any]]()
    for row in await fetch(engine, THEN, [row[0] for row in found]) if found else ():
        then.setdefault(row[0], []).append(row)
    return [_use(row, then.get(row[0], ())) for row in found]


def _use(row: Sequence[Any], then: Sequence[Any]) -> Use:
    job_id, query, status, seq, at, data = row
    found = Placed(seq, at, _found(data))
    reads = [Placed(r[2], r[3], _read(r[4])) for r in then if r[1] == "page_read"]
    reports = [_report(r[4]) for r in then if r[1] == "report_written"]
    number = found.event.number
    claims = [claim for report in reports for claim in report.claims if claim.number == number]
    read = next((read for read in reads if read.event.number == number), None)
    return Use(job_id, query, status, found, read, tuple(claims))
