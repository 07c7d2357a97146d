"""Make, list and revoke API keys over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import Body, FromPath

from app.api.authentication import ADMIN
from app.api.context import ApiContext
from app.api.contract import BODY, problems_of
from app.errors import Forbidden, KeyNotFound
from app.store import api_keys as store
from dossier.key_types import Key, Keys, KeyWithSecret, NewKey

FIRST_KEY = "This server has no keys yet. Make the first one with `dossier key create NAME --scope admin`."


@post(
    "/keys",
    responses=problems_of(*BODY, "out_of_range", "database_unavailable"),
    summary="Make an API key",
    description="The secret is shown only once. The first key of a server is made with `dossier key create`.",
    opt=ADMIN,
)
async def create_key(context: NamedDependency[ApiContext], data: Annotated[NewKey, Body()]) -> KeyWithSecret:
    """Make a key of the caller's tenant."""
    if not await context.keyring.is_in_use():
        raise Forbidden(FIRST_KEY)
    engine, days = context.writer.engine, data.expires_in_days
    expires_at = datetime.now(UTC) + timedelta(days=days) if days else None
    key_id, secret = await store.add_key(engine, data.name, data.scopes, expires_at, context.caller.tenant)
    context.keyring.look_again()
    made = next(one for one in await store.keys_of(engine, context.caller) if one.key_id == key_id)
    return KeyWithSecret(key=_shown(made), secret=secret)


@get("/keys", responses=problems_of("database_unavailable"), summary="List the API keys", opt=ADMIN)
async def list_keys(context: NamedDependency[ApiContext]) -> Keys:
    """Return the keys, the newest first, without their secrets."""
    found = await store.keys_of(context.writer.engine, context.caller)
    return Keys([_shown(one) for one in found])


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


def _shown(one: store.ApiKey) -> Key:
    return Key(
        key_id=one.key_id,
        tenant=one.tenant,
        name=one.name,
        scopes=one.scopes,
        state=one.state(datetime.now(UTC)),
        created_at=one.created_at,
        expires_at=one.expires_at,
        revoked_at=one.revoked_at,
        last_used_at=one.last_used_at,
    )
