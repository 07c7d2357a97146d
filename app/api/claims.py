"""Serve GET /jobs/{id}/claims and GET /sources.

The one leads from a sentence to its page, the other from a page to the sentences.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import Struct
from msgspec.structs import replace

from app.api.context import ApiContext
from app.api.contract import LOG, MAX_PAGE_SIZE, PAGE_PROBLEMS, problems_of
from app.api.path_values import job_id_of, page_cursor_of
from app.api.problem_details import BadRequest
from app.api.trail import read_trail
from app.store import uses
from app.store.page_numbers import page_numbers
from app.text.urls import normalise
from dossier.evidence import Claims
from dossier.job_types import Claim, Status


class SourceUse(Struct, frozen=True):
    """A job that found the page.

    `sha256` is that of the text as the job read it, null where it did not read it.
    """

    job_id: UUID
    query: str
    status: Status
    number: int
    title: str
    found_seq: int
    found_at: datetime
    read_seq: int | None
    read_at: datetime | None
    sha256: str | None
    claims: tuple[Claim, ...]


class SourceUses(Struct, frozen=True):
    """The jobs that found the page at this address, newest first."""

    url: str
    jobs: tuple[SourceUse, ...]
    next_cursor: str | None


@get(
    "/jobs/{job_id:str}/claims",
    responses=problems_of(*LOG),
    summary="List the claims of a report, each with its evidence",
)
async def job_claims(context: NamedDependency[ApiContext], job_id: FromPath[str]) -> Response[Claims]:
    """Return the evidence of each sentence of the report.

    The list is empty until there is a report.
    """
    key = job_id_of(job_id)
    head = await context.head(key)
    found = (await read_trail(context, key)).claims()
    places = [(claim.source.page.sha256 if claim.source.page else "", claim.start) for claim in found]
    numbers = await page_numbers(context.reading, places)
    paged = (replace(claim, page_number=page) for claim, page in zip(found, numbers, strict=True))
    return Response(Claims(key, head.seq, tuple(paged)))


@get(
    "/sources",
    responses=problems_of(*PAGE_PROBLEMS, "missing_parameter", "malformed_url", "too_short", "too_long"),
    summary="List the jobs that found a page, and the claims that cite it",
    description="`url` as a report has it. Continue with `next_cursor` as `cursor`.",
)
async def source_uses(
    context: NamedDependency[ApiContext],
    url: Annotated[str, QueryParameter(min_length=1, max_length=4000)],
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE_SIZE)] = 20,
    cursor: FromQuery[str | None] = None,
) -> Response[SourceUses]:
    """Return the caller's jobs that found the page, newest first."""
    address = normalise(url)
    if not address:
        raise BadRequest("malformed_url", "Use the address of a page as a report has it.", "url")
    before = page_cursor_of(cursor)
    found = await uses.uses(context.reading, context.caller, address, before, limit + 1)
    page = found[:limit]
    more = str(page[-1].job_id) if len(found) > limit else None
    return Response(SourceUses(address, tuple(map(_use, page)), more))


def _use(use: uses.Use) -> SourceUse:
    found, read = use.found.event, use.read
    return SourceUse(
        job_id=use.job_id,
        query=use.query,
        status=use.status,
        number=found.number,
        title=found.title,
        found_seq=use.found.seq,
        found_at=use.found.at,
        read_seq=read.seq if read else None,
        read_at=read.at if read else None,
        sha256=read.event.sha256 if read else None,
        claims=use.claims,
    )
