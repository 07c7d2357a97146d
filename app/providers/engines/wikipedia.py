"""Search Wikipedia, or another wiki of MediaWiki's, without a key."""

import httpx
from msgspec import Struct

from app.agent.ports import Hit
from app.errors import ProviderError
from app.providers.base_address import checked_address, joined
from app.providers.engines.search_engine import ENGINE_TIMEOUT, SearchEngine, SearchQuery, decoded, ranked
from app.providers.http import shorten
from app.providers.reader.page_reader import PageReader

WIKIPEDIA_SETTING = "WIKIPEDIA_URL"
MAX_WIKI_QUERY = 300  # characters; MediaWiki refuses more
EXCERPT_SENTENCES = 3


class _WikiPage(Struct):
    title: str | None = None
    fullurl: str | None = None
    extract: str | None = None  # missing from wikis without the extension TextExtracts
    index: int = 0


class _WikiPages(Struct):
    pages: list[_WikiPage | None] | None = None


class _WikiError(Struct):
    code: str | None = None
    info: str | None = None


class _WikiReply(Struct):
    batchcomplete: bool | None = None
    query: _WikiPages | None = None  # left out where nothing was found
    error: _WikiError | None = None  # comes with status 200


class WikipediaSearch(SearchEngine):
    """Ask Wikipedia in the language of the query, else in English."""

    name = "wikipedia"
    title = "Wikipedia"
    key_name = WIKIPEDIA_SETTING

    def __init__(
        self, client: httpx.AsyncClient, reader: PageReader, *, url: str = "", timeout: float = ENGINE_TIMEOUT
    ) -> None:
        super().__init__(client, reader, timeout=timeout)
        self._base = checked_address(WIKIPEDIA_SETTING, url) if url else ""
        self.meets = frozenset() if url else frozenset({"language"})  # by its edition

    def _request(self, asked: SearchQuery) -> httpx.Request:
        base = self._base or f"https://{asked.language or 'en'}.wikipedia.org"
        address = base if base.endswith("/api.php") else joined(base, "/w/api.php")
        fields = {
            "action": "query",
            "format": "json",
            "formatversion": "2",
            "generator": "search",
            "gsrsearch": asked.query[:MAX_WIKI_QUERY],
            "gsrlimit": str(asked.limit),
            "prop": "info|extracts",
            "inprop": "url",
            "exintro": "1",
            "explaintext": "1",
            "exsentences": str(EXCERPT_SENTENCES),
            "exlimit": "max",
        }
        return self._lane.build_request("GET", address, params=fields)

    def _hits(self, body: bytes) -> list[Hit]:
        found = decoded(body, _WikiReply)
        if found.error:
            said = shorten(found.error.info or found.error.code)
            is_busy = found.error.code in ("maxlag", "readonly", "ratelimited")
            raise ProviderError(
                "rate_limit" if is_busy else "validation", f"Wikipedia refuses: {said}", retryable=is_busy
            )
        if found.query is None and found.batchcomplete is None:
            raise ValueError("This is not a reply of MediaWiki.")
        pages = [page for page in (found.query and found.query.pages) or () if page]
        pages.sort(key=lambda page: page.index)
        return ranked([(page.fullurl, page.title, page.extract) for page in pages])
