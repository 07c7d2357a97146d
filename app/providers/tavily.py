"""Search the web and extract pages' text through Tavily."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TypeVar

import httpx
import msgspec
from msgspec import Struct
from tavily import AsyncTavilyClient
from tavily.errors import TimeoutError as TavilyTimeout

from app.agent.ports import UNBOUNDED, Hit, PageReply, SearchBounds, SearchReply
from app.domain.events import Usage
from app.errors import ProviderError
from app.providers.base_address import checked_address
from app.providers.error_words import said_in
from app.providers.http import (
    AGENT,
    CONNECT,
    POOL,
    WRITE,
    SharedTransport,
    checked_key,
    refusal,
    shorten,
)
from app.providers.unmet_bounds import unmet
from dossier.request import SearchScope

TAVILY_KEY_SETTING = "TAVILY_API_KEY"
TAVILY_BASE_SETTING = "TAVILY_BASE_URL"
TAVILY_API = "https://api.tavily.com"
CREDIT = 0.008  # USD, pay as you go; a plan makes it cheaper
CREDITS_OF_SEARCH = 1.0  # basic depth
CREDITS_OF_PAGE = 0.2  # basic depth: one credit for five pages
TAVILY_TIMEOUT = 60.0  # seconds for a search or a page; a page that needs longer is not worth a worker's slot
MAX_HITS = 20  # Tavily refuses more
MAX_TAVILY_QUERY = 400  # characters; Tavily refuses more
BOUNDS_OF_TAVILY = ("published_after", "published_before")
OUT_OF_CREDITS = (432, 433)  # of the plan, of the pay-as-you-go limit

Reply = TypeVar("Reply")


class _Credits(Struct):
    credits: float | None = None


class _Result(Struct):
    url: str
    title: str | None = None
    content: str | None = None
    score: float | None = None


class _Found(Struct):
    results: list[_Result]
    usage: _Credits | None = None


class _ExtractedPage(Struct):
    raw_content: str | None = None


class _Failure(Struct):
    error: str | None = None


class _Read(Struct):
    results: list[_ExtractedPage]
    failed_results: list[_Failure] = []
    usage: _Credits | None = None


class TavilySearch:
    """Implements the port `Search`, one try a call.

    The worker records each try.

    Args:
        client: the shared client; it gets no header of ours. tavily-python writes its key and its address
            onto the client that it is given, so it is given one of its own that sends through this one.
        api_key: starts with "tvly-".
        base_url: of a gateway; None for Tavily's own.
        credit_usd: what the operator pays for a credit.
        timeout: seconds for one call.
    """

    name = "tavily"
    scope: SearchScope = "web"

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        api_key: str,
        base_url: str | None = None,
        credit_usd: float = CREDIT,
        timeout: float = TAVILY_TIMEOUT,
    ) -> None:
        self.key_name = TAVILY_KEY_SETTING  # to look at where it refuses
        self._key = checked_key(TAVILY_KEY_SETTING, api_key)
        self._credit_usd = credit_usd
        self._timeout = timeout
        lane = httpx.AsyncClient(
            transport=SharedTransport(client),
            base_url=checked_address(TAVILY_BASE_SETTING, base_url or TAVILY_API),
            timeout=httpx.Timeout(connect=CONNECT, read=timeout, write=WRITE, pool=POOL),
            headers={"User-Agent": AGENT},
            event_hooks={"response": [self._check]},
        )
        self._tavily = AsyncTavilyClient(api_key=self._key, client=lane)

    async def search(
        self,
        query: str,
        limit: int,
        *,
        allowed: Sequence[str] = (),
        blocked: Sequence[str] = (),
        bounds: SearchBounds = UNBOUNDED,
    ) -> SearchReply:
        """At most `limit` pages of the web, best first. Raises ProviderError."""
        reply = await self._ask(
            _Found,
            self._tavily.search(
                query=query[:MAX_TAVILY_QUERY],
                search_depth="basic",
                max_results=min(limit, MAX_HITS),
                include_domains=_hosts(allowed),
                exclude_domains=_hosts(blocked),
                start_date=bounds.published_after and bounds.published_after.isoformat(),
                end_date=bounds.published_before and bounds.published_before.isoformat(),
                include_usage=True,
                timeout=self._timeout,
            ),
        )
        hits = tuple(_hit(result) for result in reply.results[:limit] if result.url)
        usage = Usage(searches=1, cost_usd=self._cost(reply.usage, CREDITS_OF_SEARCH))
        return SearchReply(hits, usage, unmet_bounds=unmet(self.name, bounds, BOUNDS_OF_TAVILY))

    async def read(self, url: str) -> PageReply:
        """Return a page's markdown.

        Raise ProviderError, final without text.
        """
        if not url.lower().startswith(("http://", "https://")):
            raise ProviderError("validation", f"{url[:200]} is not a web address.", retryable=False)
        reply = await self._ask(
            _Read,
            self._tavily.extract(
                urls=[url],
                extract_depth="basic",
                format="markdown",
                include_usage=True,
                timeout=self._timeout,
            ),
        )
        text = reply.results[0].raw_content if reply.results else None
        if not text or not text.strip():
            raise _unread(reply)
        return PageReply(text, Usage(pages=1, cost_usd=self._cost(reply.usage, CREDITS_OF_PAGE)))

    async def _ask(self, kind: type[Reply], call: Awaitable[object]) -> Reply:
        try:
            async with asyncio.timeout(self._timeout):
                return msgspec.convert(await call, kind, strict=False)
        except (TavilyTimeout, TimeoutError, httpx.TimeoutException):
            message = f"Tavily did not answer within {self._timeout:g} seconds."
            raise ProviderError("timeout", message, retryable=True) from None
        except httpx.HTTPError as error:  # `from None` because the request in it has the key
            message = f"Tavily cannot be reached ({type(error).__name__})."
            raise ProviderError("network", message, retryable=True) from None
        except (ValueError, RecursionError):
            message = "Tavily returned an invalid response."
            raise ProviderError("network", message, retryable=True) from None

    async def _check(self, response: httpx.Response) -> None:
        """Refusals are read here: tavily-python drops their headers, Retry-After among them."""
        if response.status_code < 300:
            return
        said = shorten(said_in(await response.aread()), self._key)
        status = response.status_code
        if status in OUT_OF_CREDITS:
            raise ProviderError("resource", f"Tavily answered {status}: {said}", retryable=False)
        if status == 403 and response.request.url.path.endswith("/extract"):  # it does not read such pages
            raise ProviderError("validation", f"Tavily does not read this page: {said}", retryable=False)
        raise refusal("Tavily", self.key_name, status, response.headers, said)

    def _cost(self, usage: _Credits | None, usual: float) -> float:
        used = usual if usage is None or usage.credits is None else max(0.0, usage.credits)
        return round(used * self._credit_usd, 9)


def _hosts(domains: Sequence[str]) -> list[str] | None:
    """Return domains as Tavily needs them.

    People write "*.example.com" or a whole address.
    """
    bare = (domain.strip().rpartition("://")[2].partition("/")[0] for domain in domains)
    return [host for domain in bare if (host := domain.removeprefix("*").strip(".").lower())] or None


def _hit(result: _Result) -> Hit:
    score = min(max(result.score or 0.0, 0.0), 1.0)
    return Hit(result.url, result.title or result.url, result.content or "", score)


def _unread(reply: _Read) -> ProviderError:
    """Build the final error for a page that Tavily cannot read.

    Tavily does not charge, and the page will be the same in a minute.
    """
    said = shorten(reply.failed_results[0].error) if reply.failed_results else ""
    if said:
        return ProviderError("network", f"Tavily could not read the page: {said}", retryable=False)
    return ProviderError("validation", "The page has no text.", retryable=False)
