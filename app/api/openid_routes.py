"""Sign a browser in at an OpenID provider.

The provider leads the browser back from another site, so no cookie with SameSite=Strict comes along, and
none would go along on a redirect from here. So the sign-in on its way is a cookie with SameSite=Lax, and the
answer is a page of ours that goes on: what it asks for comes from this site, with the strict cookie.
"""

import hmac
import re
from hashlib import sha256
from html import escape
from typing import Any

from litestar import MediaType, Request, Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.response import Redirect

from app.api.authentication import CALLER, PUBLIC
from app.api.context import ApiContext
from app.api.contract import TAKES_ANY_QUERY, problems_of
from app.api.page import PAGE_HEADERS
from app.api.sessions import host_cookie, session_cookie
from app.api.sign_in_door import SignInDoor
from app.domain.sign_in import identity_of, new_flow, read_flow
from app.errors import Unauthorised
from app.store.api_keys import add_sign_in

FLOW_COOKIE = "dossier_sign_in"
FLOW_SECONDS = 600  # that somebody may take to sign in
LONGEST_CODE = 4000  # characters
ERROR_CODE = re.compile(r"[a-z_]{1,60}")
GO_ON_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
NOT_ON_ITS_WAY = (
    "No sign-in is on its way in this browser: it took longer than ten minutes, or it began elsewhere. "
    "Begin again."
)

Asked = Request[Any, Any, Any]


SIGN_IN_PROBLEMS = problems_of("not_found", "sign_in_unavailable", "database_unavailable")


@get(
    "/sign-in/oidc",
    status_code=302,
    opt=PUBLIC | TAKES_ANY_QUERY,
    responses=SIGN_IN_PROBLEMS,
    summary="Lead a browser to the OpenID provider",
    description="`next` is the path of this server to go on at. 404 where no provider is set.",
)
async def begin_sign_in(context: NamedDependency[ApiContext], request: Asked) -> Redirect:
    """Lead a browser to the provider."""
    door = _door(context)
    flow = new_flow(_one(request, "next") or "/")
    kept = host_cookie(request, FLOW_COOKIE, flow.text(), FLOW_SECONDS, "lax")
    return Redirect(await door.provider.address(flow), status_code=302, cookies=[kept])


@get(
    "/sign-in/oidc/callback",
    opt=PUBLIC | TAKES_ANY_QUERY,
    media_type=MediaType.HTML,
    responses=SIGN_IN_PROBLEMS,
    summary="Take a browser that comes back from the OpenID provider",
    description="Keeps a key in a cookie, and goes on. Parameters that are not known here are passed over.",
)
async def end_sign_in(context: NamedDependency[ApiContext], request: Asked) -> Response[str]:
    """Give a browser that comes back from the provider its key."""
    door = _door(context)
    flow = read_flow(request.cookies.get(host_cookie(request, FLOW_COOKIE, "", 0, "lax").key, ""))
    state = _one(request, "state")
    if flow is None or not state or not hmac.compare_digest(state.encode(), flow.state.encode()):
        raise Unauthorised(NOT_ON_ITS_WAY)
    claims = await door.provider.claims(_code(request), _one(request, "iss"), flow)
    who = identity_of(door.provider.issuer, claims, door.rules)
    made = await add_sign_in(context.writer.engine, who, door.hours, sha256(flow.state.encode()).digest())
    context.keyring.look_again()
    request.scope[CALLER] = await context.keyring.caller(made)  # type: ignore[literal-required]
    cookies = [
        session_cookie(request, made, int(door.hours * 3600)),
        host_cookie(request, FLOW_COOKIE, "", 0, "lax"),
    ]
    headers = {**PAGE_HEADERS, "Content-Security-Policy": GO_ON_POLICY, "Cache-Control": "no-store"}
    page = _going_on(context.links.root + flow.next)
    return Response(page, media_type=MediaType.HTML, headers=headers, cookies=cookies)


OPENID_ROUTES = [begin_sign_in, end_sign_in]


def _door(context: ApiContext) -> SignInDoor:
    if context.sign_in is None:
        raise NotFoundException(detail="This server knows no OpenID provider.")
    return context.sign_in


def _code(request: Asked) -> str:
    """Return what the provider sends for a token. Raises Unauthorised."""
    code, refused = _one(request, "code"), _one(request, "error")
    if code and not refused and len(code) <= LONGEST_CODE:
        return code
    named = f" ({refused})" if refused and ERROR_CODE.fullmatch(refused) else ""
    raise Unauthorised(f"The provider let nobody in{named}. Begin again.")


def _one(request: Asked, name: str) -> str | None:
    """Return a query parameter that is given once, else None."""
    given = request.query_params.getall(name, [])
    return given[0] if len(given) == 1 else None


def _going_on(address: str) -> str:
    shown = escape(address)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Signed in · Dossier</title>'
        f'<meta http-equiv="refresh" content="0;url={shown}"><p><a href="{shown}">Go on</a></p></html>'
    )
