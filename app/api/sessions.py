"""Serve POST and DELETE of /session.

A browser's key is kept in a cookie that no script can read.
"""

from typing import Annotated, Any, Literal

from litestar import Request, Response, delete, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import Body
from msgspec import Meta, Struct

from app.api.authentication import CALLER, COOKIE, PUBLIC, cookie_name, presented
from app.api.context import ApiContext
from app.api.contract import BODY, problems_of
from app.domain.api_key import read_key
from app.errors import Unauthorised
from app.store.api_keys import end_sign_in

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
    return Response(None, cookies=[session_cookie(request, data.key, MONTH)])


class SignedOut(Struct, frozen=True):
    """What is left to do for a browser that signed out here."""

    end_session_url: str  # where it signs out of the provider too


@delete(
    "/session",
    status_code=200,
    opt=PUBLIC,
    responses={**problems_of("database_unavailable"), 204: ResponseSpec(None, description="Signed out")},
    summary="Sign a browser out",
    description=(
        "Forgets the key (204). One that came from signing in at an OpenID provider ends too; if the "
        "provider has a place to sign out of it, the answer is 200 and says where."
    ),
)
async def close_session(
    context: NamedDependency[ApiContext],
    request: Request,  # type: ignore[type-arg]
) -> Response[SignedOut]:
    """Forget the key, and end one of a sign-in."""
    known, place = read_key(presented(request) or ""), None
    if known and await end_sign_in(context.writer.engine, known):
        context.keyring.look_again()
        place = await context.sign_in.provider.end_address() if context.sign_in else None
    body: Any = SignedOut(place) if place else None
    return Response(body, status_code=200 if place else 204, cookies=[session_cookie(request, "", 0)])


def session_cookie(request: Request, value: str, max_age: int) -> Cookie:  # type: ignore[type-arg]
    """Return the cookie of a key, which no other site can send."""
    return host_cookie(request, COOKIE, value, max_age, "strict")


def host_cookie(
    request: Request,  # type: ignore[type-arg]
    name: str,
    value: str,
    max_age: int,
    same_site: Literal["strict", "lax"],
) -> Cookie:
    """Return a cookie of this host alone, which no script can read."""
    return Cookie(
        cookie_name(request, name),
        value=value,
        path=request.app.state.context.links.root or "/",
        max_age=max_age,
        httponly=True,
        samesite=same_site,
        secure=request.scope.get("scheme") == "https",
    )
