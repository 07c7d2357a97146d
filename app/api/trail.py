"""Read of a job's log where its claims and sources come from."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from app.agent.provenance import Trail
from app.api.context import ApiContext
from app.domain.event_kinds import TRACES
from app.domain.row import Row
from app.store import log


async def read_trail(context: ApiContext, job_id: UUID) -> Trail:
    """Follow the events a page at a time, off the loop."""
    trail = Trail()
    async for rows in log.of_types(context.reading, context.caller, job_id, TRACES):
        await asyncio.to_thread(_note, trail, rows)
    return trail


def _note(trail: Trail, rows: Sequence[Row]) -> None:
    for row in rows:
        trail.note(row.recorded())
