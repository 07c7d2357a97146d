"""Search through a SearXNG of the operator's."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta

import httpx
from msgspec import Struct

from app.agent.ports import Hit
from app.errors import ProviderError
from app.providers.base_address import checked_address, joined
from app.providers.engines.search_engine import ENGINE_TIMEOUT, SearchEngine, SearchQuery, decoded, ranked
from app.providers.http import shorten
from app.providers.reader.page_reader import PageReader

SEARXNG_SETTING = "SEARXNG_URL"
TIME_RANGES = ((1, "day"), (28, "month"), (365, "year"))  # days; a week is not known to older ones
MAX_NAMED_ENGINES = 5  # engines that an error names


class _SearxngResult(Struct):
    url: str | None = None
    title: str | None = None
    content: str | None = None


class _SearxngReply(Struct):
    results: list[_SearxngResult | None] | None
    unresponsive_engines: list[Sequence[str | None]] | None = None


class SearxngSearch(SearchEngine):
    """Ask a SearXNG, which says which of its engines failed."""

    name = "searxng"
    title = "SearXNG"
    key_name = SEARXNG_SETTING

    def __init__(
        self, client: httpx.AsyncClient, reader: PageReader, *, url: str, timeout: float = ENGINE_TIMEOUT
    ) -> None:
        super().__init__(client, reader, timeout=timeout)
        base = checked_address(SEARXNG_SETTING, url)
        self._address = base if base.rstrip("/").endswith("/search") else joined(base, "/search")

    def _request(self, asked: SearchQuery) -> httpx.Request:
        fields = {"q": asked.with_sites, "format": "json"}
        if language := asked.language:
            region = asked.bounds.region
            fields["language"] = f"{language}-{region.upper()}" if region else language
        fields["time_range"] = _time_range(asked.bounds.published_after)
        sent = {name: value for name, value in fields.items() if value}
        return self._lane.build_request("GET", self._address, params=sent)

    def _met(self, asked: SearchQuery) -> Collection[str]:
        """Return what it was sent.

        It has no word for a time long ago, nor for a region alone.
        """
        time = {"published_after"} if _time_range(asked.bounds.published_after) else set[str]()
        return time | {"language"} | ({"region"} if asked.language else set())

    def _hits(self, body: bytes) -> list[Hit]:
        """Nothing found while engines failed is a failure: the page may exist."""
        found = decoded(body, _SearxngReply)
        results = [result for result in found.results or () if result]
        if not results and found.unresponsive_engines:
            message = f"No engine of SearXNG answered: {_named(found.unresponsive_engines)}."
            raise ProviderError("network", message, retryable=True)
        return ranked([(result.url, result.title, result.content) for result in results])

    def _refused(self, response: httpx.Response) -> ProviderError:
        if response.status_code == 403:
            message = "SearXNG refuses format=json: add json to search.formats in its settings.yml."
            return ProviderError("auth", message, retryable=False)
        if response.status_code == 429:
            error = super()._refused(response)
            message = (
                "SearXNG's limiter refuses (429): add this machine to botdetection.ip_lists.pass_ip "
                "in its limiter.toml."
            )
            return ProviderError("rate_limit", message, retryable=True, retry_after=error.retry_after)
        return super()._refused(response)


def _time_range(after: date | None) -> str:
    """Return the shortest of SearXNG's ranges that is long enough, or ""."""
    if after is None:
        return ""
    age = datetime.now(UTC).date() - after
    return next((name for days, name in TIME_RANGES if age <= timedelta(days)), "")


def _named(unresponsive: Sequence[Sequence[str | None]]) -> str:
    told = [": ".join(part for part in engine[:2] if part) for engine in unresponsive[:MAX_NAMED_ENGINES]]
    return shorten("; ".join(told)) or "none is named"
