"""Admit a request by its key, from a header or a cookie."""

import logging
from typing import Any
from uuid import UUID

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.types import Scope as ConnectionScope

from app.api.context import ApiContext
from app.api.request_headers import header_of
from app.domain.access import NOBODY
from app.domain.api_key import Scope
from app.domain.caller import DEFAULT_TENANT, Caller
from app.errors import DatabaseUnavailable, Forbidden, TenantSuspended, Unauthorised
from app.store.stream_tokens import find_stream_token

log = logging.getLogger(__name__)

COOKIE = "dossier_key"
HOST_ONLY = "__Host-"  # before a cookie's name: no other host can set it, and TLS alone carries it
# Whose no job is. The stream finds the database away too, and tells the reader to come back.
STRANGER = Caller("", ("read",), None, NOBODY)
CALLER = "dossier.caller"  # in the scope of a request
JOB = "dossier.job"  # the job that a request is about, where its path does not name it
READING = frozenset({"GET", "HEAD", "OPTIONS"})

PUBLIC = {"needs": None}  # `opt` of a route that needs no key
READS: dict[str, Scope] = {"needs": "read"}  # of one that only reads, though it is a POST
DOCUMENTS: dict[str, Scope] = {"needs": "documents"}  # of one that changes documents
TAKES_TOKEN = {"takes_token": True}  # of the stream of a job, for pages of others
ADMIN: dict[str, Scope] = {"needs": "admin"}
OPERATOR = {"needs": "admin", "is_operators": True}  # of one about what all tenants share


async def require_key(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Admit a caller whose key may do what the route does.

    Raises Unauthorised, Forbidden, DatabaseUnavailable.
    """
    scope = connection.scope
    opt = scope["route_handler"].opt
    needs = opt["needs"] if "needs" in opt else _by_method(scope)
    if needs is None:
        return
    context: ApiContext = connection.app.state.context
    token = connection.query_params.get("token") if opt.get("takes_token") else None
    sent = token or presented(connection)
    try:
        caller = await (_by_token(connection, context, token) if token else context.keyring.caller(sent))
    except TenantSuspended as error:  # who tried is known, and noted
        scope[CALLER] = Caller(error.tenant, (), None, error.actor)  # type: ignore[literal-required]
        raise
    if caller is None:
        if sent:
            _note_refusal(connection)
        raise Unauthorised("Send a valid key: Authorization: Bearer dsk_…")
    scope[CALLER] = caller  # type: ignore[literal-required]  # who is refused is noted too
    if needs not in caller.scopes and "admin" not in caller.scopes:
        raise Forbidden(f"This key lacks the scope {needs!r}.")
    if opt.get("is_operators") and not caller.is_operator:
        raise Forbidden(f"Only an admin key of the tenant {DEFAULT_TENANT!r} may do this.")


async def _by_token(
    connection: ASGIConnection[Any, Any, Any, Any], context: ApiContext, token: str
) -> Caller | None:
    """Return who follows the job of the path with a token."""
    try:
        return await find_stream_token(context.writer.engine, token, UUID(connection.path_params["job_id"]))
    except ValueError:
        return None
    except DatabaseUnavailable:  # a browser comes back from a stream that says so, and not from 503
        return STRANGER


def _note_refusal(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Log a wrong, expired or revoked key, without the key."""
    client = connection.client.host if connection.client else ""
    log.info("A key was refused.", extra={"client": client, "route": connection.scope.get("path_template")})


def caller_of(request: Request[Any, Any, Any]) -> Caller | None:
    """Return who sends this request, None where no key was asked for."""
    return request.scope.get(CALLER)  # type: ignore[return-value]


def _by_method(scope: ConnectionScope) -> Scope:
    return "read" if scope.get("method", "GET") in READING else "submit"


def presented(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """Return the key of a header, else of a cookie."""
    kind, _, key = (header_of(connection.scope, b"authorization") or "").partition(" ")
    if kind.lower() == "bearer":
        return key.strip()
    if header_of(connection.scope, b"cookie") is None:
        return None
    return connection.cookies.get(cookie_name(connection, COOKIE))


def cookie_name(connection: ASGIConnection[Any, Any, Any, Any], name: str) -> str:
    """Return a cookie's name, over TLS one of this host alone.

    Below a root path it cannot have that: such a cookie is of all paths.
    """
    is_host_only = connection.scope.get("scheme") == "https" and not connection.app.state.context.links.root
    return f"{HOST_ONLY}{name}" if is_host_only else name
