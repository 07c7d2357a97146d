"""Read books: .epub."""

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote

from lxml import etree

from app.errors import BadDocument
from app.ingest.packages import Package, local_name
from app.text.formats import MAX_TEXT, Extract
from app.text.web_page import from_html

BOOK_METADATA = {"creator": "author", "date": "date", "language": "language"}


def from_epub(body: bytes) -> Extract:
    """Read a book: its chapters in the order of reading."""
    package = Package(body)
    root = package.tree("META-INF/container.xml").find(".//{*}rootfile")
    if root is None:
        raise BadDocument("It does not say where its contents are: save it again.")
    name = root.get("full-path", "")
    contents = package.tree(name)
    return Extract(_meta(contents).get("title", ""), _chapters(package, name, contents), _metadata(contents))


def _chapters(package: Package, name: str, contents: etree._Element) -> str:
    chapters, size = list[str](), 0
    for href in _spine(contents):
        part = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(href)))
        if package.has(part):
            text = from_html(package.read(part)).text.strip()
            size += len(text)
            if size > MAX_TEXT:
                raise BadDocument(f"It has more than {MAX_TEXT:,} characters: split it.")
            chapters.append(text)
    return "\n\n".join(chapters)


def _spine(contents: etree._Element) -> Iterator[str]:
    manifest = {one.get("id"): one.get("href", "") for one in contents.iterfind(".//{*}manifest/{*}item")}
    for one in contents.iterfind(".//{*}spine/{*}itemref"):
        if href := manifest.get(one.get("idref")):
            yield href


def _meta(contents: etree._Element) -> dict[str, str]:
    meta = contents.find("{*}metadata")
    found = dict[str, str]()
    for one in meta if meta is not None else ():
        if one.text and one.text.strip():
            found.setdefault(local_name(one), " ".join(one.text.split()))
    return found


def _metadata(contents: etree._Element) -> dict[str, str]:
    found = _meta(contents)
    return {ours: found[theirs] for theirs, ours in BOOK_METADATA.items() if theirs in found}
