"""Delete bodies, keep the events that name them, and write a tombstone.

Events carry the sha256 of pages, prompts and replies and never their text, so the chain of a job is whole
without them.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from app.domain.event_kinds import EVENT_KINDS, NAMING_BLOBS
from app.domain.upkeep import JobForgotten, PageForgotten, UpkeepEvent, entry
from app.errors import JobNotFound, StillNeeded, WrongVersion
from app.store import upkeep_log
from app.store.database import Engine, fetch
from app.store.history import known
from dossier.job_types import OVER

JOBS_PER_STATEMENT = 500  # jobs whose events are looked through by one statement
FORGET_TRIES = 10
JOBS_NAMED = 5  # jobs that a refusal names

_TYPES = ", ".join(f"'{name}'" for name in sorted(NAMING_BLOBS))
_FIELDS = {field.name: field for kind in EVENT_KINDS.values() for field in kind.blobs}
_NAMES = ", ".join(f"(e.data ->> '{field.name}', {field.is_parts})" for field in _FIELDS.values())

# A prompt is kept as a list of its parts, which are bodies of their own.
FIND_NAMED = f"""
    WITH named AS MATERIALIZED (
        SELECT DISTINCT e.job_id, n.name, n.is_prompt
        FROM events e CROSS JOIN LATERAL (VALUES
            {_NAMES}) AS n(name, is_prompt)
        WHERE e.job_id = ANY($1::uuid[]) AND n.name IS NOT NULL
          AND e.type IN ({_TYPES})
    )
    SELECT job_id, name FROM named
    UNION
    SELECT named.job_id, part.found[1] FROM named JOIN blobs ON blobs.sha256 = named.name
    CROSS JOIN LATERAL
        regexp_matches(convert_from(body, 'UTF8'), '"sha256":"([0-9a-f]{{64}})"', 'g') AS part(found)
    WHERE named.is_prompt"""

READ_STATUS = "SELECT job_id, status FROM jobs WHERE job_id = ANY($1::uuid[])"

STILL_STORED = "SELECT sha256 FROM blobs WHERE sha256 = ANY($1::text[])"


class Plan(Struct, frozen=True):
    """What would be forgotten."""

    names: tuple[str, ...]  # bodies that are there and would go
    jobs: tuple[UUID, ...]  # whose events name any of them
    shared: int = 0  # bodies that stay, because other jobs name them too
    job_id: UUID | None = None  # the job to be forgotten; None: pages are
    is_known: bool = True  # somebody names what is to be forgotten

    def deed(self, reason: str) -> UpkeepEvent:
        """The tombstone."""
        if self.job_id:
            return JobForgotten(self.job_id, self.names, self.shared, reason)
        return PageForgotten(self.names, self.jobs, reason)


async def plan_pages(engine: Engine, names: Sequence[str]) -> Plan:
    """Say what forgetting these bodies affects.

    Raises StillNeeded where a job that is not over names one: it may have to go on from it.
    """
    wanted, jobs = set(names), set[UUID]()
    async for named in _named(engine, None):
        jobs |= {job_id for job_id, name in named if name in wanted}
    await _require_over(engine, jobs)
    there = await _kept(engine, wanted)
    return Plan(there, tuple(sorted(jobs)), is_known=bool(jobs or there))


async def plan_job(engine: Engine, job_id: UUID) -> Plan:
    """Return the bodies that only this job names.

    Raises JobNotFound, and StillNeeded where the job is not over.
    """
    own = {name for _, name in await fetch(engine, FIND_NAMED, [job_id])}
    if not await fetch(engine, READ_STATUS, [job_id]):
        raise JobNotFound(f"There is no job {job_id}.")
    await _require_over(engine, [job_id])
    others = set[str]()
    async for named in _named(engine, job_id):
        others |= {name for _, name in named if name in own}
    there, shared = await _kept(engine, own - others), await _kept(engine, own & others)
    return Plan(there, (job_id,), shared=len(shared), job_id=job_id)


async def plan_jobs(engine: Engine, job_ids: Sequence[UUID]) -> Plan:
    """Return the bodies that only these jobs name.

    Raises StillNeeded where one is not over.
    """
    chosen, own, others = set(job_ids), set[str](), set[str]()
    await _require_over(engine, chosen)
    async for named in _named(engine, None):
        own |= {name for job_id, name in named if job_id in chosen}
        others |= {name for job_id, name in named if job_id not in chosen}
    there, shared = await _kept(engine, own - others), await _kept(engine, own & others)
    jobs = tuple(sorted(chosen)) if there else ()
    return Plan(there, jobs, shared=len(shared), is_known=bool(there))


async def forget(
    engine: Engine, plan: Plan, reason: str = "", now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> int | None:
    """Delete the bodies, and a forgotten job's notes and links.

    Return the tombstone's number, or None without any body.

    Needs the owner's role. Raises BadSetting, WrongVersion.
    """
    if plan.job_id:
        await upkeep_log.forget_beside(engine, plan.job_id)
    if not plan.names:
        return None
    actor = await upkeep_log.actor(engine)
    for _ in range(FORGET_TRIES):
        tombstone = entry(await upkeep_log.last(engine), plan.deed(reason), actor, now())
        if await upkeep_log.forget(engine, tombstone, list(plan.names)):
            return tombstone.number
    raise WrongVersion("Other processes keep writing to the log of upkeep.")


async def _named(engine: Engine, leave_out: UUID | None) -> AsyncIterator[Sequence[Any]]:
    """Which job names which body, some jobs at a time."""
    after = UUID(int=0)
    while page := await known(engine, after, JOBS_PER_STATEMENT):
        yield await fetch(engine, FIND_NAMED, [job_id for job_id in page if job_id != leave_out])
        after = page[-1]


async def _kept(engine: Engine, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(row[0] for row in await fetch(engine, STILL_STORED, list(names))))


async def _require_over(engine: Engine, jobs: Iterable[UUID]) -> None:
    alive = sorted(str(row[0]) for row in await fetch(engine, READ_STATUS, list(jobs)) if row[1] not in OVER)
    if alive:
        more = f" and {len(alive) - JOBS_NAMED} more" if len(alive) > JOBS_NAMED else ""
        raise StillNeeded(
            f"These jobs are not over: {', '.join(alive[:JOBS_NAMED])}{more}. Wait, or cancel them."
        )
