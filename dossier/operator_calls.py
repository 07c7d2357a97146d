"""The calls of the client that are for admins and operators."""

from collections.abc import Sequence
from uuid import UUID

from dossier.access_types import AccessPage
from dossier.cost_types import CostGroup, Costs
from dossier.decoding import decoded
from dossier.key_types import Keys, KeyScope, KeyWithSecret, NewKey
from dossier.provider_key_types import KeyedProvider, NewProviderKey, ProviderKey, ProviderKeys
from dossier.server_calls import ServerCalls, given, path_of
from dossier.tenant_types import NewTenant, Quota, Quotas, Tenant, Tenants
from dossier.worker_types import Queue, Workers


class OperatorCalls(ServerCalls):
    """Keys, tenants, quotas, costs and workers. AsyncDossier is one."""

    async def create_key(
        self,
        name: str,
        *,
        scopes: Sequence[KeyScope] = ("read", "submit"),
        expires_in_days: int | None = None,
        tenant: str | None = None,
    ) -> KeyWithSecret:
        """Make an API key, and show its secret once.

        An operator may name the tenant whose key it is.
        """
        body = NewKey(name, tuple(scopes), expires_in_days, tenant)
        return decoded(await self._send("POST", "/keys", body), KeyWithSecret)

    async def keys(self) -> Keys:
        """List the API keys, without secrets."""
        return decoded(await self._ask("GET", "/keys"), Keys)

    async def revoke_key(self, key_id: str) -> None:
        """Revoke an API key for good."""
        await self._ask("DELETE", path_of("keys", key_id))

    async def set_provider_key(self, provider: KeyedProvider, key: str, *, base_url: str = "") -> ProviderKey:
        """Set the tenant's own key, which nobody can read again."""
        body = NewProviderKey(provider, key, base_url)
        return decoded(await self._send("PUT", "/provider-keys", body), ProviderKey)

    async def provider_keys(self) -> ProviderKeys:
        """List which providers the tenant has a key with, without the keys."""
        return decoded(await self._ask("GET", "/provider-keys"), ProviderKeys)

    async def remove_provider_key(self, provider: str) -> None:
        """Remove the tenant's key with a provider."""
        await self._ask("DELETE", path_of("provider-keys", provider))

    async def create_tenant(self, tenant: str) -> Tenant:
        """Make a tenant, which has no key yet."""
        return decoded(await self._send("POST", "/tenants", NewTenant(tenant)), Tenant)

    async def tenants(self) -> Tenants:
        """List the tenants, by name."""
        return decoded(await self._ask("GET", "/tenants"), Tenants)

    async def suspend_tenant(self, tenant: str) -> Tenant:
        """Refuse the keys of a tenant until it is resumed."""
        return decoded(await self._ask("POST", path_of("tenants", tenant, "suspend")), Tenant)

    async def resume_tenant(self, tenant: str) -> Tenant:
        """Let the keys of a suspended tenant in again."""
        return decoded(await self._ask("POST", path_of("tenants", tenant, "resume")), Tenant)

    async def quotas(self) -> Quotas:
        """List the quotas, and how much of each is used."""
        return decoded(await self._ask("GET", "/quotas"), Quotas)

    async def set_quota(
        self,
        tenant: str,
        *,
        max_unfinished_jobs: int | None = None,
        max_jobs_per_day: int | None = None,
        max_usd_per_month: float | None = None,
        max_tokens_per_month: int | None = None,
        max_document_bytes: int | None = None,
        max_streams: int | None = None,
    ) -> Quota:
        """Set what a tenant may use, None for no bound."""
        wanted = Quota(
            max_unfinished_jobs,
            max_jobs_per_day,
            max_usd_per_month,
            max_tokens_per_month,
            max_document_bytes,
            max_streams,
        )
        return decoded(await self._send("PUT", path_of("tenants", tenant, "quota"), wanted), Quota)

    async def access(
        self,
        *,
        key_id: str | None = None,
        job_id: UUID | str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> AccessPage:
        """Get a page of who asked for what, newest first."""
        job = job_id and str(job_id)
        params = given(key_id=key_id, job_id=job, limit=limit, cursor=cursor)
        return decoded(await self._ask("GET", "/access", params=params), AccessPage)

    async def costs(self, by: CostGroup = "day", days: int = 30) -> Costs:
        """Add up what jobs cost, and get the quotas.

        Args:
            by: "day", "tenant", "model" or "tag"; a job with several tags counts in each.
            days: Of submission, 1 to 366, today included.
        """
        return decoded(await self._ask("GET", "/costs", params={"by": by, "days": days}), Costs)

    async def workers(self) -> Workers:
        """List the workers that beat within the last hour."""
        return decoded(await self._ask("GET", "/workers"), Workers)

    async def queue(self) -> Queue:
        """Return what waits, by priority and in the order of claims."""
        return decoded(await self._ask("GET", "/queue"), Queue)

    async def pause_workers(self, name: str | None = None) -> Workers:
        """Let all workers, or one, claim no more jobs."""
        return decoded(await self._ask("POST", _workers(name, "pause")), Workers)

    async def resume_workers(self, name: str | None = None) -> Workers:
        """Let all workers, or one, claim jobs again."""
        return decoded(await self._ask("POST", _workers(name, "resume")), Workers)

    async def drain_worker(self, name: str) -> Workers:
        """Let one worker hand its jobs back and stop."""
        return decoded(await self._ask("POST", _workers(name, "drain")), Workers)


def _workers(name: str | None, order: str) -> str:
    return path_of("workers", name, order) if name else path_of("workers", order)
