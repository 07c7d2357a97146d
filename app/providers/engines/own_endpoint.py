"""Search through an endpoint of the operator's own.

docs/sources.md describes its JSON.
"""

import httpx
import msgspec
from msgspec import Struct

from app.agent.ports import Hit
from app.providers.base_address import checked_address
from app.providers.engines.search_engine import ENGINE_TIMEOUT, SearchEngine, SearchQuery, decoded, ranked
from app.providers.http import checked_key
from app.providers.reader.page_reader import PageReader

ENDPOINT_SETTING = "DOSSIER_SEARCH_URL"
ENDPOINT_KEY_SETTING = "DOSSIER_SEARCH_KEY"


class _EndpointResult(Struct):
    url: str | None = None
    title: str | None = None
    excerpt: str | None = None


class _EndpointReply(Struct):
    results: list[_EndpointResult | None] | None


class EndpointSearch(SearchEngine):
    """Post a query to the operator's endpoint, with its token."""

    name = "http"
    title = "The search endpoint"
    key_name = ENDPOINT_KEY_SETTING
    meets = frozenset({"published_after", "published_before", "language", "region"})  # it is told them

    def __init__(
        self,
        client: httpx.AsyncClient,
        reader: PageReader,
        *,
        url: str,
        api_key: str = "",
        timeout: float = ENGINE_TIMEOUT,
    ) -> None:
        super().__init__(client, reader, timeout=timeout)
        self._address = checked_address(ENDPOINT_SETTING, url)
        self._key = checked_key(ENDPOINT_KEY_SETTING, api_key) if api_key else ""

    def _request(self, asked: SearchQuery) -> httpx.Request:
        fields = {
            "query": asked.query,
            "limit": asked.limit,
            "allowed_domains": asked.allowed,
            "blocked_domains": asked.blocked,
            **msgspec.to_builtins(asked.bounds),
        }
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        return self._lane.build_request("POST", self._address, json=fields, headers=headers)

    def _hits(self, body: bytes) -> list[Hit]:
        results = [result for result in decoded(body, _EndpointReply).results or () if result]
        return ranked([(result.url, result.title, result.excerpt) for result in results])

    def _secrets(self) -> tuple[str, ...]:
        return (self._key,) if self._key else ()
