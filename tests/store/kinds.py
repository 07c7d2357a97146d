"""A database with every kind of job."""

from app import handle
from app.domain import commands as c
from tests.domain.given_jobs import LATER
from tests.steps import as_worker, completed_job, running_job, submitted_job


async def every_kind_of_job(writer):
    """One job in every state that a job can rest in."""
    await completed_job(writer, tags=("x",))
    retrying = await running_job(writer)
    await as_worker(writer, retrying, c.FailAttempt(retrying.epoch, "network", "x", True, LATER))
    failed = await running_job(writer)
    await as_worker(writer, failed, c.FailAttempt(failed.epoch, "auth", "x", False, LATER))
    released = await running_job(writer)
    await as_worker(writer, released, c.ReleaseAttempt(released.epoch))
    expired = await running_job(writer)
    await handle.handle(writer, expired, c.ExpireLease(expired.epoch, "silent"), actor="r")
    cancelling = await running_job(writer, priority=3)
    await handle.handle(writer, cancelling, c.RequestCancel("x"), actor="api")
    cancelled = await submitted_job(writer)
    await handle.handle(writer, cancelled, c.RequestCancel(), actor="api")
    await submitted_job(writer, metadata={"b": 1, "a": [None, "é"]})
