"""GET /jobs/{id}/claims and GET /sources: from a sentence to its page, and from a page to the sentences."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import Struct

from app.agent.provenance import claims
from app.api.desk import TENANT, Desk, job_id_of
from app.api.jobs import ABSENT, PROBLEMS
from app.api.problems import BadRequest
from app.domain.event_kinds import TRACES
from app.store import log, uses
from app.text.urls import normalise
from dossier.evidence import Claims
from dossier.job import Claim, Status


class SourceUse(Struct, frozen=True):
    """A job that found the page; `sha256` is that of the text as it read it, null where it did not."""

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
    responses={**PROBLEMS, **ABSENT},
    summary="Each claim of the report, with its quote, page, read, search, and the step that asked",
)
async def job_claims(desk: NamedDependency[Desk], job_id: FromPath[str]) -> Response[Claims]:
    """Why each sentence is there; an empty list while there is no report."""
    key = job_id_of(job_id)
    head = await desk.head(key)
    found = claims(await log.of_types(desk.writer.engine, key, TRACES))
    return Response(Claims(key, head.seq, tuple(found)))


@get(
    "/sources",
    responses=PROBLEMS,
    summary="Every job that found a page, and the claims that stand on it",
    description="`url` as it stands in a report. Go on with `cursor`, the `next_cursor` of the page before.",
)
async def source_uses(
    desk: NamedDependency[Desk],
    url: Annotated[str, QueryParameter(min_length=1, max_length=4000)],
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 20,
    cursor: FromQuery[str | None] = None,
) -> Response[SourceUses]:
    """The jobs of the caller, newest first; none where no job found the page."""
    address = normalise(url)
    if not address:
        raise BadRequest("malformed_url", "The address of a page is needed, as it stands in a report.", "url")
    before = job_id_of(cursor, "cursor") if cursor else None
    found = await uses.uses(desk.writer.engine, TENANT, address, before, limit)
    more = str(found[-1].job_id) if len(found) == limit else None
    return Response(SourceUses(address, tuple(map(_use, found)), more))


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
