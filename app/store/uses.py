"""Find the jobs that found a page, and their claims from it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct

from app.domain.caller import Caller
from app.domain.events import PageRead, ReportWritten, SourceFound
from app.store.database import Engine, fetch, fetch_fenced, fetch_own
from app.store.reads import AMONG_IDS
from dossier.job_types import Claim, Status

# The index goes by a hash of the address, so the address is compared as well. A job finds a page once. First
# who found it, then whose they are, one by one: a join may walk the rows of all jobs in the order of the
# page. Behind the fence no index leads from an address to events, so only their places are found here.
FIND_USES = """
    WITH found AS MATERIALIZED (
        SELECT job_id, seq FROM events
        WHERE type = 'source_found' AND md5(data ->> 'url') = md5($2::text) AND data ->> 'url' = $2
          AND ($3::uuid IS NULL OR job_id < $3)
    )
    SELECT job_id, seq FROM found
    WHERE (SELECT tenant FROM jobs WHERE jobs.job_id = found.job_id) = $1::text
    ORDER BY job_id DESC LIMIT $4::integer"""

READ_USERS = f"SELECT job_id, query, status FROM jobs WHERE tenant = $1::text AND {AMONG_IDS}"

READ_USES = """
    SELECT e.* FROM unnest($1::uuid[], $2::integer[]) AS f(job_id, seq)
    CROSS JOIN LATERAL (
        SELECT job_id, type, seq, occurred_at, data::text FROM events
        WHERE events.job_id = f.job_id
          AND (events.seq = f.seq OR type IN ('page_read', 'report_written')) ORDER BY seq OFFSET 0
    ) AS e"""

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
    found = await fetch(engine, FIND_USES, caller.tenant, url, before, limit)
    jobs = [row[0] for row in found]
    if not jobs:
        return []
    users = {row[0]: row for row in await fetch_own(engine, caller, READ_USERS, jobs)}
    events = dict[UUID, list[Any]]()
    for row in await fetch_fenced(engine, caller, READ_USES, jobs, [row[1] for row in found]):
        events.setdefault(row[0], []).append(row)
    seqs = dict(found)
    known = (job_id for job_id in jobs if job_id in users and job_id in events)
    return [_use(users[job_id], seqs[job_id], events[job_id]) for job_id in known]


def _use(user: Sequence[Any], found_seq: int, events: Sequence[Any]) -> Use:
    job_id, query, status = user
    [found] = [Placed(e[2], e[3], _found(e[4])) for e in events if e[2] == found_seq]
    reads = [Placed(e[2], e[3], _read(e[4])) for e in events if e[1] == "page_read"]
    reports = [_report(e[4]) for e in events if e[1] == "report_written"]
    number = found.event.number
    claims = [claim for report in reports for claim in report.claims if claim.number == number]
    read = next((read for read in reads if read.event.number == number), None)
    return Use(job_id, query, status, found, read, tuple(claims))
