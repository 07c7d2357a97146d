"""Leave jobs of a newer version to its workers.

While versions are exchanged, both claim jobs. Decisions under rules that a worker does not know could not be
replayed later.
"""

import logging
from datetime import datetime, timedelta

import asyncpg

from app.domain import commands as c
from app.domain.job import Job
from app.handle import handle
from app.store.writer import Writer
from dossier.problems import DossierError

log = logging.getLogger(__name__)

WAIT = (5, 300)  # seconds: after the first claim, and the longest
MOST_DOUBLINGS = 10


async def hand_back(writer: Writer, job: Job, worker: str, at: datetime) -> None:
    """Return a job to the queue, which was claimed `at` Postgres's time.

    It costs no attempt.
    """
    first, longest = WAIT
    wait = min(longest, first * 2 ** min(job.epoch - 1, MOST_DOUBLINGS))
    command = c.ReleaseAttempt(job.epoch, "requeued", at + timedelta(seconds=wait))
    about = {"job": job.id, "tenant": job.tenant, "epoch": job.epoch, "worker": worker}
    try:
        await handle(writer, job, command, actor=f"worker:{worker}", epoch=job.epoch, at=at)
    except (DossierError, asyncpg.PostgresError) as error:
        log.warning("Job %s could not be handed back (%s); its lease will expire.", job.id, error)
    else:
        log.warning("A job needs a worker of a newer version: it was handed back.", extra=about)
