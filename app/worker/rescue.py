"""Jobs that nobody moves: their worker fell silent, or their question was not answered.

Every worker does it; none has to be elected.
"""

import contextlib

from app.domain import commands as c
from app.errors import DossierError
from app.handle import handle, load
from app.store import queue
from app.store.writer import Writer

AT_ONCE = 100  # jobs of one round; the next round is a second later


async def rescue(writer: Writer, worker: str) -> int:
    """Expire leases that nobody holds any more; returns how many jobs were taken.

    A job goes back into the queue, or fails once its attempts are spent. That two workers try it at
    the same time does no harm: the second finds that the epoch is over.
    """
    taken = 0
    for lost in await queue.lost(writer.engine, AT_ONCE):
        with contextlib.suppress(DossierError):
            job = await load(writer, lost.job_id)
            cause = c.ExpireLease(lost.epoch, "deadline" if lost.late else "silent")
            after = await handle(writer, job, cause, actor=f"rescue:{worker}")
            taken += after.seq > job.seq
    return taken


async def assume(writer: Writer, worker: str) -> None:
    """Let jobs go on with their stated assumptions once the time for an answer is over."""
    for job_id in await queue.unanswered(writer.engine, AT_ONCE):
        with contextlib.suppress(DossierError):
            job = await load(writer, job_id)
            await handle(writer, job, c.AssumeInput(), actor=f"rescue:{worker}")
