"""Liveness, and readiness to take requests."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Struct

from app.api.authentication import PUBLIC
from app.api.context import ApiContext
from app.api.contract import problems_of
from app.errors import DatabaseUnavailable
from app.store import migrate


class Health(Struct, frozen=True):
    """The health of the process.

    `status` is "ok", or what is wrong. The levels are those of the migrations.
    """

    status: str
    migration: str = ""
    expected: str = ""


@get("/health/live", opt=PUBLIC, responses=problems_of(), summary="The process runs", sync_to_thread=False)
def live() -> Health:
    """Answer 200 as long as the process can answer.

    This says nothing about the database.
    """
    return Health("ok")


@get(
    "/health/ready",
    opt=PUBLIC,
    responses={**problems_of(), 503: ResponseSpec(Health, description="`status` says why not")},
    summary="The process can take requests",
)
async def ready(context: NamedDependency[ApiContext]) -> Response[Health]:
    """Answer 200 if the process can work, else 503.

    It cannot while the database is away or at an earlier migration level, or while the process drains.
    """
    expected = migrate.expected()
    try:
        level = await migrate.level(context.writer.engine)
    except DatabaseUnavailable:
        return _not_ready(Health("database_unavailable", "", expected))
    if not migrate.serves(level):
        return _not_ready(Health("migration_needed", level, expected))
    if context.hub.crowd.is_draining:
        return _not_ready(Health("draining", level, expected))
    return Response(Health("ok", level, expected))


def _not_ready(health: Health) -> Response[Health]:
    return Response(health, status_code=503, headers={"Retry-After": "1"})
