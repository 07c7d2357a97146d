"""What this server offers, and what a job would take."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Annotated

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import Body
from msgspec import Struct

from app.agent.limits import PRESETS
from app.api.authentication import READS
from app.api.cached_value import CachedValue
from app.api.context import TENANTS, ApiContext
from app.api.contract import BODY, MAX_PAGE_SIZE, MAX_REQUEST_BODY, problems_of
from app.api.shape import MAX_METADATA
from app.domain.caller import Caller
from app.store import past_figures
from dossier.discovery_types import Capabilities, EffortOffer, Estimate, Past, RequestLimits
from dossier.request import MAX_QUERY, MAX_TAGS, Effort, ResearchRequest, SearchScope
from dossier.version import __version__

OFFERED_FRESH = 15.0  # seconds
PROTOCOLS = {
    "jobs": "/jobs",
    "feed": "/events",
    "openai_responses": "/v1/responses",
    "openai_chat": "/v1/chat/completions",
    "mcp": "/mcp",
    "openapi": "/schema",
}


class Offered(Struct, frozen=True):
    """What the settings of the process name."""

    models: tuple[str, ...] = ()
    default_model: str | None = None
    search_engines: tuple[str, ...] = ()

    @property
    def default_search(self) -> SearchScope:
        """Return where jobs search that do not say."""
        return "web" if self.search_engines else "corpus"


class OfferBook:
    """The offers of one process, and the figures behind them."""

    def __init__(self, context: ApiContext, offered: Offered) -> None:
        self._context = context
        self._offered = offered
        self._capabilities: Callable[[str], CachedValue[Capabilities]]
        self._capabilities = lru_cache(TENANTS)(
            lambda tenant: CachedValue(partial(self._look, tenant), OFFERED_FRESH)
        )

    async def capabilities(self, caller: Caller) -> Capabilities:
        """Return what this server offers, at most 15 seconds old."""
        return await self._capabilities(caller.tenant).get()

    async def estimate(self, caller: Caller, request: ResearchRequest) -> Estimate:
        """Return what this job would take."""
        engine, limits = self._context.reading, request.limits
        past = await past_figures.taken(engine, caller, request.model or "")
        preset = PRESETS[request.effort]
        return Estimate(
            effort=request.effort,
            past=past.get(request.effort),
            max_calls=limits.max_calls or preset.calls,
            deadline_seconds=limits.deadline_seconds or preset.seconds,
            max_cost_usd=limits.max_cost_usd,
            waiting_jobs=await self._context.waiting(),
        )

    async def _look(self, tenant: str) -> Capabilities:
        engine, offered, caller = self._context.reading, self._offered, Caller(tenant)
        past = await past_figures.taken(engine, caller)
        return Capabilities(
            version=__version__,
            models=offered.models,
            default_model=offered.default_model,
            search_engines=offered.search_engines,
            default_search=offered.default_search,
            documents=await past_figures.count_documents(engine, caller),
            efforts=tuple(_offer(effort, past.get(effort)) for effort in PRESETS),
            limits=RequestLimits(
                query_characters=MAX_QUERY,
                body_bytes=MAX_REQUEST_BODY,
                tags=MAX_TAGS,
                metadata_bytes=MAX_METADATA,
                page_size=MAX_PAGE_SIZE,
                waiting_jobs=self._context.queue_limit,
            ),
            protocols={name: self._context.links.root + path for name, path in PROTOCOLS.items()},
        )


def _offer(effort: Effort, past: Past | None) -> EffortOffer:
    most = PRESETS[effort]
    return EffortOffer(effort, most.searches, most.reads, most.calls, most.seconds, past)


@get(
    "/capabilities",
    responses=problems_of("database_unavailable"),
    summary="Get what this server offers",
)
async def get_capabilities(
    context: NamedDependency[ApiContext], discovery: NamedDependency[OfferBook]
) -> Capabilities:
    """Return models, search engines, documents, efforts, limits and protocols."""
    return await discovery.capabilities(context.caller)


@post(
    "/estimate",
    status_code=200,
    responses=problems_of(*BODY, "database_unavailable"),
    summary="Estimate what a job would take",
    description="The body is that of `POST /jobs`. Nothing is submitted.",
    opt=READS,
)
async def estimate_job(
    context: NamedDependency[ApiContext],
    discovery: NamedDependency[OfferBook],
    data: Annotated[ResearchRequest, Body()],
) -> Estimate:
    """Judge by past jobs of the same effort and model."""
    return await discovery.estimate(context.caller, data)
