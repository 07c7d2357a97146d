"""Search the papers of arXiv, without a key."""

from datetime import UTC, date, datetime

import httpx
from lxml import etree

from app.agent.ports import Hit, SearchBounds
from app.providers.base_address import checked_address, joined
from app.providers.engines.search_engine import ENGINE_TIMEOUT, SearchEngine, SearchQuery, ranked
from app.providers.reader.page_reader import PageReader
from app.text.languages import content_words, detect, words

ARXIV_SETTING = "ARXIV_URL"
ARXIV = "https://export.arxiv.org"  # the host that arXiv keeps for programs
ARXIV_PAUSE = 3.0  # seconds between two requests, as arXiv asks of its users
FIRST_PAPER = date(1991, 8, 14)
MAX_ARXIV_WORDS = 20  # of a query
ATOM = "{http://www.w3.org/2005/Atom}"


class ArxivSearch(SearchEngine):
    """Ask arXiv for papers, one request at a time and slowly."""

    name = "arxiv"
    title = "arXiv"
    key_name = ARXIV_SETTING
    meets = frozenset({"published_after", "published_before"})
    at_once = 1
    accepts = "application/atom+xml"

    def __init__(
        self,
        client: httpx.AsyncClient,
        reader: PageReader,
        *,
        url: str = "",
        timeout: float = ENGINE_TIMEOUT,
        pause: float = ARXIV_PAUSE,
    ) -> None:
        super().__init__(client, reader, timeout=timeout)
        self._base = checked_address(ARXIV_SETTING, url) if url else ARXIV
        self.pause = pause

    def _request(self, asked: SearchQuery) -> httpx.Request:
        fields = {
            "search_query": _submitted(_any_word(asked.query), asked.bounds),
            "max_results": str(asked.limit),
        }
        return self._lane.build_request("GET", joined(self._base, "/api/query"), params=fields)

    def _hits(self, body: bytes) -> list[Hit]:
        entries = _feed(body).iterfind(f"{ATOM}entry")
        return ranked([(_paper(entry), _line(entry, "title"), _line(entry, "summary")) for entry in entries])


def _any_word(query: str) -> str:
    """Return a query that asks for any of the words, best first.

    The words are bare, so none is an operator, and all together few abstracts have.
    """
    wanted = dict.fromkeys(content_words(query, detect(query)) or words(query))
    return " OR ".join(f"all:{word}" for word in list(wanted)[:MAX_ARXIV_WORDS])


def _submitted(query: str, bounds: SearchBounds) -> str:
    """Return a query for papers that were submitted in a time."""
    after, before = bounds.published_after, bounds.published_before
    if not (after or before):
        return query
    days = f"{after or FIRST_PAPER:%Y%m%d}0000 TO {before or datetime.now(UTC):%Y%m%d}2359"
    return f"({query}) AND submittedDate:[{days}]"


def _feed(body: bytes) -> etree._Element:
    """Parse an Atom feed without entities. Raises ValueError."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError("This is not XML.") from error
    if root.tag != f"{ATOM}feed":
        raise ValueError("This is not a feed.")
    return root


def _paper(entry: etree._Element) -> str | None:
    """Return the address of a paper's PDF, else of its abstract."""
    links = {link.get("title") or link.get("rel"): link.get("href") for link in entry.iterfind(f"{ATOM}link")}
    place: str | None = links.get("pdf") or links.get("alternate") or entry.findtext(f"{ATOM}id")
    return place


def _line(entry: etree._Element, name: str) -> str:
    return " ".join((entry.findtext(f"{ATOM}{name}") or "").split())
