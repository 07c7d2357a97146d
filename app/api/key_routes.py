"""Make, list and revoke API keys over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import Body, FromPath

from app.api.authentication import ADMIN
from app.api.context import ApiContext
from app.api.contract import BODY, problems_of
from app.domain.caller import DEFAULT_TENANT, Caller
from app.errors import Forbidden, KeyNotFound
from app.store import api_keys as store
from dossier.key_types import Keys, KeyWithSecret, NewKey

FIRST_KEY = (
    "This server has no keys yet. Make the first one on its machine, with DOSSIER_URL unset: "
    "`dossier key create NAME --scope admin`."
)
OTHERS_KEY = f"Only an admin key of the tenant {DEFAULT_TENANT!r} may make keys of other tenants."


@post(
    "/keys",
    responses=problems_of(*BODY, "out_of_range", "tenant_not_found", "database_unavailable"),
    summary="Make an API key",
    description=(
        "The secret is shown only once. An operator may name a `tenant`, whose key it is then; others make "
        "keys of their own. The first key of a server is made on its machine, by `dossier key create`."
    ),
    opt=ADMIN,
)
async def create_key(context: NamedDependency[ApiContext], data: Annotated[NewKey, Body()]) -> KeyWithSecret:
    """Make a key of the caller's tenant, or of an operator's choice."""
    if not await context.keyring.is_in_use():
        raise Forbidden(FIRST_KEY)
    engine, days = context.writer.engine, data.expires_in_days
    expires_at = datetime.now(UTC) + timedelta(days=days) if days else None
    tenant = _tenant_of(context.caller, data.tenant)
    key_id, secret = await store.add_key(engine, data.name, data.scopes, expires_at, tenant)
    context.keyring.look_again()
    made = next(one for one in await store.keys_of(engine, context.caller) if one.key_id == key_id)
    return KeyWithSecret(key=store.shown_key(made), secret=secret)


@get("/keys", responses=problems_of("database_unavailable"), summary="List the API keys", opt=ADMIN)
async def list_keys(context: NamedDependency[ApiContext]) -> Keys:
    """Return the keys, the newest first, without their secrets."""
    found = await store.keys_of(context.writer.engine, context.caller)
    return Keys([store.shown_key(one) for one in found])


@delete(
    "/keys/{key_id:str}",
    responses=problems_of("key_not_found", "database_unavailable"),
    summary="Revoke an API key",
    description="Every process refuses it within seconds.",
    opt=ADMIN,
)
async def revoke_key(context: NamedDependency[ApiContext], key_id: FromPath[str]) -> None:
    """Revoke a key for good."""
    if not await store.revoke_key_of(context.writer.engine, context.caller, key_id):
        raise KeyNotFound("No key has this id.")
    context.keyring.look_again()


KEY_ROUTES = [create_key, list_keys, revoke_key]


def _tenant_of(caller: Caller, named: str | None) -> str:
    """Return whose key is made. Raises Forbidden."""
    if named is None or named == caller.tenant:
        return caller.tenant
    if not caller.is_operator:
        raise Forbidden(OTHERS_KEY)
    return named
