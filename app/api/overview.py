"""Serve GET /overview, what jobs do now and did lately.

All readers share one snapshot.
"""

from datetime import UTC, datetime

from litestar import Request, Response, get
from litestar.di import NamedDependency
from msgspec import Struct

from app.agent.limits import PRESETS
from app.api.cached_value import CachedValue
from app.api.context import TENANT, ApiContext
from app.api.contract import check_request, problems_of
from app.api.page import overview_page
from app.store import overview_figures as store
from app.store import past_figures
from app.store.database import Engine
from dossier.discovery_types import Past
from dossier.request import Effort

FRESH = 1.0  # seconds for which the counts of this moment are used again
HISTORY_TTL = 15.0  # seconds for the history, which changes slowly and costs more


class Typical(Struct, frozen=True):
    """The medians of the newest completed jobs of an effort."""

    jobs: int
    calls: float
    seconds: float
    cost_usd: float | None


class EffortView(Struct, frozen=True):
    """The limits of an effort and what its jobs needed.

    The need is that of half of its newest jobs.
    """

    effort: Effort
    turns: int
    searches: int
    pages: int
    calls: int
    seconds: int
    typical: Typical | None


class Lately(Struct, frozen=True):
    """The history part of an overview."""

    hours: tuple[store.Hour, ...]
    days: tuple[store.Day, ...]
    failures: tuple[store.Failed, ...]
    efforts: tuple[EffortView, ...]


class OverviewView(Struct, frozen=True):
    """The figures of one moment."""

    at: datetime
    now: store.Now
    hours: tuple[store.Hour, ...]
    days: tuple[store.Day, ...]
    failures: tuple[store.Failed, ...]
    efforts: tuple[EffortView, ...]


class Overview:
    """The snapshot of one process."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._now = CachedValue(lambda: store.now(self._engine, TENANT), FRESH)
        self._lately = CachedValue(self._look_back, HISTORY_TTL)

    @property
    def _engine(self) -> Engine:
        return self._context.writer.engine

    async def view(self) -> OverviewView:
        """Return the figures, at most a second old.

        The history is at most fifteen seconds old.
        """
        now, lately = await self._now.get(), await self._lately.get()
        return OverviewView(
            datetime.now(UTC), now, lately.hours, lately.days, lately.failures, lately.efforts
        )

    async def _look_back(self) -> Lately:
        past = await past_figures.taken(self._engine, TENANT)
        return Lately(
            hours=await store.hours(self._engine, TENANT),
            days=await store.days(self._engine, TENANT),
            failures=await store.failures(self._engine, TENANT),
            efforts=tuple(_effort(effort, past.get(effort)) for effort in PRESETS),
        )


def _effort(effort: Effort, past: Past | None) -> EffortView:
    most, typical = PRESETS[effort], _typical(past) if past else None
    return EffortView(effort, most.turns, most.searches, most.reads, most.calls, most.seconds, typical)


def _typical(past: Past) -> Typical:
    cost = past.cost_usd.p50 if past.cost_usd else None
    return Typical(past.jobs, past.calls.p50, past.seconds.p50, cost)


async def _page_or_check(request: Request) -> Response[bytes] | Response[None] | None:  # type: ignore[type-arg]
    """Answer a browser with the page, and check every other request."""
    context: ApiContext = request.app.state.context
    return overview_page(request, context.links.root) or await check_request(request)


@get(
    "/overview",
    responses=problems_of("database_unavailable"),
    summary="Get figures of all jobs, now and lately",
    before_request=_page_or_check,
)
async def get_overview(overview: NamedDependency[Overview]) -> Response[OverviewView]:
    """Return what jobs do now, and what they did lately.

    That is what waits and runs, what ended by hour, what was spent by day and model, and why jobs failed.
    """
    return Response(await overview.view(), headers={"Vary": "Accept"})
