"""Move stuck jobs, whose worker fell silent or question timed out.

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

JOBS_PER_ROUND = 100  # jobs of one round; the next round is a second later
ASIDE = timedelta(hours=1)  # a job whose log cannot be read is left alone, and then looked at again

_broken: set[UUID] = set()  # jobs with an unanswered question whose broken log was reported


async def rescue(writer: Writer, worker: str) -> int:
    """Expire the leases of silent workers.

    Return how many jobs moved.

    A job goes back into the queue, or fails once its attempts are spent. That two workers try it at
    the same time does no harm: the second finds that the epoch is over.
    """
    taken = 0
    for lost in await queue.lost(writer.engine, JOBS_PER_ROUND):
        try:
            job = await load(writer, lost.job_id)
            cause = c.ExpireLease(lost.epoch, "deadline" if lost.late else "silent")
            after = await handle(writer, job, cause, actor=f"rescue:{worker}", at=lost.at)
            if after.seq > job.seq:
                taken += 1
                about = {"job": job.id, "tenant": job.tenant, "epoch": lost.epoch, "worker": worker}
                log.warning("A job was rescued.", extra={**about, "cause": cause.cause})
                writer.metrics.rescues.labels(cause.cause).inc()
        except (DossierError, asyncpg.PostgresError) as error:  # the statement failed, not the log
            log.info("Job %s, epoch %s: not rescued: %s", lost.job_id, lost.epoch, error)
        except Exception as error:  # noqa: BLE001 - whatever a damaged row makes fail
            await set_aside(writer, {lost.job_id: error})
    return taken


async def set_aside(writer: Writer, broken: Mapping[UUID, Exception]) -> None:
    """Skip jobs with unreadable logs for an hour, to spare the others."""
    for job_id, error in broken.items():
        log.error(
            "Job %s is skipped for an hour: its log cannot be read: %r. Run `dossier verify`.",
            job_id,
            error,
        )
    await queue.set_aside(writer.engine, list(broken), ASIDE)


async def assume(writer: Writer, worker: str) -> None:
    """Continue jobs with their stated assumptions once their question timed out."""
    waiting = await queue.unanswered(writer.engine, JOBS_PER_ROUND)
    _broken.intersection_update(waiting)
    for job_id in waiting:
        try:
            job = await load(writer, job_id)
            await handle(writer, job, c.AssumeInput(), actor=f"rescue:{worker}")
        except (DossierError, asyncpg.PostgresError) as error:  # the statement failed, not the log
            log.info("Job %s: not continued without an answer: %s", job_id, error)
        except Exception as error:  # noqa: BLE001 - whatever a damaged row makes fail
            _report_broken(job_id, error)


def _report_broken(job_id: UUID, error: Exception) -> None:
    """Log a broken log once for as long as its job waits."""
    if job_id not in _broken:
        _broken.add(job_id)
        log.error("Job %s keeps waiting: its log cannot be read: %r. Run `dossier verify`.", job_id, error)
