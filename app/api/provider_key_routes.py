"""Set, list and remove a tenant's provider keys over HTTP."""

from typing import Annotated

from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.params import Body, FromPath

from app.api.authentication import ADMIN
from app.api.context import ApiContext
from app.api.contract import BODY, problems_of
from app.api.problem_details import BadRequest
from app.errors import BadSetting, ProviderKeyNotFound
from app.providers.tenant_keys import check_provider_key
from app.store import provider_keys as store
from dossier.provider_key_types import NewProviderKey, ProviderKey, ProviderKeys


@put(
    "/provider-keys",
    responses=problems_of(
        *BODY, "invalid_provider_key", "master_key_unusable", "try_again", "database_unavailable"
    ),
    summary="Set a provider's key",
    description="Jobs of the tenant use it from then on. Nobody can read it again.",
    opt=ADMIN,
)
async def set_provider_key(
    context: NamedDependency[ApiContext], data: Annotated[NewProviderKey, Body()]
) -> ProviderKey:
    """Keep a key of the caller's tenant, sealed."""
    vault = context.vault
    try:
        check_provider_key(data, vault.private_hosts)
    except BadSetting as error:
        said = str(error)
        raise BadRequest("invalid_provider_key", said, said.partition(" ")[0]) from None
    return await store.set_provider_key(context.writer.engine, context.caller, vault.masters, data)


@get(
    "/provider-keys",
    responses=problems_of("database_unavailable"),
    summary="List the provider keys",
    description="It says what there is a key for and where it is sent, and never the key.",
    opt=ADMIN,
)
async def list_provider_keys(context: NamedDependency[ApiContext]) -> ProviderKeys:
    """Return the keys of the caller's tenant, by provider."""
    return ProviderKeys(await store.list_provider_keys(context.writer.engine, context.caller))


@delete(
    "/provider-keys/{provider:str}",
    responses=problems_of("provider_key_not_found", "database_unavailable"),
    summary="Remove a provider's key",
    description="Jobs that begin later use the server's own key, if it has one.",
    opt=ADMIN,
)
async def remove_provider_key(context: NamedDependency[ApiContext], provider: FromPath[str]) -> None:
    """Remove a key for good."""
    if not await store.remove_provider_key(context.writer.engine, context.caller, provider):
        raise ProviderKeyNotFound("The tenant has no key for this provider.")


PROVIDER_KEY_ROUTES = [set_provider_key, list_provider_keys, remove_provider_key]
