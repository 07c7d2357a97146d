"""Share one HTTP client between providers, and map their refusals."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from app.errors import BadSetting, ProviderError
from app.providers.error_words import said_in
from dossier.version import __version__

AGENT = f"dossier/{__version__}"
CONNECT = 5.0  # seconds; TCP and TLS to a host that is up take less than one
POOL = 10.0  # seconds; a request that waits longer for a connection finds the pool exhausted
READ_TIMEOUT = 60.0  # seconds without a byte; a provider that knows better sets its own
WRITE = 30.0  # seconds without a byte sent; prompts are some hundred kilobytes
CONNECTIONS = 100  # as many as httpx itself allows; a worker makes a few calls for each of its jobs
IDLE_CONNECTIONS = 20  # idle connections
MAX_REPLY_BODY = (
    20_000_000  # bytes of a decoded reply; the longest page that is kept has a million characters
)
MAX_ERROR_TEXT = 300  # characters of what a provider says, as it stands in the log
MAX_WAIT = 3600.0  # seconds; longer than any job may take

_WIRE = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})
_SECRET = re.compile(
    r"\b(?:sk|tvly|xai|nvapi|pplx)-[\w*-]{6,}|\b(?:gsk|hf)_\w{6,}|\bAIza[\w-]{20,}|\bBearer\s+\S+",
    re.IGNORECASE,
)


def make_client() -> httpx.AsyncClient:
    """The shared client: pooled, every wait bounded, redirects not followed.

    `trust_env` stays on, so HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR
    mean what they mean everywhere. Close it when the process ends.
    """
    return httpx.AsyncClient(
        headers={"User-Agent": AGENT},
        timeout=httpx.Timeout(connect=CONNECT, read=READ_TIMEOUT, write=WRITE, pool=POOL),
        limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=IDLE_CONNECTIONS),
        follow_redirects=False,
        trust_env=True,
    )


class SharedTransport(httpx.AsyncBaseTransport):
    """Sends through the shared client, keeping each vendor's key separate.

    A vendor's library puts its key on the client that it is given.

    So vendors share one pool and never a header. Replies are read whole, MAX_REPLY_BODY bytes at most.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The reply to one request. Raises httpx.ReadError where it is too long."""
        reply = await self._client.send(request, stream=True)
        try:
            body = await _read(reply, request)
        finally:
            await reply.aclose()
        headers = [(name, value) for name, value in reply.headers.raw if name.lower() not in _WIRE]
        return httpx.Response(reply.status_code, headers=headers, content=body)


async def _read(reply: httpx.Response, request: httpx.Request) -> bytes:
    body = bytearray()
    async for chunk in reply.aiter_bytes():
        body += chunk
        if len(body) > MAX_REPLY_BODY:
            raise httpx.ReadError(f"The reply is longer than {MAX_REPLY_BODY} bytes.", request=request)
    return bytes(body)


def checked_key(name: str, key: str) -> str:
    """Return a key that fits a header, or raise BadSetting.

    The error names the setting and does not show the key.
    """
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise BadSetting(f"{name} must be one word of ASCII characters, without spaces or quotation marks.")
    return key


def refusal(who: str, key_name: str, status: int, headers: Mapping[str, str], said: str) -> ProviderError:
    """What a status from 300 on means for the caller.

    Args:
        who: the provider, as people call it.
        key_name: the setting that holds its key; named in the message where the key is refused.
        status: of the HTTP reply.
        headers: of the reply; of these only Retry-After is read.
        said: the provider's own words, already shortened.
    """
    told = f"{who} answered {status}: {said}" if said else f"{who} answered {status}."
    wait = retry_after(headers)
    if status in (401, 403):
        return ProviderError(
            "auth", f"{who} refuses the key in {key_name} (status {status}).", retryable=False
        )
    if status in (402, 413):  # no money, or too much text: the same request will not do better
        return ProviderError("resource", told, retryable=False)
    if status == 429:
        return ProviderError("rate_limit", told, retryable=True, retry_after=wait)
    if status in (408, 504):
        return ProviderError("timeout", told, retryable=True, retry_after=wait)
    if status >= 500:
        return ProviderError("network", told, retryable=True, retry_after=wait)
    return ProviderError("validation", told, retryable=False)


async def post_json(
    lane: httpx.AsyncClient, address: str, body: object, *, who: str, key_name: str, key: str
) -> bytes:
    """Return what a server answers to a body. Raises ProviderError.

    Args:
        lane: has the timeouts.
        address: of the route.
        body: is sent as JSON.
        who: the server, as people call it.
        key_name: the setting that holds its key.
        key: "" for a server that wants none.
    """
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        reply = await lane.post(address, json=body, headers=headers)
    except httpx.TimeoutException:
        raise ProviderError("timeout", f"{who} did not answer in time.", retryable=True) from None
    except (httpx.HTTPError, httpx.StreamError) as error:
        message = f"{who} could not be reached: {type(error).__name__}."
        raise ProviderError("network", message, retryable=True) from None
    if reply.status_code >= 300:
        said = shorten(said_in(reply.content), *filter(None, (key,)))
        raise refusal(who, key_name, reply.status_code, reply.headers, said)
    return reply.content


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the provider's requested pause, 0..MAX_WAIT seconds, or None.

    Retry-After is seconds or an HTTP date (RFC 9110, 10.2.3).
    """
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        seconds = seconds_until(value)
    return min(max(seconds, 0.0), MAX_WAIT) if not math.isnan(seconds) else None


def seconds_until(date: str) -> float:
    """Return the seconds until a date, NaN for none."""
    try:
        at = datetime.fromisoformat(date) if date[:1].isdigit() else parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return math.nan
    return (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()


def shorten(text: object, *secrets: str) -> str:
    """Reduce a provider's message to one safe line, without keys.

    It has at most MAX_ERROR_TEXT characters, and no control characters.

    `secrets` are removed everywhere; so is everything that looks like a key. What is not text
    becomes "".
    """
    if not isinstance(text, str):
        return ""
    line = "".join(character if character.isprintable() else " " for character in text[: 20 * MAX_ERROR_TEXT])
    for secret in secrets:
        line = line.replace(secret, "…")
    return " ".join(_SECRET.sub("…", line).split())[:MAX_ERROR_TEXT]
