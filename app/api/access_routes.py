"""Serve GET /access: who asked for what."""

import re
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from app.api.authentication import ADMIN
from app.api.context import ApiContext
from app.api.contract import problems_of
from app.api.path_values import job_id_of
from app.api.problem_details import BadRequest
from app.domain.access import AccessEntry
from app.store.access_log import list_access
from dossier.access_types import AccessLine, AccessPage

NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


@get(
    "/access",
    responses=problems_of(
        "malformed_cursor",
        "malformed_job_id",
        "page_size_out_of_range",
        "repeated_parameter",
        "database_unavailable",
    ),
    summary="List who asked for what",
    description=(
        "The requests that keys of the caller's tenant sent; an operator sees all, those that were refused "
        "too. The newest come first, and a request shows up within seconds."
    ),
    opt=ADMIN,
)
async def list_accesses(
    context: NamedDependency[ApiContext],
    key_id: FromQuery[str | None] = None,
    job_id: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100,
) -> AccessPage:
    """Return a page of the access log."""
    job = job_id_of(job_id) if job_id else None
    found = await list_access(context.reading, context.caller, _before(cursor), limit + 1, key_id, job)
    page = found[:limit]
    more = str(page[-1].number) if len(found) > limit else None
    return AccessPage([_shown(entry) for entry in page], more)


def _before(cursor: str | None) -> int | None:
    if cursor and not NUMBER.fullmatch(cursor):
        raise BadRequest("malformed_cursor", "Use the next_cursor of the page before.", "cursor")
    return int(cursor) if cursor else None


def _shown(entry: AccessEntry) -> AccessLine:
    return AccessLine(**{name: getattr(entry, name) for name in AccessLine.__struct_fields__})
