"""Reports become Word documents and sources BibTeX or CSL-JSON, whatever they contain."""

import io
import zipfile
from datetime import UTC, date, datetime

import msgspec
import pytest
from docx import Document

from app.text.report_docx import docx
from app.text.report_references import bibtex, csl
from dossier.job_types import Claim, Metrics, Result, SourceView

READ_ON = date(2026, 11, 26)
MADE = datetime(2026, 11, 26, 12, tzinfo=UTC)
METRICS = Metrics(1.0, 1, 1, 0.0, 1)


def result(
    content: str,
    title: str = "A title",
    url: str = "https://example.org/a_b%20c",
    source: str = "A & B_1 {x}",
):
    claim = Claim("It is so.", 1, "It is so.", 0, 9, 1.0)
    sources = (
        SourceView(1, url, source, "", True),
        SourceView(2, "https://example.org/", "Never cited", "", True),
    )
    return Result(title, content, "/r", "answered", "high", sources, (claim,), 1.0, 1.0, (), (), METRICS)


def read(report: Result):
    return Document(io.BytesIO(docx(report, "http://localhost/browse/jobs/1", MADE)))


def test_a_word_document_has_headings_lists_tables_and_superscript_citations():
    words = read(
        result("## Why\n\nIt is **so** [1].\n\n- one\n  - two\n\n1. first\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    )

    styles = {paragraph.text: paragraph.style.name for paragraph in words.paragraphs}
    assert styles["A title"] == "Title"
    assert styles["Why"] == "Heading 2"
    assert (styles["one"], styles["two"]) == ("List Bullet", "List Bullet 2")
    assert styles["first"] == "List Number"
    assert [[cell.text for cell in row.cells] for row in words.tables[0].rows] == [["a", "b"], ["1", "2"]]
    runs = next(paragraph for paragraph in words.paragraphs if paragraph.text == "It is so [1].").runs
    assert [run.text for run in runs if run.font.superscript] == ["[1]"]
    assert [run.text for run in runs if run.bold] == ["so"]


def test_a_paragraph_from_right_to_left_is_one_in_the_document():
    words = read(result("يبلغ الطول [1].\n\nIt is so [1]."))

    marked = [p.text for p in words.paragraphs if p._p.xpath("./w:pPr/w:bidi")]
    assert marked == ["يبلغ الطول [1]."]


@pytest.mark.parametrize(
    "content",
    [
        "\x00\x01\ufffe <w:p>&",
        "*" * 30_000,
        "- " * 500 + "x",
        "> " * 500 + "x",
        "|a|\n|-|\n" + "|b|\n" * 500,
        "",
    ],
    ids=["controls", "marks", "lists", "quotes", "rows", "nothing"],
)
def test_a_hostile_text_is_a_document_all_the_same(content):
    words = read(result(content, title="\x00<w:t>"))

    assert words.paragraphs[0].text
    with zipfile.ZipFile(io.BytesIO(docx(result(content), "x", MADE))) as parts:
        assert "vbaProject" not in " ".join(parts.namelist())


def test_each_cited_source_is_an_entry_whose_text_tex_prints():
    found = bibtex(result("x"), READ_ON)

    assert found == (
        "@online{example-org-1,\n"
        r"  title = {{A \& B\_1 (x)}},"
        "\n".replace("(x)", r"\{x\}")
        + "  url = {https://example.org/a_b%20c},\n"
        "  urldate = {2026-11-26},\n"
        "}\n"
    )


def test_an_address_cannot_end_its_field():
    found = bibtex(result("x", url="https://example.org/}\\input{/etc/passwd}"), READ_ON)

    assert "  url = {https://example.org/%7D%5Cinput%7B/etc/passwd%7D},\n" in found


def test_the_sources_are_read_by_reference_managers():
    [item] = msgspec.json.decode(csl(result("x"), READ_ON))

    assert item == {
        "id": "example-org-1",
        "type": "webpage",
        "title": "A & B_1 {x}",
        "URL": "https://example.org/a_b%20c",
        "accessed": {"date-parts": [[2026, 11, 26]]},
    }
