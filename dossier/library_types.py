"""What readers keep about jobs: favourites, notes, collections and saved filters."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from dossier.job_types import JobSort, Outcome, Status
from dossier.request import Tag

CollectionName = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"\S")]
Note = Annotated[str, Meta(max_length=4000)]
FilterName = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"\S")]
SearchWords = Annotated[str, Meta(min_length=1, max_length=400)]
Dollars = Annotated[float, Meta(ge=0, le=1_000_000)]


class MarkChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `PATCH /jobs/{job_id}/mark`.

    What is null or left out stays as it is.
    """

    favourite: bool | None = None
    note: Note | None = None
    collections: Annotated[tuple[CollectionName, ...], Meta(max_length=20)] | None = None


class JobSearch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Filters of a list of jobs, as `GET /jobs` has them.

    Moments are left out: they would age.
    """

    q: SearchWords | None = None
    status: Status | None = None
    outcome: Outcome | None = None
    tags: Annotated[tuple[Tag, ...], Meta(max_length=10)] = ()
    favourite: bool = False
    collection: CollectionName | None = None
    min_cost: Dollars | None = None
    max_cost: Dollars | None = None
    sort: JobSort = "newest"


class NewFilter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /library/filters`.

    A filter of the same name is replaced.
    """

    name: FilterName
    search: JobSearch


class SavedFilter(Struct, frozen=True, kw_only=True):
    """A search under a name."""

    filter_id: UUID
    name: str
    search: JobSearch
    changed_at: datetime


class JobCollection(Struct, frozen=True, kw_only=True):
    """A collection, and how many jobs are in it."""

    name: str
    jobs: int


class Library(Struct, frozen=True, kw_only=True):
    """The favourites, collections and saved filters of a tenant."""

    favourites: int
    collections: list[JobCollection]
    filters: list[SavedFilter]
