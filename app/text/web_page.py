"""Read the text of a page of HTML, without what frames it.

Menus, headers, footers and other boxes beside the text are left out where the page marks them as such, by
its elements, its roles, or lists of which hardly a word is outside of links. Where little would be left, the
page is kept whole.
"""

import re
from collections.abc import Iterator
from html import unescape

import nh3
from inscriptis import Inscriptis, get_text
from lxml import html
from lxml.etree import LxmlError
from msgspec import Struct

from app.text.charset import decode
from app.text.formats import Extract, lines_of

HTML_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{0,1000})", re.IGNORECASE)
NEVER_TEXT = {"script", "style", "noscript", "template", "button", "select", "dialog", "iframe", "svg"}
FRAME = {"nav", "footer", "aside"}
FRAME_ROLES = {"navigation", "banner", "contentinfo", "complementary", "search", "menu", "dialog"}
MAIN = "//main | //*[@role='main'] | //article"
LINK_BOXES = {"ul", "ol", "div", "table", "section"}
LEAST_LINKS = 4  # of a list that may be a menu
LINKED = 0.8  # of the letters of a menu are in links
LEAST_KEPT = 0.3  # of a page's letters; where less would be left, the frame was the text
LEAST_MAIN = 0.5  # of the letters that are no frame, for the main part to stand for the page
METADATA = {
    "author": ("//meta[@name='author']/@content", "//meta[@property='article:author']/@content"),
    "date": (
        "//meta[@property='article:published_time' or @itemprop='datePublished']/@content",
        "//meta[@name='citation_publication_date' or @name='citation_date']/@content",
        "//meta[@name='date' or @name='DC.date' or @name='DC.date.issued']/@content",
        "//meta[@name='dcterms.issued']/@content",
        "//time[@itemprop='datePublished' or @pubdate]/@datetime",
    ),
    "language": ("/html/@lang",),
    "canonical_url": ("//link[@rel='canonical']/@href",),
}
MAX_META_VALUE = 300  # characters of a value
PUBLISHED_DATA = re.compile(r'"datePublished"\s{0,20}:\s{0,20}"(\d{4}[^"]{0,40})"')
MAX_PAGE_DATA = 200_000  # characters of a page's JSON-LD
DAY_LENGTH = len("2019-03-02")  # of a moment; several of one day are one date


class Size(Struct):
    """What an element and those in it hold."""

    letters: int = 0
    linked: int = 0  # letters in links
    links: int = 0
    paragraphs: int = 0

    def add(self, child: "Size", after: int) -> None:
        """Add a child, and the letters after it."""
        self.letters += child.letters + after
        self.linked += child.linked
        self.links += child.links
        self.paragraphs += child.paragraphs


def from_html(body: bytes, charset: str = "") -> Extract:
    """Return a page's text, title and metadata."""
    text = lines_of(decode(body, charset, is_html=True))
    if not text.strip():
        return Extract("", "")
    found = HTML_TITLE.search(text)
    title = unescape(found[1]) if found else ""
    page = _parsed(text)
    if page is None:
        return Extract(title, _shown(text))
    metadata = dict(_metadata(page))
    return Extract(title, _without_frame(page) or _shown(text), metadata)


def _parsed(text: str) -> html.HtmlElement | None:
    """Return the page as a tree, None where it is broken."""
    try:
        page = html.document_fromstring(text.encode(), parser=html.HTMLParser(encoding="utf-8"))
    except (LxmlError, ValueError):
        return None
    return page if isinstance(page, html.HtmlElement) else None


def _metadata(page: html.HtmlElement) -> Iterator[tuple[str, str]]:
    for name, places in METADATA.items():
        values = (" ".join(str(value).split()) for place in places for value in page.xpath(place))
        value = next(filter(None, values), "") or (name == "date" and _only_date(page))
        if value:
            yield name, value[:MAX_META_VALUE]


def _only_date(page: html.HtmlElement) -> str:
    """Return the one date of a page, "" where they differ."""
    data = (str(script) for script in page.xpath("//script[@type='application/ld+json']/text()"))
    published = {
        found[:DAY_LENGTH] for script in data for found in PUBLISHED_DATA.findall(script[:MAX_PAGE_DATA])
    }
    days = published or {str(time).strip()[:DAY_LENGTH] for time in page.xpath("//time[@datetime]/@datetime")}
    return days.pop() if len(days) == 1 else ""


def _without_frame(page: html.HtmlElement) -> str:
    """Return the text without its frame.

    It is "" where the frame is most of the page.
    """
    for element in list(page.iter(*NEVER_TEXT)):
        element.drop_tree()
    sizes = _sizes(page)
    for element, size in sizes.items():
        if _is_frame(element, size) and element.getparent() is not None:
            element.drop_tree()
    whole, sizes = sizes[page].letters, _sizes(page)
    left = sizes[page].letters
    if not left or left < LEAST_KEPT * whole:
        return ""
    parts = (part for part in page.xpath(MAIN) if sizes[part].letters >= LEAST_MAIN * left)
    return str(Inscriptis(next(parts, page)).get_text())


def _sizes(page: html.HtmlElement) -> dict[html.HtmlElement, Size]:
    """Return what each element holds, parents before their children.

    One pass from the end, so a deep page takes no longer than a flat one.
    """
    elements = list(page.iter(html.etree.Element))
    sizes = {element: Size() for element in elements}
    for element in reversed(elements):
        size = sizes[element]
        size.letters += _letters(element.text)
        if element.tag == "a" and element.get("href") is not None:
            size.linked, size.links = size.letters, 1
        size.paragraphs += element.tag == "p"
        parent = element.getparent()
        if parent is not None:
            sizes[parent].add(size, _letters(element.tail))
    return sizes


def _is_frame(element: html.HtmlElement, size: Size) -> bool:
    if element.tag in {"html", "body", "main", "article"}:
        return False
    if element.tag in FRAME or element.get("role") in FRAME_ROLES:
        return True
    if element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    if element.tag == "header":
        return not any(above.tag in {"main", "article"} for above in element.iterancestors())
    is_list = element.tag in LINK_BOXES and not size.paragraphs and size.links >= LEAST_LINKS
    return is_list and size.linked >= LINKED * size.letters


def _letters(text: str | None) -> int:
    return len("".join(text.split())) if text else 0


def _shown(page: str) -> str:
    """Return all words of a page that are to be seen."""
    shown = str(get_text(page))
    # Where it is nested too deeply for a parser, its bare words.
    return shown if shown.strip() else unescape(nh3.clean(page, tags=set()))
