"""Write a report as a Word document."""

import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from unicodedata import bidirectional

from docx import Document
from docx.document import Document as DocxDocument
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph
from markdown_it import MarkdownIt
from markdown_it.token import Token

from app.text.report_evidence import cited, evidence, removed
from app.text.report_languages.report_wording import ReportWords
from app.text.report_marks import marked
from app.text.report_output import MAX_REPORT_LINE
from app.text.report_words import report_words
from app.text.urls import clean
from dossier.job_types import Result

MAX_DOCX_TOKENS = 20_000  # of markdown; what is longer is written as plain paragraphs
MAX_MARKS = 10_000  # as in report_output: content with more is slow to parse
MAX_LEVEL = 3  # of a list; Word has no style for a deeper one
RIGHT_TO_LEFT = {"R", "AL"}
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_DOCX_CITATION = re.compile(r"(\[\d{1,9}\])")


def docx(result: Result, address: str, made: datetime | None, language: str = "") -> bytes:
    """Write the whole document. `address` is where the job can be seen.

    `language` is that of what is said besides the content, by default the content's.

    Takes up to a second for a long report: call it off the event loop.
    """
    document = Document()
    words = report_words(result, language)
    title = _xml(clean(result.title, MAX_REPORT_LINE)) or words.title
    _describe(document, title, made)
    _aligned(document.add_heading(title, 0))
    _Body(document).write(_xml(marked(result, words)))
    _appendix(document, result, words)
    _foot(document, _xml(clean(address, MAX_REPORT_LINE)))
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _describe(document: DocxDocument, title: str, made: datetime | None) -> None:
    about = document.core_properties
    about.title, about.author, about.comments = title[:255], "Dossier", ""
    about.created = about.modified = (made or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)


class _Body:
    """The content of a report, token by token."""

    def __init__(self, document: DocxDocument) -> None:
        self.document = document
        self.lists: list[str] = []  # the styles of the lists that are open
        self.quotes = 0
        self.rows: list[list[Token]] | None = None  # of the table that is open

    def write(self, content: str) -> None:
        is_plain = sum(map(content.count, "*_[|")) > MAX_MARKS
        tokens = [] if is_plain else _parser().parse(content)
        if is_plain or len(tokens) > MAX_DOCX_TOKENS:
            for line in filter(None, content.split("\n")):
                self._inline(self._paragraph(None), [Token("text", "", 0, content=line)])
            return
        for at, token in enumerate(tokens):
            self._take(token, tokens[at - 1] if at else token)

    def _take(self, token: Token, before: Token) -> None:
        match token.type:
            case "bullet_list_open":
                self.lists.append("List Bullet")
            case "ordered_list_open":
                self.lists.append("List Number")
            case "bullet_list_close" | "ordered_list_close":
                self.lists.pop()
            case "blockquote_open" | "blockquote_close":
                self.quotes += token.nesting
            case "table_open":
                self.rows = []
            case "tr_open" if self.rows is not None:
                self.rows.append([])
            case "table_close":
                self._table()
            case "inline" if self.rows is not None:
                self.rows[-1].append(token)
            case "inline":
                level = int(before.tag[1:]) if before.type == "heading_open" else None
                self._inline(self._paragraph(level), token.children or [])
            case "fence" | "code_block":
                self.document.add_paragraph(token.content.rstrip("\n"), "Intense Quote")

    def _paragraph(self, level: int | None) -> Paragraph:
        style: str | None = "Quote" if self.quotes else None
        if level is not None:
            style = f"Heading {level}"
        elif self.lists:
            depth = min(len(self.lists), MAX_LEVEL)
            style = self.lists[-1] + (f" {depth}" if depth > 1 else "")
        made: Paragraph = self.document.add_paragraph(style=style)
        return made

    def _inline(self, paragraph: Paragraph, tokens: Sequence[Token]) -> None:
        bold = italic = 0
        for token in tokens:
            bold += token.nesting * (token.tag == "strong")
            italic += token.nesting * (token.tag == "em")
            text = "\n" if token.type == "hardbreak" else " " if token.type == "softbreak" else token.content
            for part in filter(None, _DOCX_CITATION.split(text)):
                run = paragraph.add_run(part)
                run.bold, run.italic = bold > 0 or None, italic > 0 or None
                run.font.superscript = _DOCX_CITATION.fullmatch(part) is not None or None
        _aligned(paragraph)

    def _table(self) -> None:
        rows, self.rows = self.rows or [], None
        columns = max(map(len, rows), default=0)
        if not columns:
            return
        table = self.document.add_table(len(rows), columns, "Table Grid")
        for at, (row, cells) in enumerate(zip(table.rows, rows, strict=True)):
            for place, cell in zip(row.cells, cells, strict=False):
                self._inline(place.paragraphs[0], cell.children or [])
                for run in place.paragraphs[0].runs if at == 0 else ():
                    run.bold = True
        self.document.add_paragraph()


def _parser() -> MarkdownIt:
    off = ["html_block", "html_inline", "image"]
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(off)


def _appendix(document: DocxDocument, result: Result, words: ReportWords) -> None:
    document.add_heading(words.evidence, 1)
    document.add_paragraph(_xml(" ".join(evidence(result, words))))
    for line in removed(result):
        document.add_paragraph(_xml(clean(line, MAX_REPORT_LINE)), style="List Bullet")
    sources = cited(result)
    if sources:
        document.add_heading(words.sources, 1)
    for source in sources:
        title, url = clean(source.title, MAX_REPORT_LINE), clean(source.url, MAX_REPORT_LINE)
        _aligned(document.add_paragraph(_xml(f"[{source.number}] {title} – {url}")))


def _foot(document: DocxDocument, address: str) -> None:
    """Write the job's address and the page number on each page."""
    paragraph = document.sections[0].footer.paragraphs[0]
    paragraph.add_run(f"{address} · ")
    run = paragraph.add_run()
    for kind in ("begin", "", "end"):
        if kind:
            part = OxmlElement("w:fldChar")
            part.set(qn("w:fldCharType"), kind)
        else:
            part = OxmlElement("w:instrText")
            part.text = "PAGE"
        run._r.append(part)  # noqa: SLF001 - python-docx has no fields


def _aligned(paragraph: Paragraph) -> None:
    """Align a paragraph by the direction of its first letter."""
    strong = next((kind for kind in map(bidirectional, paragraph.text) if kind in {"L", *RIGHT_TO_LEFT}), "L")
    if strong in RIGHT_TO_LEFT:
        paragraph._p.get_or_add_pPr().append(OxmlElement("w:bidi"))  # noqa: SLF001 - as above


def _xml(text: str) -> str:
    return _NOT_XML.sub("", text)
