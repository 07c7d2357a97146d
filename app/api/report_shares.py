"""Make, list, end and serve links to a report."""

import asyncio
from typing import Annotated

from litestar import Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Body, FromPath

from app.api.authentication import CALLER, JOB, PUBLIC
from app.api.context import ApiContext
from app.api.contract import BODY, JOB_PROBLEMS, problems_of
from app.api.path_values import job_id_of, uuid_of
from app.api.problem_details import BadRequest
from app.api.report import REPORT_POLICY
from app.errors import JobNotFound, ShareNotFound, TooManyShares
from app.store import shares as store
from app.text import report_output
from dossier.share_types import NewShare, Shares, ShareWithUrl

NO_SHARE = "No valid link has this address or id."
# Who opens it tells neither the sites that the report links to, nor a search engine.
SHARED_HEADERS = {
    "Content-Security-Policy": REPORT_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


@post(
    "/jobs/{job_id:str}/shares",
    responses=problems_of(*BODY, *JOB_PROBLEMS, "report_not_ready", "out_of_range", "too_many_shares"),
    summary="Share a report",
    description="Everybody who has the link can read the report until it ends. It is shown only once.",
)
async def share_report(
    context: NamedDependency[ApiContext], job_id: FromPath[str], data: Annotated[NewShare, Body()]
) -> ShareWithUrl:
    """Make a link to the report of a completed job."""
    view = await context.view(job_id_of(job_id))
    if view.result is None:
        raise BadRequest("report_not_ready", f"The job is {view.status}; there is no report.", "job_id")
    made = await store.add_share(context.writer.engine, context.caller, view.job_id, data.expires_in_days)
    if made is None:
        raise TooManyShares(f"The job has {store.MAX_SHARES} valid links. Revoke one first.")
    share, token = made
    return ShareWithUrl(share=share, url=f"{context.links.root}/shared/{token}")


@get("/jobs/{job_id:str}/shares", responses=problems_of(*JOB_PROBLEMS), summary="List the links to a report")
async def list_report_shares(context: NamedDependency[ApiContext], job_id: FromPath[str]) -> Shares:
    """Return the links to a job's report, without their addresses."""
    view = await context.view(job_id_of(job_id))
    return Shares(await store.list_shares(context.writer.engine, context.caller, view.job_id))


@delete(
    "/shares/{share_id:str}",
    responses=problems_of("share_not_found", "database_unavailable"),
    summary="Revoke a link to a report",
)
async def revoke_share(context: NamedDependency[ApiContext], share_id: FromPath[str]) -> None:
    """End a link at once and for good."""
    unknown = ShareNotFound(NO_SHARE)
    if not await store.revoke_share(context.writer.engine, context.caller, uuid_of(share_id, unknown)):
        raise unknown


@get(
    "/shared/{token:str}",
    opt=PUBLIC,
    responses={
        **problems_of("share_not_found", "database_unavailable"),
        200: ResponseSpec(str, media_type="text/html", description="The report"),
    },
    summary="Read a shared report",
)
async def read_shared(
    context: NamedDependency[ApiContext],
    request: Request,  # type: ignore[type-arg]
    token: FromPath[str],
) -> Response[str]:
    """Return the report that a link shows, to anybody."""
    found = await store.find_shared(context.writer.engine, token)
    if found is None:
        raise ShareNotFound(NO_SHARE)
    job_id, caller = found
    request.scope[JOB], request.scope[CALLER] = job_id, caller  # type: ignore[literal-required]
    try:
        view = await context.of(caller).view(job_id)
    except JobNotFound:
        raise ShareNotFound(NO_SHARE) from None
    if view.result is None:
        raise ShareNotFound(NO_SHARE)
    page = await asyncio.to_thread(report_output.html, view.result, view.language or "")
    return Response(page, media_type="text/html", headers=SHARED_HEADERS)


SHARE_ROUTES = [share_report, list_report_shares, revoke_share, read_shared]
