"""The routes, the OpenAPI document, and errors as problem details."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from litestar import Litestar, Request, asgi
from litestar.datastructures import State
from litestar.di import Provide
from litestar.handlers import ASGIRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme, Server
from litestar.types import ASGIApp, Receive, Scope, Send

from app.api import (
    access_routes,
    bundle,
    claims,
    cost_routes,
    discovery,
    document_routes,
    document_search,
    feed,
    forks,
    health,
    ingestion_routes,
    input_requests,
    job_list,
    jobs,
    key_routes,
    library_routes,
    openid_routes,
    overview,
    provider_key_routes,
    report,
    report_shares,
    scrape,
    sessions,
    sources,
    stream,
    tenant_routes,
    webhooks,
    worker_orders,
)
from app.api.authentication import caller_of
from app.api.compression import SENT_AS_IS
from app.api.context import ApiContext
from app.api.contract import MAX_REQUEST_BODY, check_request
from app.api.entrance import Entrance
from app.api.error_pages import handlers
from app.api.openai.job_serving import OpenAI
from app.api.openai.routes import openai_router
from app.api.openapi import CompleteDocument, document_router
from app.api.page import page_routes
from app.api.problem_details import HANDLERS
from app.api.request_headers import LeanRequest
from dossier.version import __version__

ROUTES = [
    jobs.submit_job,
    jobs.get_job,
    job_list.list_jobs,
    jobs.cancel_job,
    jobs.finish_job,
    forks.fork_job,
    forks.replay_job,
    forks.diff_jobs,
    input_requests.provide_input,
    stream.stream_job,
    stream.make_stream_token,
    stream.job_events,
    feed.all_events,
    report.job_report,
    sources.job_source,
    claims.job_claims,
    bundle.job_bundle,
    claims.source_uses,
    document_search.search_documents,
    document_search.document_embedding,
    document_search.document_text,
    *document_routes.DOCUMENT_ROUTES,
    *ingestion_routes.INGESTION_ROUTES,
    discovery.get_capabilities,
    discovery.estimate_job,
    *webhooks.WEBHOOK_ROUTES,
    *key_routes.KEY_ROUTES,
    *provider_key_routes.PROVIDER_KEY_ROUTES,
    *report_shares.SHARE_ROUTES,
    *tenant_routes.TENANT_ROUTES,
    *library_routes.LIBRARY_ROUTES,
    access_routes.list_accesses,
    *worker_orders.WORKER_ROUTES,
    overview.get_overview,
    cost_routes.get_costs,
    sessions.open_session,
    sessions.close_session,
    *openid_routes.OPENID_ROUTES,
    health.live,
    health.ready,
    scrape.metrics,
]

Asked = Request[Any, Any, Any]


def _context(request: Asked) -> ApiContext:
    context: ApiContext = request.app.state.context
    return context.of(caller_of(request))


def _discovery(request: Asked) -> discovery.OfferBook:
    return request.app.state.discovery  # type: ignore[no-any-return]


def _overview(request: Asked) -> overview.Overview:
    return request.app.state.overview  # type: ignore[no-any-return]


def _openai(request: Asked) -> OpenAI:
    return request.app.state.openai  # type: ignore[no-any-return]


def _scrape(request: Asked) -> scrape.Scrape:
    return request.app.state.scrape  # type: ignore[no-any-return]


PROVIDED = {
    "context": Provide(_context, sync_to_thread=False),
    "discovery": Provide(_discovery, sync_to_thread=False),
    "overview": Provide(_overview, sync_to_thread=False),
    "openai": Provide(_openai, sync_to_thread=False),
    "scrape": Provide(_scrape, sync_to_thread=False),
}


def state_of(context: ApiContext, offered: discovery.Offered) -> dict[str, object]:
    """Return what the routes work with: all that differs between applications."""
    return {
        "context": context,
        "discovery": discovery.OfferBook(context, offered),
        "overview": overview.Overview(context),
        "openai": OpenAI(context),
        "scrape": scrape.Scrape(context),
    }


Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


def make_app(
    context: ApiContext,
    lifespan: Lifespan | None = None,
    mounts: Mapping[str, ASGIApp] | None = None,
    offered: discovery.Offered = discovery.Offered(),  # noqa: B008 - frozen
    root_path: str = "",
) -> Litestar:
    """Return the ASGI application over this context.

    `offered` is what the settings name; `mounts` are applications of their own, by the path that they answer.
    """
    return Litestar(
        [*ROUTES, openai_router(), *page_routes(root_path), *map(_mounted, (mounts or {}).items())],
        dependencies=PROVIDED,
        before_request=check_request,
        middleware=[Entrance],
        request_class=LeanRequest,
        state=State(state_of(context, offered)),
        exception_handlers=handlers(root_path),  # type: ignore[arg-type]
        request_max_body_size=MAX_REQUEST_BODY,
        lifespan=[lifespan] if lifespan else [],
        openapi_config=OpenAPIConfig(
            title="Dossier",
            version=__version__,
            description="Deep research as a service, on an append-only log.",
            servers=[Server(root_path or "/")],
            openapi_router=document_router(),
            components=Components(security_schemes={"key": SecurityScheme(type="http", scheme="bearer")}),
            security=[{"key": []}, {}],  # as long as there are no keys, none is needed
            operation_id_creator=lambda handler, _method, _path: handler.handler_name,
            render_plugins=[CompleteDocument(path="/")],
        ),
        logging_config=None,
        signature_types=[ApiContext, OpenAI, discovery.OfferBook, overview.Overview, scrape.Scrape],
    )


def _mounted(mount: tuple[str, ASGIApp]) -> ASGIRouteHandler:
    path, app = mount

    @asgi(path, is_mount=True, copy_scope=True, opt={"needs": "submit", **SENT_AS_IS})
    async def handler(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    return handler


def make_side_app(context: ApiContext) -> Litestar:
    """Return the metrics and health of a process for their port."""
    shown = scrape.Scrape(context)
    return Litestar(
        [health.live, health.ready, scrape.metrics],  # without keys: the port is the operator's
        dependencies={
            "context": Provide(lambda: context, sync_to_thread=False),
            "scrape": Provide(lambda: shown, sync_to_thread=False),
        },
        before_request=check_request,
        exception_handlers={**HANDLERS},
        openapi_config=None,
        logging_config=None,
        signature_types=[ApiContext, scrape.Scrape],
    )
