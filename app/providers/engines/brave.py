"""Search through Brave's API."""

from datetime import UTC, date, datetime

import httpx
from msgspec import Struct

from app.agent.ports import Hit, SearchBounds
from app.providers.base_address import checked_address, joined
from app.providers.engines.search_engine import ENGINE_TIMEOUT, SearchEngine, SearchQuery, decoded, ranked
from app.providers.http import checked_key
from app.providers.reader.page_reader import PageReader

BRAVE_KEY_SETTING = "BRAVE_API_KEY"
BRAVE_BASE_SETTING = "BRAVE_BASE_URL"
BRAVE_API = "https://api.search.brave.com"
BRAVE_SEARCH_USD = 0.005  # $5 for 1,000
WEB_BEGAN = date(1990, 1, 1)
MAX_BRAVE_QUERY = 400  # characters; Brave refuses more


class _BraveResult(Struct):
    url: str | None = None
    title: str | None = None
    description: str | None = None
    extra_snippets: list[str | None] | None = None


class _BraveWeb(Struct):
    results: list[_BraveResult | None] | None = None


class _BraveReply(Struct):
    type: str  # "search"; tells a result from other JSON
    web: _BraveWeb | None = None  # left out where nothing was found


class BraveSearch(SearchEngine):
    """Ask Brave's index of the web."""

    name = "brave"
    title = "Brave"
    key_name = BRAVE_KEY_SETTING
    price_usd = BRAVE_SEARCH_USD
    meets = frozenset({"published_after", "published_before", "language", "region"})

    def __init__(
        self,
        client: httpx.AsyncClient,
        reader: PageReader,
        *,
        api_key: str,
        base_url: str = "",
        timeout: float = ENGINE_TIMEOUT,
    ) -> None:
        super().__init__(client, reader, timeout=timeout)
        self._key = checked_key(BRAVE_KEY_SETTING, api_key)
        base = checked_address(BRAVE_BASE_SETTING, base_url or BRAVE_API)
        self._address = joined(base, "/res/v1/web/search")

    def _request(self, asked: SearchQuery) -> httpx.Request:
        query = asked.with_sites if len(asked.with_sites) <= MAX_BRAVE_QUERY else asked.query
        fields = {"q": query[:MAX_BRAVE_QUERY], "count": str(asked.limit), "result_filter": "web"}
        fields |= _bounds(asked.bounds)
        headers = {"X-Subscription-Token": self._key}
        return self._lane.build_request("GET", self._address, params=fields, headers=headers)

    def _hits(self, body: bytes) -> list[Hit]:
        web = decoded(body, _BraveReply).web
        results = [result for result in (web and web.results) or () if result]
        return ranked([(result.url, result.title, _excerpt(result)) for result in results])

    def _secrets(self) -> tuple[str, ...]:
        return (self._key,)


def _bounds(bounds: SearchBounds) -> dict[str, str]:
    wanted = {
        "freshness": _days(bounds.published_after, bounds.published_before),
        "search_lang": bounds.main_language,
        "country": (bounds.region or "").upper(),
    }
    return {name: value for name, value in wanted.items() if value}


def _days(after: date | None, before: date | None) -> str:
    if not (after or before):
        return ""
    return f"{after or WEB_BEGAN}to{before or datetime.now(UTC).date()}"


def _excerpt(result: _BraveResult) -> str:
    return " ".join(part for part in (result.description, *(result.extra_snippets or ())) if part)
