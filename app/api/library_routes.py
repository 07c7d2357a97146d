"""Routes of the library: marks of jobs, and saved filters."""

from typing import Annotated

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import Body, FromPath

from app.api.context import ApiContext
from app.api.contract import BODY, JOB_PROBLEMS, problems_of
from app.api.path_values import job_id_of, uuid_of
from app.errors import FilterNotFound, JobNotFound, TooManyFilters
from app.store import library as store
from dossier.job_types import Mark
from dossier.library_types import Library, MarkChange, NewFilter, SavedFilter


@get("/jobs/{job_id:str}/mark", responses=problems_of(*JOB_PROBLEMS), summary="Get a job's mark")
async def get_mark(context: NamedDependency[ApiContext], job_id: FromPath[str]) -> Mark:
    """Return whether a job is a favourite, its note and its collections."""
    view = await context.view(job_id_of(job_id))
    marks = await store.read_marks(context.writer.engine, context.caller, [view.job_id])
    return marks[0] if marks else Mark(job_id=view.job_id)


@patch(
    "/jobs/{job_id:str}/mark",
    responses=problems_of(*BODY, *JOB_PROBLEMS),
    summary="Mark a job",
    description="A favourite, a note, and the collections that the job is in. What is left out stays.",
)
async def change_mark(
    context: NamedDependency[ApiContext], job_id: FromPath[str], data: Annotated[MarkChange, Body()]
) -> Mark:
    """Change what readers keep about a job, and not its log."""
    key = job_id_of(job_id)
    mark = await store.change_mark(context.writer.engine, context.caller, key, data)
    if mark is None:
        raise JobNotFound(f"There is no job {key}.")
    return mark


@get("/library", responses=problems_of("database_unavailable"), summary="Get the library")
async def get_library(context: NamedDependency[ApiContext]) -> Library:
    """Return the collections with their sizes, and the saved filters."""
    return await store.read_library(context.writer.engine, context.caller)


@post(
    "/library/filters",
    status_code=200,
    responses=problems_of(*BODY, "too_many_filters", "database_unavailable"),
    summary="Save a filter",
    description="A filter of the same name is replaced.",
)
async def save_filter(
    context: NamedDependency[ApiContext], data: Annotated[NewFilter, Body()]
) -> SavedFilter:
    """Save a search of jobs under a name."""
    saved = await store.save_filter(context.writer.engine, context.caller, data.name, data.search)
    if saved is None:
        raise TooManyFilters(f"There are {store.MAX_FILTERS} saved filters. Delete one first.")
    return saved


@delete(
    "/library/filters/{filter_id:str}",
    responses=problems_of("filter_not_found", "database_unavailable"),
    summary="Delete a saved filter",
)
async def delete_filter(context: NamedDependency[ApiContext], filter_id: FromPath[str]) -> None:
    """Delete a saved filter, and no job."""
    unknown = FilterNotFound("No saved filter has this id.")
    if not await store.delete_filter(context.writer.engine, context.caller, uuid_of(filter_id, unknown)):
        raise unknown


LIBRARY_ROUTES = [get_mark, change_mark, get_library, save_filter, delete_filter]
