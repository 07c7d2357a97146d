"""Read data and texts in XML: feeds, exports, articles."""

import html
import re
from collections.abc import Iterator

from lxml import etree

from app.errors import BadDocument
from app.ingest.packages import local_name, xml_tree
from app.ingest.structured import bounded
from app.text.formats import Extract, from_code

LABELLED = 80  # characters; a longer text is prose, which its element's name does not explain
TITLE_DEPTH = 3  # levels in which a title is that of the whole
HTML_TAG = re.compile(r"</?[A-Za-z][^<>]{0,2000}>")


def from_xml(body: bytes) -> Extract:
    """Read data as lines of a path and its value.

    Prose stays as it is. What is not well-formed is read as source code.
    """
    try:
        root = xml_tree(body)
    except BadDocument:
        return from_code(body)
    return Extract(_title(root), bounded(_lines(root)))


def _title(root: etree._Element) -> str:
    waiting = [(root, 0)]
    for element, depth in waiting:
        if local_name(element).lower() == "title" and (text := _words(element)):
            return text
        if depth < TITLE_DEPTH:
            waiting += [(inner, depth + 1) for inner in element[:100]]
    return ""


def _lines(root: etree._Element) -> Iterator[str]:
    """Yield the lines of each element, in the order of the file.

    Not by recursion: a file may be nested as deeply as the parser allows.
    """
    waiting: list[tuple[etree._Element | None, str]] = [(root, "")]
    while waiting:
        element, path = waiting.pop()
        if element is None:
            yield ""  # the end of what held others
            continue
        name = local_name(element)
        if not name:
            continue
        here = f"{path}.{name}" if path else name
        yield from _attributes(element, here)
        if not len(element) or _is_mixed(element):
            yield from _said(here, _words(element))
            continue
        inside = here if element is not root else ""
        waiting.append((None, ""))
        waiting += [(inner, inside) for inner in reversed(element)]


def _is_mixed(element: etree._Element) -> bool:
    """Return whether text stands between the elements in this one."""
    parts = [element.text, *(inner.tail for inner in element)]
    return any(part and part.strip() for part in parts)


def _attributes(element: etree._Element, path: str) -> Iterator[str]:
    for name, value in element.attrib.items():
        if not str(name).startswith("{"):
            yield from _said(f"{path}.{name}", " ".join(str(value).split()))


def _words(element: etree._Element) -> str:
    """Return the text of an element, without HTML inside it."""
    text = "".join(part for part in element.itertext() if isinstance(part, str))
    if "</" in text or "/>" in text:
        text = html.unescape(HTML_TAG.sub(" ", text))
    return " ".join(text.split())


def _said(path: str, text: str) -> Iterator[str]:
    if text:
        is_prose = len(text) > LABELLED and " " in text
        yield f"\n{text}\n" if is_prose else f"{path}: {text}"
