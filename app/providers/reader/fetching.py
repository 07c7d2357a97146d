"""Fetch one page: bounded in bytes, in time and in redirects."""

import asyncio
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from urllib.parse import urljoin, urlsplit

import httpcore
import httpx
from msgspec import Struct

from app.errors import ProviderError
from app.providers.http import AGENT, CONNECT, POOL, WRITE
from app.providers.reader.guard import GuardedBackend, Resolve, refused, resolved
from app.text.urls import normalise

MAX_PAGE = 10_000_000  # bytes, on the wire and decompressed
PAGE_TIMEOUT = 20.0  # seconds for a page with all its redirects
MAX_REDIRECTS = 5
PAGE_CONNECTIONS = 20
REDIRECTS = frozenset({301, 302, 303, 307, 308})
WANTED = "text/html,application/xhtml+xml,application/pdf,text/plain;q=0.9,application/json;q=0.8,*/*;q=0.1"
GZIP_OR_ZLIB = zlib.MAX_WBITS | 32  # found by the stream's header


class Fetched(Struct, frozen=True):
    """A page as it came, and its address after redirects."""

    url: str
    content_type: str  # "" where the server does not say
    body: bytes


class PageRefused(ProviderError):
    """A server answered with another status than 200.

    It says nothing of the search that found the page, so it is not tried again.
    """

    def __init__(self, host: str, status: int) -> None:
        super().__init__("network", f"{host} answered {status} for this page.", retryable=False)
        self.status = status


Permit = Callable[[str], Awaitable[None]]  # raises ProviderError for an address that may not be read


class Fetcher:
    """Fetches pages over guarded connections, without cookies and without proxies.

    Args:
        private_hosts: that may be read though their addresses are private.
        timeout: seconds for a page.
        most: bytes of a page.
        resolve: finds the addresses of a host.
    """

    def __init__(
        self,
        private_hosts: Iterable[str] = (),
        *,
        timeout: float = PAGE_TIMEOUT,
        most: int = MAX_PAGE,
        resolve: Resolve = resolved,
    ) -> None:
        self._guard = GuardedBackend(private_hosts, resolve)
        self._timeout = timeout
        self._most = most
        self._pool: httpcore.AsyncConnectionPool | None = None

    async def fetch(self, url: str, permit: Permit | None = None) -> Fetched:
        """Return the page at an address. Raises ProviderError.

        `permit` is asked at each redirect.
        """
        try:
            async with asyncio.timeout(self._timeout):
                return await self._follow(_address(url), permit)
        except (TimeoutError, httpcore.TimeoutException):
            message = f"{_host(url)} did not send the page within {self._timeout:g} seconds."
            raise ProviderError("timeout", message, retryable=False) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError) as error:
            message = f"{_host(url)} cannot be read ({type(error).__name__})."
            raise ProviderError("network", message, retryable=False) from None

    async def aclose(self) -> None:
        """Close all connections."""
        if self._pool:
            await self._pool.aclose()

    async def _follow(self, url: str, permit: Permit | None) -> Fetched:
        for _ in range(MAX_REDIRECTS + 1):
            if permit:
                await permit(url)
            answer = await self._get(url)
            if isinstance(answer, Fetched):
                return answer
            url = self._next(url, answer)
        message = f"{_host(url)} redirects more than {MAX_REDIRECTS} times."
        raise ProviderError("validation", message, retryable=False)

    def _next(self, url: str, location: str) -> str:
        """Return where a redirect leads.

        The open web does not lead into a listed private host.
        """
        following = _address(_joined(url, location))
        if self._guard.trusts(_host(following)) and not self._guard.trusts(_host(url)):
            raise refused(_host(following), f"{_host(url)} redirects into a private host")
        return following

    async def _get(self, url: str) -> Fetched | str:
        """Return the page, or the address that it redirects to."""
        headers = [("User-Agent", AGENT), ("Accept", WANTED), ("Accept-Encoding", "gzip, deflate")]
        timeout = {"connect": CONNECT, "read": self._timeout, "write": WRITE, "pool": POOL}
        async with self._connections().stream(
            "GET", url, headers=headers, extensions={"timeout": timeout}
        ) as response:
            told = httpx.Headers(response.headers)
            if response.status in REDIRECTS and "location" in told:
                return told["location"]
            if response.status != 200:
                raise PageRefused(_host(url), response.status)
            body = await self._body(url, told, response.aiter_stream())
            return Fetched(url, told.get("content-type", ""), body)

    async def _body(self, url: str, told: Mapping[str, str], chunks: AsyncIterator[bytes]) -> bytes:
        declared = told.get("content-length", "")
        if declared.isdecimal() and len(declared) < 20 and int(declared) > self._most:
            raise self._too_large(url)
        encoding = told.get("content-encoding", "").strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            message = f"{_host(url)} sent the encoding {encoding[:40]!r}, which was not asked for."
            raise ProviderError("validation", message, retryable=False)
        unpack = None if encoding in ("", "identity") else zlib.decompressobj(GZIP_OR_ZLIB)
        body, received = bytearray(), 0
        async for chunk in chunks:
            received += len(chunk)
            body += _unpacked(unpack, chunk, self._most + 1 - len(body), url) if unpack else chunk
            if len(body) > self._most or received > self._most:
                raise self._too_large(url)
        return bytes(body)

    def _too_large(self, url: str) -> ProviderError:
        message = f"The page at {_host(url)} is larger than {self._most:,} bytes."
        return ProviderError("resource", message, retryable=False)

    def _connections(self) -> httpcore.AsyncConnectionPool:
        """Return the pool.

        It is made at the first page, because loading certificates takes time.
        """
        if self._pool is None:
            self._pool = httpcore.AsyncConnectionPool(
                ssl_context=httpx.create_ssl_context(),
                max_connections=PAGE_CONNECTIONS,
                max_keepalive_connections=0,
                network_backend=self._guard,
            )
        return self._pool


def _unpacked(unpack: "zlib._Decompress", chunk: bytes, most: int, url: str) -> bytes:
    """Decompress at most `most` bytes.

    What a bomb holds beyond them stays packed.
    """
    try:
        return unpack.decompress(chunk, most)
    except zlib.error:
        message = f"{_host(url)} sent a page whose compression is broken."
        raise ProviderError("network", message, retryable=False) from None


def _address(url: str) -> str:
    """Return the canonical form of a web address. Raises ProviderError."""
    address = normalise(url)
    if not address.startswith(("http://", "https://")):
        message = f"{url[:200]} is not an address on the web."
        raise ProviderError("validation", message, retryable=False)
    return address


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:  # brackets that hold no IPv6 address
        return location


def _host(url: str) -> str:
    return (urlsplit(normalise(url)).hostname or url)[:200]
