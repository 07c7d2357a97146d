"""Send a tenant's own keys where they belong, and nowhere else."""

from collections.abc import Iterable
from typing import get_args
from urllib.parse import urlsplit

import httpcore
import httpx

from app.errors import BadSetting, ProviderError
from app.providers.base_address import checked_address
from app.providers.http import CONNECT, CONNECTIONS, IDLE_CONNECTIONS, POOL, READ_TIMEOUT, WRITE
from app.providers.reader.guard import GuardedBackend, Resolve, listed_hosts, resolved
from app.setting_values import wrong_key
from dossier.provider_key_types import KeyedProvider, NewProviderKey

KEYED_PROVIDERS: tuple[KeyedProvider, ...] = get_args(KeyedProvider)
NEEDS_ADDRESS = frozenset({"embedding", "http", "rerank"})  # which have none of their own


def check_provider_key(wanted: NewProviderKey, private_hosts: Iterable[str]) -> None:
    """Refuse a key or an address that cannot be used.

    Where a name leads is checked with each call, in the connection. Raises BadSetting.
    """
    if wrong := wrong_key(wanted.key):
        raise BadSetting(f"key {wrong}.")
    if not wanted.base_url:
        if wanted.provider in NEEDS_ADDRESS:
            raise BadSetting(f"base_url is needed: {wanted.provider} has no address of its own.")
        return
    parts = urlsplit(checked_address("base_url", wanted.base_url))
    if parts.scheme != "https" and (parts.hostname or "") not in listed_hosts(private_hosts):
        raise BadSetting("base_url must begin with https://.")


class TenantTransport(httpx.AsyncBaseTransport):
    """Sends to a tenant's addresses over guarded connections.

    Everything else goes through the shared client.

    A tenant that names an address does not reach this machine's network with it.

    Args:
        shared: sends to every other host.
        guarded: sends to the hosts that the tenant named.
        addresses: that the tenant named.
    """

    def __init__(
        self, shared: httpx.AsyncClient, guarded: httpx.AsyncBaseTransport, addresses: Iterable[str]
    ) -> None:
        self._shared = shared
        self._guarded = guarded
        self._hosts = {httpx.URL(address).host for address in addresses if address}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        if request.url.host in self._hosts:
            return await self._guarded.handle_async_request(request)
        return await self._shared.send(request, stream=True)


class GuardedTransport(httpx.AsyncHTTPTransport):
    """Connects to public addresses, and to hosts that the operator lists."""

    def __init__(self, private_hosts: Iterable[str] = (), resolve: Resolve = resolved) -> None:
        context = httpx.create_ssl_context()  # once: it loads all certificates
        super().__init__(verify=context, trust_env=False)
        self._guard = GuardedBackend(private_hosts, resolve)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=CONNECTIONS,
            max_keepalive_connections=IDLE_CONNECTIONS,
            network_backend=self._guard,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises ProviderError for an address that may not be called.
        """
        host = request.url.host
        if request.url.scheme != "https" and not self._guard.trusts(host):
            raise ProviderError("validation", f"{host[:200]} is not called without https.", retryable=False)
        try:
            return await super().handle_async_request(request)
        except ProviderError as error:
            said = str(error).replace(" is not read: ", " is not called: ")
            raise ProviderError(error.error_type, said, retryable=error.retryable) from None


def client_for(
    shared: httpx.AsyncClient, guarded: httpx.AsyncBaseTransport, addresses: Iterable[str]
) -> httpx.AsyncClient:
    """Return the client of one tenant's calls.

    It has no connections of its own.
    """
    return httpx.AsyncClient(
        transport=TenantTransport(shared, guarded, addresses),
        timeout=httpx.Timeout(connect=CONNECT, read=READ_TIMEOUT, write=WRITE, pool=POOL),
        headers=shared.headers,
        trust_env=False,
    )


def named(provider: str) -> str:
    """Return how messages name a tenant's key."""
    return f"the tenant's provider key {provider}"
