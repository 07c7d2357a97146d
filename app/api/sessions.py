"""Serve POST and DELETE of /session.

A browser's key is kept in a cookie that no script can read.
"""

from typing import Annotated

from litestar import Request, Response, delete, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body
from msgspec import Meta, Struct

from app.api.authentication import CALLER, COOKIE, PUBLIC
from app.api.context import ApiContext
from app.api.contract import BODY, problems_of
from app.errors import Unauthorised

MONTH = 30 * 86_400  # seconds that a browser keeps it

SESSION_EXAMPLE = Example(
    summary="A key", value={"key": "dsk_0Ab3dE6h_0000000000000000000000000000000000000000000000000"}
)


class SessionKey(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /session`."""

    key: Annotated[str, Meta(min_length=1, max_length=200)]


@post(
    "/session",
    status_code=204,
    opt=PUBLIC,
    responses=problems_of(*BODY, "database_unavailable"),
    summary="Sign a browser in with a key",
)
async def open_session(
    context: NamedDependency[ApiContext],
    request: Request,  # type: ignore[type-arg]
    data: Annotated[SessionKey, Body(examples=[SESSION_EXAMPLE])],
) -> Response[None]:
    """Keep a key that opens something in a cookie."""
    caller = request.scope[CALLER] = await context.keyring.caller(data.key)  # type: ignore[literal-required]
    if caller is None:
        raise Unauthorised("This key is not valid.")
    return Response(None, cookies=[_cookie(request, context.links.root, data.key, MONTH)])


@delete("/session", status_code=204, opt=PUBLIC, responses=problems_of(), summary="Sign a browser out")
async def close_session(
    context: NamedDependency[ApiContext],
    request: Request,  # type: ignore[type-arg]
) -> Response[None]:
    """Forget the key."""
    return Response(None, cookies=[_cookie(request, context.links.root, "", 0)])


def _cookie(request: Request, root: str, value: str, max_age: int) -> Cookie:  # type: ignore[type-arg]
    """Return the cookie.

    No other site can send it, and over TLS nothing but TLS carries it.
    """
    return Cookie(
        COOKIE,
        value=value,
        path=root or "/",
        max_age=max_age,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
