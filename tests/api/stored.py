"""Frames that the log holds."""

from tests.api.sse import Seen
from tests.steps import whole_log


async def stored(house, job_id) -> list[Seen]:
    """What the log says that a reader must see."""
    names = {"job_completed": "job_complete", "job_failed": "job_failed", "job_cancelled": "job_cancelled"}
    return [
        Seen(str(row.seq), names.get(row.type, "job_progress"), row.line().decode())
        for row in await whole_log(house.engine, job_id)
    ]
