"""GET /jobs/{id}/report: the report as markdown, html or JSON."""

from typing import Literal

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from app.api.desk import Desk, job_id_of
from app.api.jobs import ABSENT, PROBLEMS
from app.api.problems import BadRequest
from app.text import report

Format = Literal["md", "html", "json"]

ACCEPTS: tuple[tuple[str, Format], ...] = (
    ("text/html", "html"),
    ("application/json", "json"),
    ("text/markdown", "md"),
)
# The page is a document of its own: no script, no style from elsewhere, no frame around it.
POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@get(
    "/jobs/{job_id:str}/report",
    responses={**PROBLEMS, **ABSENT},
    summary="The report of a completed job",
    description="Markdown, html or json by `Accept` or `?format=md|html|json`.",
)
async def job_report(
    desk: NamedDependency[Desk],
    request: Request,  # type: ignore[type-arg]
    job_id: FromPath[str],
    format: FromQuery[Format | None] = None,  # noqa: A002 - the query parameter's name
) -> Response[str | bytes]:
    """The report; 404 `report_not_ready` while there is none."""
    view = await desk.view(job_id_of(job_id))
    if view.result is None:
        message = f"The job is {view.status}; there is no report."
        raise BadRequest("report_not_ready", message, "job_id", status=404)
    match format or _accepted(request.headers.get("accept", "")):
        case "html":
            headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
            return Response(report.html(view.result), media_type="text/html", headers=headers)
        case "json":
            return Response(msgspec.json.encode(view.result), media_type="application/json")
        case _:
            return Response(report.markdown(view.result), media_type="text/markdown")


def _accepted(accept: str) -> Format:
    """The first of our formats that the header names; markdown where it names none."""
    places = {name: accept.find(kind) for kind, name in ACCEPTS}
    named = [name for name, place in places.items() if place >= 0]
    return min(named, key=places.__getitem__, default="md")
