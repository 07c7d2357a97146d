"""Ask a search engine over HTTP, and type each of its failures."""

import asyncio
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from html import unescape
from typing import TypeVar

import httpx
import msgspec
from msgspec import Struct

from app.agent.ports import UNBOUNDED, Hit, PageReply, SearchBounds, SearchReply
from app.domain.events import Usage
from app.errors import ProviderError
from app.providers.error_words import said_in
from app.providers.http import AGENT, CONNECT, POOL, WRITE, SharedTransport, refusal, shorten
from app.providers.reader.page_reader import PageReader
from app.providers.unmet_bounds import unmet
from app.text.languages import detect
from app.text.urls import ascii_host
from dossier.request import SearchScope

ENGINE_TIMEOUT = 20.0  # seconds for one search, its wait for a free place left out
CALLS_AT_ONCE = 4  # of one engine and one process; more look like an attack
MAX_TURN_WAIT = 20.0  # seconds that a search waits for an engine that wants pauses
MAX_ENGINE_HITS = 20  # results that are asked for
MAX_QUERY_SITES = 10  # domains that a query names; engines cut longer ones

Answer = TypeVar("Answer")

_TAG = re.compile(r"<[^<>]{0,500}>")


class SearchQuery(Struct, frozen=True):
    """What is searched for, and where."""

    query: str
    limit: int
    allowed: tuple[str, ...] = ()  # bare hosts
    blocked: tuple[str, ...] = ()
    bounds: SearchBounds = UNBOUNDED

    @property
    def language(self) -> str:
        """The two letters of the pages' language, "" where nothing tells it."""
        return self.bounds.main_language or detect(self.query)

    @property
    def with_sites(self) -> str:
        """The query with its domains as the `site:` operators of most engines."""
        wanted = " OR ".join(f"site:{host}" for host in self.allowed[:MAX_QUERY_SITES])
        unwanted = (f"-site:{host}" for host in self.blocked[:MAX_QUERY_SITES])
        return " ".join((self.query, *([f"({wanted})"] if wanted else []), *unwanted))


class SearchEngine(ABC):
    """Implements the port `Search` for one engine.

    Every call is one try, because the worker records each.

    After a refusal with Retry-After it is left alone until then.

    Args:
        client: the shared client; it gets no header of ours.
        reader: reads the pages that are found.
        timeout: seconds for one search.
    """

    name: str
    title: str  # as people call it
    key_name: str  # the setting to look at where it refuses
    scope: SearchScope = "web"
    price_usd = 0.0  # of a search
    at_once = CALLS_AT_ONCE
    pause = 0.0  # seconds between two requests of this process
    accepts = "application/json"
    meets: frozenset[str] = frozenset()  # the bounds of a search that it can search by

    def __init__(
        self, client: httpx.AsyncClient, reader: PageReader, *, timeout: float = ENGINE_TIMEOUT
    ) -> None:
        self.reader = reader
        self._timeout = timeout
        self._places = asyncio.Semaphore(self.at_once)
        self._waiting = 0
        self._next_at = 0.0
        self._resting_until = 0.0
        self._lane = httpx.AsyncClient(
            transport=SharedTransport(client),
            timeout=httpx.Timeout(connect=CONNECT, read=timeout, write=WRITE, pool=POOL),
            headers={"User-Agent": AGENT, "Accept": self.accepts},
        )

    @abstractmethod
    def _request(self, asked: SearchQuery) -> httpx.Request:
        """Return the request of a search."""

    @abstractmethod
    def _hits(self, body: bytes) -> list[Hit]:
        """Return the hits of a reply, best first.

        Raise ValueError where it is not one, ProviderError where it says that the search failed.
        """

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
        self._check_rest()
        asked = SearchQuery(query, min(limit, MAX_ENGINE_HITS), hosts(allowed), hosts(blocked), bounds)
        body = await self._in_turn(self._request(asked))
        try:
            hits = distinct(self._hits(body))
        except (ValueError, RecursionError):
            message = f"{self.title} answered with something that is not a result: {_start(body)}"
            raise ProviderError("network", message, retryable=True) from None
        usage = Usage(searches=1, cost_usd=self.price_usd)
        return SearchReply(
            tuple(hits[:limit]), usage, unmet_bounds=unmet(self.name, bounds, self._met(asked))
        )

    def _met(self, _asked: SearchQuery) -> Collection[str]:
        """Return the bounds that this search went by."""
        return self.meets

    async def read(self, url: str) -> PageReply:
        """The text of a page. Raises ProviderError."""
        return await self.reader.read(url)

    async def _in_turn(self, request: httpx.Request) -> bytes:
        """Send a request after the pause that the engine wants.

        Raises ProviderError.
        """
        self._check_queue()
        self._waiting += 1
        try:
            async with self._places:
                await asyncio.sleep(max(self._next_at - time.monotonic(), 0.0))
                self._next_at = time.monotonic() + self.pause
                return await self._ask(request)
        finally:
            self._waiting -= 1

    async def _ask(self, request: httpx.Request) -> bytes:
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._lane.send(request)
        except (TimeoutError, httpx.TimeoutException):
            message = f"{self.title} did not answer within {self._timeout:g} seconds."
            raise ProviderError("timeout", message, retryable=True) from None
        except httpx.HTTPError as error:  # `from None` because the request in it may have a key
            message = f"{self.title} cannot be reached ({type(error).__name__})."
            raise ProviderError("network", message, retryable=True) from None
        if response.status_code >= 300:
            raise self._rested(self._refused(response))
        return response.content

    def _refused(self, response: httpx.Response) -> ProviderError:
        """Return what a status from 300 on means."""
        said = shorten(said_in(response.content), *self._secrets())
        return refusal(self.title, self.key_name, response.status_code, response.headers, said)

    def _secrets(self) -> tuple[str, ...]:
        return ()

    def _rested(self, error: ProviderError) -> ProviderError:
        if error.retry_after:
            self._resting_until = time.monotonic() + error.retry_after
        return error

    def _check_rest(self) -> None:
        wait = self._resting_until - time.monotonic()
        if wait > 0:
            message = f"{self.title} wants to be left alone for {wait:.0f} more seconds."
            raise ProviderError("rate_limit", message, retryable=True, retry_after=wait)

    def _check_queue(self) -> None:
        wait = max(self._next_at - time.monotonic(), 0.0) + self._waiting * self.pause
        if wait > MAX_TURN_WAIT:
            message = f"{self.title} is asked every {self.pause:g} seconds at most, and others wait already."
            raise ProviderError("rate_limit", message, retryable=True, retry_after=wait)


def decoded(body: bytes, kind: type[Answer]) -> Answer:
    """Decode a JSON reply. Raises ValueError."""
    return msgspec.json.decode(body, type=kind, strict=False)


def ranked(found: Sequence[tuple[str | None, str | None, str | None]]) -> list[Hit]:
    """Return hits of (url, title, excerpt), scored by their rank."""
    return [
        Hit(url, plain(title) or url, plain(excerpt), 1 / (1 + rank))
        for rank, (url, title, excerpt) in enumerate(found)
        if url and url.lower().startswith(("http://", "https://"))
    ]


def distinct(hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits with each address once."""
    return list({hit.url: hit for hit in reversed(hits)}.values())[::-1]


def plain(text: str | None) -> str:
    """Return a text without the tags that mark its hits."""
    return unescape(_TAG.sub("", text or "")).strip()


def hosts(domains: Sequence[str]) -> tuple[str, ...]:
    """Return bare hosts.

    People write "*.example.com" or a whole address.
    """
    bare = (domain.strip().rpartition("://")[2].partition("/")[0].partition(":")[0] for domain in domains)
    return tuple(host for domain in bare if (host := ascii_host(domain.removeprefix("*").strip("."))))


def _start(body: bytes) -> str:
    return shorten(body[:60].decode(errors="replace")) or "nothing."
