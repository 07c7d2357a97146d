"""GET /jobs/{id}/report: the report and its sources, in each format."""

import asyncio
from typing import Literal

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from app.api.context import ApiContext
from app.api.contract import JOB_PROBLEMS, accepted, problems_of
from app.api.path_values import job_id_of
from app.api.problem_details import BadRequest
from app.text import report_docx, report_output
from app.text.report_references import bibtex, csl
from app.text.report_style import REPORT_STYLE_HASH

Format = Literal["md", "html", "json", "docx", "bib", "csl"]

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
BIBTEX = "application/x-bibtex"
CSL = "application/vnd.citationstyles.csl+json"
FORMATS: dict[str, Format] = {
    "text/markdown": "md",
    "text/html": "html",
    "application/json": "json",
    DOCX: "docx",
    BIBTEX: "bib",
    CSL: "csl",
}
# The page is a document of its own: no script, no style but its own, no frame around it.
REPORT_POLICY = (
    f"default-src 'none'; style-src {REPORT_STYLE_HASH}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@get(
    "/jobs/{job_id:str}/report",
    responses=problems_of(*JOB_PROBLEMS, "report_not_ready", "wrong_type", "repeated_parameter"),
    summary="Get the report of a completed job",
    description="By `Accept` or `?format=`: `md`, `html`, `json` or `docx`; `bib` and `csl` are its sources.",
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
    made, language = view.completed_at or view.created_at, view.language or ""
    match format or FORMATS.get(accepted(request, *FORMATS) or "", "md"):
        case "html":
            headers = {"Content-Security-Policy": REPORT_POLICY, "X-Content-Type-Options": "nosniff"}
            page = await asyncio.to_thread(report_output.html, view.result, language)
            return Response(page, media_type="text/html", headers=headers)
        case "json":
            return Response(msgspec.json.encode(view.result), media_type="application/json")
        case "docx":
            path = f"{context.links.root}/browse/jobs/{view.job_id}"
            address = str(request.url.with_replacements(path=path, query=""))
            async with context.bundling():  # a long report takes a second of a core
                body = await asyncio.to_thread(report_docx.docx, view.result, address, made, language)
            headers = {"Content-Disposition": f'attachment; filename="dossier-{view.job_id}.docx"'}
            return Response(body, media_type=DOCX, headers=headers)
        case "bib":
            return Response(bibtex(view.result, made.date()), media_type=BIBTEX)
        case "csl":
            return Response(csl(view.result, made.date()), media_type=CSL)
        case _:
            text = await asyncio.to_thread(report_output.markdown, view.result, language)
            return Response(text, media_type="text/markdown")
