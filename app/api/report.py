"""GET /jobs/{id}/report: the report as markdown, html or JSON."""

import asyncio
from typing import Literal

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from app.api.context import ApiContext, job_id_of
from app.api.contract import JOB_PROBLEMS, accepted, problems_of
from app.api.problem_details import BadRequest
from app.text import report_output

Format = Literal["md", "html", "json"]

FORMATS: dict[str, Format] = {"text/markdown": "md", "text/html": "html", "application/json": "json"}
# The page is a document of its own: no script, no style from elsewhere, no frame around it.
REPORT_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@get(
    "/jobs/{job_id:str}/report",
    responses=problems_of(*JOB_PROBLEMS, "report_not_ready", "wrong_type", "repeated_parameter"),
    summary="Get the report of a completed job",
    description="Markdown, html or json by `Accept` or `?format=md|html|json`.",
)
async def job_report(
    context: NamedDependency[ApiContext],
    request: Request,  # type: ignore[type-arg]
    job_id: FromPath[str],
    format: FromQuery[Format | None] = None,  # noqa: A002 - the query parameter's name
) -> Response[str | bytes]:
    """Return the report, or 404 `report_not_ready` until there is one."""
    view = await context.view(job_id_of(job_id))
    if view.result is None:
        message = f"The job is {view.status}; there is no report."
        raise BadRequest("report_not_ready", message, "job_id")
    match format or FORMATS.get(accepted(request, *FORMATS) or "", "md"):
        case "html":
            headers = {"Content-Security-Policy": REPORT_POLICY, "X-Content-Type-Options": "nosniff"}
            page = await asyncio.to_thread(report_output.html, view.result)
            return Response(page, media_type="text/html", headers=headers)
        case "json":
            return Response(msgspec.json.encode(view.result), media_type="application/json")
        case _:
            text = await asyncio.to_thread(report_output.markdown, view.result)
            return Response(text, media_type="text/markdown")
