"""Jobs that nobody moves: their worker fell silent, or their question was not answered.

Every worker does it; none has to be elected.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import asyncpg

from app.domain import commands as c
from app.handle import handle, load
from app.store import queue
from app.store.writer import Writer
from dossier.problems import DossierError

log = logging.getLogger(__name__)

AT_ONCE = 100  # jobs of one round; the next round is a second later
ASIDE = timedelta(hours=1)  # a job whose log cannot be read is left alone, and then looked at again

_told: set[UUID] = set()  # jobs with an unanswered question that were logged already


async def rescue(writer: Writer, worker: str) -> int:
    """Expire leases that nobody holds any more; returns how many jobs were taken.

    A job goes back into the queue, or fails once its attempts are spent. That two workers try it at
    the same time does no harm: the second finds that the epoch is over.
    """
    taken = 0
    for lost in await queue.lost(writer.engine, AT_ONCE):
        try:
            job = await load(writer, lost.job_id)
            cause = c.ExpireLease(lost.epoch, "deadline" if lost.late else "silent")
            after = await handle(writer, job, cause, actor=f"rescue:{worker}", at=lost.at)
            taken += after.seq > job.seq
        except (DossierError, asyncpg.PostgresError):  # it was the statement that failed, not the log
            continue
        except Exception as error:  # noqa: BLE001 - whatever a damaged row makes fail
            await set_aside(writer, {lost.job_id: error})
    return taken


async def set_aside(writer: Writer, broken: Mapping[UUID, Exception]) -> None:
    """Leave jobs alone whose logs do not fold, so that they cost the others nothing."""
    for job_id, error in broken.items():
        log.error(
            "Job %s is left alone for an hour, its log cannot be read: %r. See `dossier verify`.",
            job_id,
            error,
        )
    await queue.set_aside(writer.engine, list(broken), ASIDE)


async def assume(writer: Writer, worker: str) -> None:
    """Let jobs go on with their stated assumptions once the time for an answer is over."""
    for job_id in await queue.unanswered(writer.engine, AT_ONCE):
        try:
            job = await load(writer, job_id)
            await handle(writer, job, c.AssumeInput(), actor=f"rescue:{worker}")
        except DossierError:
            continue
        except Exception as error:  # noqa: BLE001 - whatever a damaged row makes fail
            if job_id not in _told:
                _told.add(job_id)
                log.error("Job %s waits on, its log cannot be read: %r. See `dossier verify`.", job_id, error)  # noqa: TRY400
