"""Send webhooks: over guarded connections, without redirects, within bounds."""

import asyncio
import math
import ssl
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

import httpcore
import httpx
from msgspec import Struct

from app.errors import ProviderError
from app.providers.http import AGENT, CONNECT, POOL, WRITE, seconds_until
from app.providers.reader.guard import GuardedBackend, Resolve, resolved

SEND_TIMEOUT = 15.0  # seconds for a message
SEND_CONNECTIONS = 40


class SentAnswer(Struct, frozen=True):
    """What a receiver answered, or why it did not."""

    status: int | None
    error: str | None = None
    retry_after: float | None = None

    @property
    def is_taken(self) -> bool:
        """True for an answer of 2xx."""
        return self.status is not None and 200 <= self.status < 300


class WebhookSender:
    """Posts messages to public addresses, and to hosts that the operator lists.

    Args:
        private_hosts: that may have private addresses, any port, and plain http.
        timeout: seconds for a message.
        resolve: finds the addresses of a host.
    """

    def __init__(
        self, private_hosts: Iterable[str] = (), *, timeout: float = SEND_TIMEOUT, resolve: Resolve = resolved
    ) -> None:
        self._guard = GuardedBackend(private_hosts, resolve)
        self._timeout = timeout
        self._pool: httpcore.AsyncConnectionPool | None = None

    async def send(self, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> SentAnswer:
        """Post a message. What the receiver writes is not read."""
        try:
            parts = urlsplit(url)
            if parts.scheme != "https" and not self._guard.trusts(parts.hostname or ""):
                return SentAnswer(None, "The address does not begin with https://.")
            async with asyncio.timeout(self._timeout):
                return await self._post(url, [*headers, ("User-Agent", AGENT)], body)
        except ProviderError as error:
            return SentAnswer(None, str(error).replace(" is not read: ", " is not called: "))
        except (TimeoutError, httpcore.TimeoutException):
            return SentAnswer(None, f"No answer within {self._timeout:g} seconds.")
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, ValueError) as error:
            return SentAnswer(None, f"The connection failed ({type(error).__name__}).")

    async def aclose(self) -> None:
        """Close all connections."""
        if self._pool:
            await self._pool.aclose()

    async def _post(self, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> SentAnswer:
        timeout = {"connect": CONNECT, "read": self._timeout, "write": WRITE, "pool": POOL}
        sized = [*headers, ("Content-Length", str(len(body)))]
        async with self._connections().stream(
            "POST", url, headers=sized, content=body, extensions={"timeout": timeout}
        ) as response:
            told = httpx.Headers(response.headers)
            return SentAnswer(response.status, None, wished_pause(told.get("retry-after", "").strip()))

    def _connections(self) -> httpcore.AsyncConnectionPool:
        """Return the pool, made at the first message."""
        if self._pool is None:
            self._pool = httpcore.AsyncConnectionPool(
                ssl_context=httpx.create_ssl_context(),
                max_connections=SEND_CONNECTIONS,
                max_keepalive_connections=0,
                network_backend=self._guard,
            )
        return self._pool


def wished_pause(retry_after: str) -> float | None:
    """Return how many seconds of pause a receiver asks for."""
    is_number = retry_after.isascii() and retry_after.isdecimal()
    seconds = float(retry_after[:9]) if is_number else seconds_until(retry_after)
    return None if math.isnan(seconds) else max(seconds, 0.0)
