"""Search the works of science that OpenAlex knows, without a key."""

from collections.abc import Iterable, Mapping

import httpx
from msgspec import Struct

from app.agent.ports import Hit, SearchBounds
from app.providers.base_address import checked_address, joined
from app.providers.engines.search_engine import ENGINE_TIMEOUT, SearchEngine, SearchQuery, decoded, ranked
from app.providers.reader.page_reader import PageReader

OPENALEX_SETTING = "OPENALEX_URL"
OPENALEX = "https://api.openalex.org"
MAX_OPENALEX_QUERY = 500  # characters
MAX_ABSTRACT = 2_000  # words of an abstract that are put in order
FIELDS = "id,doi,display_name,primary_location,abstract_inverted_index"


class _Location(Struct):
    landing_page_url: str | None = None
    pdf_url: str | None = None
    is_oa: bool | None = None


class _Work(Struct):
    id: str | None = None
    doi: str | None = None
    display_name: str | None = None
    primary_location: _Location | None = None
    abstract_inverted_index: dict[str, list[int]] | None = None


class _Works(Struct):
    results: list[_Work | None] | None


class OpenAlexSearch(SearchEngine):
    """Ask OpenAlex for works and where to read them."""

    name = "openalex"
    title = "OpenAlex"
    key_name = OPENALEX_SETTING
    meets = frozenset({"published_after", "published_before", "language"})

    def __init__(
        self, client: httpx.AsyncClient, reader: PageReader, *, url: str = "", timeout: float = ENGINE_TIMEOUT
    ) -> None:
        super().__init__(client, reader, timeout=timeout)
        self._base = checked_address(OPENALEX_SETTING, url) if url else OPENALEX

    def _request(self, asked: SearchQuery) -> httpx.Request:
        fields = {
            "search": _plain_words(asked.query[:MAX_OPENALEX_QUERY]),
            "per-page": str(asked.limit),
            "select": FIELDS,
        }
        if filters := _filters(asked.bounds):
            fields["filter"] = filters
        return self._lane.build_request("GET", joined(self._base, "/works"), params=fields)

    def _hits(self, body: bytes) -> list[Hit]:
        works = [work for work in decoded(body, _Works).results or () if work]
        return ranked([(_place(work), work.display_name, _abstract(work)) for work in works])


def _filters(bounds: SearchBounds) -> str:
    wanted = {
        "from_publication_date": bounds.published_after,
        "to_publication_date": bounds.published_before,
        "language": bounds.main_language,
    }
    return ",".join(f"{name}:{value}" for name, value in wanted.items() if value)


def _plain_words(query: str) -> str:
    """Return a query without the signs that OpenAlex takes for operators."""
    return " ".join("".join(sign if sign not in '",|!()*?~' else " " for sign in query).split())


def _place(work: _Work) -> str | None:
    """Return where a work can be read, an open PDF first."""
    at = work.primary_location or _Location()
    open_pdf = at.pdf_url if at.is_oa else None
    return open_pdf or at.landing_page_url or work.doi or work.id


def _abstract(work: _Work) -> str:
    """Return the abstract, which comes as the places of its words."""
    placed = _placed(work.abstract_inverted_index or {})
    return " ".join(word for _, word in sorted(placed)[:MAX_ABSTRACT])


def _placed(index: Mapping[str, Iterable[int]]) -> list[tuple[int, str]]:
    return [(place, word) for word, places in index.items() for place in places]
