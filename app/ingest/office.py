"""Read what word processors and presentation programs save: .docx, .pptx, .odt.

Their files are zips of XML, which the parser of every page reads. python-docx, python-pptx and odfpy would
give less: text in shapes, notes and footnotes, and cells in the order of the page, are not in their models.
"""

import posixpath
import re
from collections.abc import Iterator

from lxml import etree

from app.ingest.packages import Package, local_name
from app.text.formats import Extract
from app.text.pages import PAGE_BREAK

WORD_PARTS = ("word/document.xml", "word/footnotes.xml", "word/endnotes.xml", "word/comments.xml")
BREAK_ELEMENTS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "line-break": "\n", "s": " "}
SLIDE = re.compile(r"ppt/slides/slide(\d{1,6})\.xml")
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
HEADING_STYLE = re.compile(r"(?i)title|heading\s*1$|heading1$")


def from_docx(body: bytes) -> Extract:
    """Read a Word document: paragraphs, tables, notes and comments."""
    package = Package(body)
    parts = [_once(package.tree(name)) for name in WORD_PARTS if name == WORD_PARTS[0] or package.has(name)]
    text = "\n\n".join(block for part in parts for block in _blocks(part))
    title, metadata = _core(package)
    return Extract(title or _styled_title(parts[0]), text, metadata)


def _once(tree: etree._Element) -> etree._Element:
    """Leave out what is there once more for old programs."""
    etree.strip_elements(tree, FALLBACK, with_tail=False)
    return tree


def _blocks(part: etree._Element) -> Iterator[str]:
    """Yield paragraphs, and tables as lines of cells."""
    for element in _outermost(part, {"p", "tbl"}):
        text = _table(element, "tr", "tc") if local_name(element) == "tbl" else _words(element)
        if text.strip():
            yield text


def _outermost(root: etree._Element, names: set[str]) -> Iterator[etree._Element]:
    """Yield elements of these names that are not inside each other."""
    waiting = list(reversed(root))
    while waiting:
        element = waiting.pop()
        name = local_name(element)
        if name in names:
            yield element
        else:
            waiting.extend(reversed(element))


def _table(table: etree._Element, row: str, cell: str) -> str:
    lines = []
    for line in table.iter("{*}" + row):
        cells = [" ".join(_words(one).split()) for one in line.iterchildren("{*}" + cell)]
        lines.append(" | ".join(cells).strip(" |"))
    return "\n".join(line for line in lines if line)


def _words(element: etree._Element) -> str:
    """Return the text of a paragraph, with deleted words left out."""
    parts = list[str]()
    for inner in element.iter("{*}t", "{*}tab", "{*}br", "{*}cr", "{*}noBreakHyphen", "{*}p"):
        name = local_name(inner)
        if name == "t":
            parts.append(inner.text or "")
        elif name != "p":
            parts.append(BREAK_ELEMENTS[name])
        elif inner is not element and parts:  # of a text box, or a cell with several
            parts.append("\n")
    return "".join(parts).strip()


def _styled_title(part: etree._Element) -> str:
    for paragraph in part.iter("{*}p"):
        style = paragraph.find("./{*}pPr/{*}pStyle")
        name = "" if style is None else next(iter(style.attrib.values()), "")
        if HEADING_STYLE.search(str(name)) and (words := _words(paragraph)):
            return words
    return ""


def _core(package: Package) -> tuple[str, dict[str, str]]:
    """Return title and metadata of an Office Open XML file."""
    if not package.has("docProps/core.xml"):
        return "", {}
    tree = package.tree("docProps/core.xml")
    return _texts_of(tree, {"creator": "author", "created": "date", "keywords": "keywords"})


def _texts_of(tree: etree._Element, names: dict[str, str]) -> tuple[str, dict[str, str]]:
    found = {local_name(one): (one.text or "").strip() for one in tree.iter() if isinstance(one.tag, str)}
    metadata = {ours: found[theirs] for theirs, ours in names.items() if found.get(theirs)}
    return found.get("title", ""), metadata


def from_pptx(body: bytes) -> Extract:
    """Read a presentation: each slide is a page, with its notes."""
    package = Package(body)
    slides = sorted((name for name in package.names if SLIDE.fullmatch(name)), key=_slide_number)
    pages = ["\n\n".join(_slide(package, name)) for name in slides]
    title, metadata = _core(package)
    first = next((page for page in pages if page), "").partition("\n")[0]
    return Extract(title or first, PAGE_BREAK.join(pages), metadata)


def _slide_number(name: str) -> int:
    found = SLIDE.fullmatch(name)
    return int(found[1]) if found else 0


def _slide(package: Package, name: str) -> Iterator[str]:
    yield from _blocks(_once(package.tree(name)))
    for target in _related(package, name, "notesSlide"):
        yield from (block for block in _blocks(package.tree(target)) if not block.isdigit())


def _related(package: Package, name: str, kind: str) -> Iterator[str]:
    """Yield the parts of a kind that a part refers to."""
    folder, file = posixpath.split(name)
    relations = f"{folder}/_rels/{file}.rels"
    if package.has(relations):
        for one in package.tree(relations):
            target = posixpath.normpath(posixpath.join(folder, one.get("Target", "")))
            if one.get("Type", "").endswith(f"/{kind}") and package.has(target):
                yield target


def from_odt(body: bytes) -> Extract:
    """Read an OpenDocument text: paragraphs, lists and tables."""
    package = Package(body)
    content = package.tree("content.xml")
    blocks, title = list[str](), ""
    for element in _outermost(content, {"p", "h", "table", "tracked-changes"}):
        name = local_name(element)
        if name == "tracked-changes":
            continue
        text = _open_table(element) if name == "table" else "".join(_open_words(element)).strip()
        title = title or (text if name == "h" else "")
        blocks += [text] if text else []
    given, metadata = "", dict[str, str]()
    if package.has("meta.xml"):
        names = {"initial-creator": "author", "creation-date": "date", "keyword": "keywords"}
        given, metadata = _texts_of(package.tree("meta.xml"), names)
    return Extract(given or title, "\n\n".join(blocks), metadata)


def _open_table(table: etree._Element) -> str:
    lines = []
    for row in table.iter("{*}table-row"):
        cells = [" ".join("".join(_open_words(cell)).split()) for cell in row.iterchildren("{*}table-cell")]
        lines.append(" | ".join(cells).strip(" |"))
    return "\n".join(line for line in lines if line)


def _open_words(element: etree._Element) -> Iterator[str]:
    """Yield the text of an element, with its tabs and line breaks."""
    yield element.text or ""
    for inner in element:
        name = local_name(inner)
        if name in BREAK_ELEMENTS:
            yield BREAK_ELEMENTS[name]
        elif name not in {"", "annotation"}:
            yield from _open_words(inner)
            yield "\n" if name in {"p", "h", "list-item"} else ""
        yield inner.tail or ""
