"""Keep the reader's connections out of private networks.

The check is made in the connection: a name is resolved once, and the very address that was checked is
connected to, so a resolver cannot answer twice.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpcore

from app.errors import ProviderError

NAT64 = IPv6Network("64:ff9b::/96")
WEB_PORTS = frozenset({80, 443, 8080, 8443})
MAX_TRIED = 4  # addresses of one host

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def resolved(host: str, port: int) -> list[str]:
    """Return the addresses of a host.

    Raises OSError, UnicodeError.
    """
    with contextlib.suppress(ValueError):  # a name is looked up, an address is its own
        return [str(ip_address(host))]
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """True for an address of the open internet, wrapped or not."""
    try:
        inner = _unwrapped(ip_address(address))
    except ValueError:
        return False
    is_site = isinstance(inner, IPv6Address) and inner.is_site_local
    return inner.is_global and not (inner.is_multicast or inner.is_reserved or is_site)


def _unwrapped(address: Address) -> Address:
    """Return the IPv4 address in a mapped, NAT64, 6to4 or Teredo one."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


def listed_hosts(names: Iterable[str]) -> frozenset[str]:
    """Return the hosts of a setting, as the guard compares them."""
    return frozenset(name.strip().strip("[]").rstrip(".").lower() for name in names if name.strip())


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to public addresses, and to hosts that the operator lists.

    Args:
        private_hosts: may have private addresses, and any port.
        resolve: finds the addresses of a host; tests give another one.
    """

    def __init__(self, private_hosts: Iterable[str] = (), resolve: Resolve = resolved) -> None:
        self._private = listed_hosts(private_hosts)
        self._resolve = resolve
        self._network = httpcore.AnyIOBackend()

    def trusts(self, host: str) -> bool:
        """True for a host that the operator lists."""
        return host.strip("[]").rstrip(".").lower() in self._private

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, check every address, connect. Raises ProviderError, httpcore.ConnectError."""
        error: Exception = httpcore.ConnectError("no address")
        for address in (await self._checked(host, port))[:MAX_TRIED]:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failure:
                error = failure
        raise error

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - httpcore's own
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        """Refuse, because a page is not in a file."""
        raise refused(path, "it is a unix socket")

    async def sleep(self, seconds: float) -> None:
        """Wait between two tries of a connection."""
        await asyncio.sleep(seconds)

    async def _checked(self, host: str, port: int) -> Sequence[str]:
        bare = host.strip("[]")
        try:
            addresses = await self._resolve(bare, port)
        except (OSError, UnicodeError):  # a label that is too long is not a host either
            message = f"{bare[:200]} has no address: check its spelling."
            raise ProviderError("network", message, retryable=False) from None
        if self.trusts(bare):
            return addresses
        if port not in WEB_PORTS:
            raise refused(bare, f"port {port} is not one of the web")
        if not addresses or not all(is_public(address) for address in addresses):
            raise refused(bare, "its address is private")
        return addresses


def refused(host: str, reason: str) -> ProviderError:
    """Return the error of a host that is not read."""
    message = f"{host[:200]} is not read: {reason}. DOSSIER_ALLOW_PRIVATE_HOSTS lists exceptions."
    return ProviderError("validation", message, retryable=False)
