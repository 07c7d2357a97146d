"""Add the callback of a job that is submitted or forked next."""

from uuid import UUID

from app.api.context import ApiContext
from app.api.webhook_address import check_webhook_url
from app.domain.job import Job
from app.store.webhook_endpoints import add_callback, delete_endpoint, find_callback
from dossier.job_types import Callback


async def promised_callback(context: ApiContext, job_id: UUID, url: str | None) -> Callback | None:
    """Add the callback before its job, so that no crash loses it.

    Raises BadRequest.
    """
    if url is None:
        return None
    check_webhook_url(url, "callback_url")
    return await add_callback(context.writer.engine, context.caller, job_id, url)


async def kept_callback(
    context: ApiContext, promised: Callback | None, job: Job, *, is_new: bool
) -> Callback | None:
    """Return the callback of the job, which was perhaps submitted before."""
    if is_new or promised is None:
        return promised
    await delete_endpoint(context.writer.engine, context.caller, promised.endpoint_id)
    return await find_callback(context.writer.engine, context.caller, job.id)
