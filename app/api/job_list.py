"""GET of many jobs: filters, search, order and pages."""

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from app.api.context import ApiContext
from app.api.contract import MAX_PAGE_SIZE, PAGE_PROBLEMS, problems_of
from app.api.past import moment_of
from app.api.path_values import id_prefix_of, job_id_of
from app.api.problem_details import BadRequest
from app.store import job_lists, library
from app.store.job_lists import JobFilter, ListCursor
from dossier.job_types import Jobs, JobSort, Outcome, Status
from dossier.library_types import CollectionName, Dollars, SearchWords
from dossier.request import Tag

DESCRIPTION = """
Every filter that is given holds. `q` finds jobs that are over by words of the question or the report, and
all by words of their notes, in any language. Repeat `tags` for jobs that carry all of them. `id_prefix` is
the beginning of an id. `forked_from` is the id of a job, and finds its forks; `family` too, and finds
the job that it goes back to and all forks of that. `favourite=true` finds
favourites, `collection` the jobs that are in it. Of the times, `created_after` is included and
`created_before` is not. `min_cost`, `max_cost` and an order by cost are about completed jobs whose cost is
known. Continue with `next_cursor` as `cursor`, with the same `sort`. `marks` are those of these jobs.
"""


@get(
    "/jobs",
    responses=problems_of(
        *PAGE_PROBLEMS,
        "wrong_type",
        "too_short",
        "too_long",
        "out_of_range",
        "malformed_job_id",
        "malformed_at",
    ),
    summary="List and search jobs",
    description=DESCRIPTION.strip().replace("\n", " "),
)
async def list_jobs(  # noqa: PLR0913 - each filter is a parameter of the query
    context: NamedDependency[ApiContext],
    *,
    q: FromQuery[SearchWords | None] = None,
    status: FromQuery[Status | None] = None,
    outcome: FromQuery[Outcome | None] = None,
    tags: FromQuery[list[Tag] | None] = None,
    created_after: FromQuery[str | None] = None,
    created_before: FromQuery[str | None] = None,
    min_cost: FromQuery[Dollars | None] = None,
    max_cost: FromQuery[Dollars | None] = None,
    sort: FromQuery[JobSort] = "newest",
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE_SIZE)] = 20,
    cursor: FromQuery[str | None] = None,
    id_prefix: FromQuery[str | None] = None,
    forked_from: FromQuery[str | None] = None,
    family: FromQuery[str | None] = None,
    favourite: FromQuery[bool] = False,
    collection: FromQuery[CollectionName | None] = None,
) -> Jobs:
    """Return a page of jobs, without their reports."""
    asked = JobFilter(
        status=status,
        outcome=outcome,
        tags=tuple(tags or ()),
        id_prefix=id_prefix_of(id_prefix),
        forked_from=job_id_of(forked_from, "forked_from") if forked_from else None,
        family=job_id_of(family, "family") if family else None,
        search=q,
        created_after=moment_of(created_after, "created_after") if created_after else None,
        created_before=moment_of(created_before, "created_before") if created_before else None,
        min_cost=min_cost,
        max_cost=max_cost,
        favourite=favourite,
        collection=collection,
        sort=sort,
        after=_cursor_of(cursor, sort),
    )
    found = await job_lists.page(context.reading, context.caller, asked, limit)
    marks = await library.read_marks(
        context.writer.engine, context.caller, [job.job_id for job in found.jobs]
    )
    return Jobs(found.jobs, found.next_cursor, marks)


def _cursor_of(text: str | None, sort: JobSort) -> ListCursor | None:
    try:
        return job_lists.list_cursor(text, sort) if text else None
    except ValueError:
        message = "Use the next_cursor of the page before, with the same sort."
        raise BadRequest("malformed_cursor", message, "cursor") from None
