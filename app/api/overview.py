"""Serve GET /overview, what jobs do now and did lately.

All readers of a tenant share one snapshot.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache, partial

from litestar import Request, Response, get
from litestar.di import NamedDependency
from msgspec import Struct

from app.agent.limits import PRESETS
from app.api.cached_value import CachedValue
from app.api.compression import SENT_AS_IS
from app.api.context import TENANTS, ApiContext
from app.api.contract import check_request, problems_of
from app.api.page import overview_page
from app.domain.caller import Caller
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
    """The snapshots of one process, by tenant."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._now: Callable[[str], CachedValue[store.Now]]
        self._now = lru_cache(TENANTS)(lambda tenant: CachedValue(partial(self._look, tenant), FRESH))
        self._lately: Callable[[str], CachedValue[Lately]]
        self._lately = lru_cache(TENANTS)(
            lambda tenant: CachedValue(partial(self._look_back, tenant), HISTORY_TTL)
        )

    @property
    def _engine(self) -> Engine:
        return self._context.reading

    async def view(self, caller: Caller) -> OverviewView:
        """Return the figures, at most a second old.

        The history is at most fifteen seconds old.
        """
        now, lately = await self._now(caller.tenant).get(), await self._lately(caller.tenant).get()
        return OverviewView(
            datetime.now(UTC), now, lately.hours, lately.days, lately.failures, lately.efforts
        )

    async def _look(self, tenant: str) -> store.Now:
        return await store.now(self._engine, Caller(tenant))

    async def _look_back(self, tenant: str) -> Lately:
        caller = Caller(tenant)
        past = await past_figures.taken(self._engine, caller)
        return Lately(
            hours=await store.hours(self._engine, caller),
            days=await store.days(self._engine, caller),
            failures=await store.failures(self._engine, caller),
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
    opt=SENT_AS_IS,
)
async def get_overview(
    context: NamedDependency[ApiContext], overview: NamedDependency[Overview]
) -> Response[OverviewView]:
    """Return what jobs do now, and what they did lately.

    That is what waits and runs, what ended by hour, what was spent by day and model, and why jobs failed.
    """
    return Response(await overview.view(context.caller), headers={"Vary": "Accept"})
