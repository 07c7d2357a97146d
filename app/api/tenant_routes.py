"""Make, list and suspend tenants over HTTP, and set their quotas."""

from typing import Annotated

from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import Body, FromPath

from app.api.authentication import OPERATOR
from app.api.context import ApiContext
from app.api.contract import BODY, problems_of
from app.api.problem_details import BadRequest
from app.domain.caller import DEFAULT_TENANT
from app.errors import Forbidden
from app.store import quotas
from app.store import tenants as store
from dossier.tenant_types import NewTenant, Quota, Quotas, Tenant, Tenants

TENANT_PROBLEMS = problems_of("tenant_not_found", "unsupported_media_type", "database_unavailable")


@get("/tenants", opt=OPERATOR, responses=problems_of("database_unavailable"), summary="List the tenants")
async def list_tenants(context: NamedDependency[ApiContext]) -> Tenants:
    """Return all tenants, by name."""
    return Tenants(await store.read_tenants(context.writer.engine))


@post(
    "/tenants",
    opt=OPERATOR,
    responses=problems_of(*BODY, "invalid_character", "tenant_exists", "database_unavailable"),
    summary="Make a tenant",
    description="Its first key is made with `POST /keys`, which an operator may give its name as `tenant`.",
)
async def create_tenant(context: NamedDependency[ApiContext], data: Annotated[NewTenant, Body()]) -> Tenant:
    """Make a tenant, which has no key yet."""
    if not store.TENANT_NAME.fullmatch(data.tenant):
        raise BadRequest("invalid_character", store.NAME_RULE, "tenant")
    return await store.add_tenant(context.writer.engine, data.tenant)


@post(
    "/tenants/{tenant:str}/suspend",
    status_code=200,
    opt=OPERATOR,
    responses=TENANT_PROBLEMS,
    summary="Suspend a tenant",
    description="Its keys are refused and its streams end within seconds; its jobs go on.",
)
async def suspend_tenant(context: NamedDependency[ApiContext], tenant: FromPath[str]) -> Tenant:
    """Refuse the keys of a tenant until it is resumed."""
    if tenant == DEFAULT_TENANT:
        raise Forbidden("The tenant 'default' cannot be suspended. Revoke its keys instead.")
    suspended = await store.suspend_tenant(context.writer.engine, tenant)
    context.keyring.look_again()
    return suspended


@post(
    "/tenants/{tenant:str}/resume",
    status_code=200,
    opt=OPERATOR,
    responses=TENANT_PROBLEMS,
    summary="Resume a suspended tenant",
)
async def resume_tenant(context: NamedDependency[ApiContext], tenant: FromPath[str]) -> Tenant:
    """Let the keys of a tenant in again."""
    resumed = await store.resume_tenant(context.writer.engine, tenant)
    context.keyring.look_again()
    return resumed


@get(
    "/quotas",
    opt=OPERATOR,
    responses=problems_of("database_unavailable"),
    summary="List the quotas, and what is used",
)
async def list_quotas(context: NamedDependency[ApiContext]) -> Quotas:
    """Return the quotas of all tenants that have one."""
    return Quotas(await quotas.read_quotas(context.writer.engine))


@put(
    "/tenants/{tenant:str}/quota",
    opt=OPERATOR,
    responses=problems_of(*BODY, "out_of_range", "tenant_not_found", "database_unavailable"),
    summary="Set a tenant's quota",
    description="What is left out is unlimited. Every process knows it within seconds.",
)
async def set_quota(
    context: NamedDependency[ApiContext], tenant: FromPath[str], data: Annotated[Quota, Body()]
) -> Quota:
    """Set what a tenant may use from now on."""
    return await quotas.set_quota(context.writer.engine, tenant, data)


TENANT_ROUTES = [list_tenants, create_tenant, suspend_tenant, resume_tenant, list_quotas, set_quota]
