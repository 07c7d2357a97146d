"""Make one small file of each format, each with its own fact."""

import gzip
import json
import zipfile
from io import BytesIO

from tests.ingest.pdfs import pdf

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
P = 'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
BOOK = "xl/" + "workbook.xml"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CORE = (
    '<cp:coreProperties xmlns:cp="http://x" xmlns:dc="http://purl.org/dc/elements/1.1/">'
    "<dc:title>{}</dc:title><dc:creator>Ada Quill</dc:creator></cp:coreProperties>"
)


def packed(files):
    body = BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in files.items():
            package.writestr(name, text)
    return body.getvalue()


def docx(*paragraphs, title="", rows=(), extra=""):
    cells = "".join(
        "<w:tr>" + "".join(f"<w:tc><w:p><w:r><w:t>{c}</w:t></w:r></w:p></w:tc>" for c in row) + "</w:tr>"
        for row in rows
    )
    table = f"<w:tbl>{cells}</w:tbl>" if rows else ""
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    files = {"word/document.xml": f"<w:document {W}><w:body>{body}{table}{extra}</w:body></w:document>"}
    if title:
        files["docProps/core.xml"] = CORE.format(title)
    return packed(files)


def pptx(*slides, notes=()):
    files = {}
    for number, text in enumerate(slides, 1):
        files[f"ppt/slides/slide{number}.xml"] = (
            f"<p:sld {P} {A}><p:sp><p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp></p:sld>"  # noqa: E501
        )
    for number, text in enumerate(notes, 1):
        files[f"ppt/notesSlides/notesSlide{number}.xml"] = (
            f"<p:notes {P} {A}><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:notes>"
        )
        files[f"ppt/slides/_rels/slide{number}.xml.rels"] = (
            f'<Relationships><Relationship Type="{REL}/notesSlide" '
            f'Target="../notesSlides/notesSlide{number}.xml"/></Relationships>'
        )
    return packed(files)


def odt(*paragraphs, title="", rows=()):
    names = (
        'xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:t="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
        'xmlns:b="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    )
    head = f"<t:h>{title}</t:h>" if title else ""
    body = "".join(f"<t:p>{text}</t:p>" for text in paragraphs)
    cells = "".join(
        "<b:table-row>"
        + "".join(f"<b:table-cell><t:p>{c}</t:p></b:table-cell>" for c in row)
        + "</b:table-row>"
        for row in rows
    )
    return packed(
        {
            "content.xml": f"<o:document-content {names}>{head}{body}<b:table>{cells}</b:table></o:document-content>"  # noqa: E501
        }
    )


def xlsx(sheet, rows):
    """Cells are strings, numbers, or ("date", serial)."""

    def cell(value):
        if isinstance(value, tuple):
            return f'<c s="1"><v>{value[1]}</v></c>'
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
        return f"<c><v>{value}</v></c>"

    data = "".join("<row>" + "".join(map(cell, row)) + "</row>" for row in rows)
    return packed(
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{REL}/officeDocument" Target="{BOOK}"/></Relationships>',
            BOOK: f'<workbook {S} {R}><sheets><sheet name="{sheet}" sheetId="1" r:id="r1"/>'
            "</sheets></"
            "workbook>",
            f"xl/_rels/{BOOK[3:]}.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
            f'relationships"><Relationship Id="r1" Type="{REL}/worksheet" Target="worksheets/sheet1.xml"/>'
            "</Relationships>",
            "xl/styles.xml": f'<styleSheet {S}><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',  # noqa: E501
            "xl/worksheets/sheet1.xml": f"<worksheet {S}><sheetData>{data}</sheetData></worksheet>",
        }
    )


def epub(title, *chapters):
    items = "".join(f'<item id="c{n}" href="c%20{n}.xhtml"/>' for n in range(len(chapters)))
    spine = "".join(f'<itemref idref="c{n}"/>' for n in reversed(range(len(chapters))))
    return packed(
        {
            "META-INF/container.xml": '<container><rootfiles><rootfile full-path="OPS/a.opf"/></rootfiles></container>',  # noqa: E501
            "OPS/a.opf": '<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
            f"<dc:title>{title}</dc:title><dc:creator>Ada Quill</dc:creator></metadata>"
            f"<manifest>{items}</manifest><spine>{spine}</spine></package>",
            **{
                f"OPS/c {n}.xhtml": f"<html><body><p>{text}</p></body></html>"
                for n, text in enumerate(chapters)
            },
        }
    )


MESSAGE = (
    b"From: Ada Quill <ada@example.com>\r\nTo: bo@example.com\r\nSubject: =?utf-8?q?The_K=C3=BChler?=\r\n"
    b"Date: Mon, 4 May 2020 10:00:00 +0200\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\nContent-Type: multipart/alternative; boundary="y"\r\n'  # noqa: E501
    b"\r\n--y\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n"  # noqa: E501
    b"\r\nThe K=FChler of Emden holds 17 barrels.\r\n--y\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n--y--\r\n"  # noqa: E501
    b'--x\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename="plan.pdf"\r\n\r\nAAAA\r\n'  # noqa: E501
    b"--x--\r\n"
)
NOTEBOOK = json.dumps(
    {
        "nbformat": 4,
        "cells": [
            {"cell_type": "markdown", "source": ["# Kiln study\n", "The kiln of Farn reaches 940 degrees."]},
            {"cell_type": "code", "source": "print(940)", "outputs": [{"text": ["940\n"]}]},
        ],
    }
)
TEX = (
    '% a comment\n\\documentclass[a4paper]{article}\n\\title{The Mill of M\\"uhlen}\\author{Ada Quill}\n'
    "\\begin{document}\\maketitle\n\\section{Wheels}\nThe mill of Gard has \\textbf{24} wheels~\\cite{a}, 50\\% of oak.\n"  # noqa: E501
    "\\begin{itemize}\\item one\\item two\\end{itemize}\n\\end{document}\nafter"
)
# name: the bytes, and what its text has to say
SAMPLES = {
    "a.txt": (b"The lamp of Arle burns 11 hours.", "lamp of Arle burns 11 hours"),
    "b.log": (b"The pump of Bree failed 12 times.", "pump of Bree failed 12 times"),
    "c.markdown": (b"# Cells\n\nThe cell of Corm is 13 feet wide.", "cell of Corm is 13 feet wide"),
    "d.rst": (b"Docks\n=====\n\nThe dock of Dunn takes 14 ships.", "dock of Dunn takes 14 ships"),
    "e.html": (b"<title>E</title><p>The elm of Esk is 15 metres high.</p>", "elm of Esk is 15 metres high"),
    "f.pdf": (pdf("The ferry.", "The ferry of Fenn carries 16 carts."), "ferry of Fenn carries 16 carts"),
    "g.docx": (docx("The gate of Gorm has 17 bolts.", title="Gates"), "gate of Gorm has 17 bolts"),
    "h.pptx": (pptx("Halls", "The hall of Hove seats 18 guests."), "hall of Hove seats 18 guests"),
    "i.xlsx": (xlsx("Inns", [["inn", "beds"], ["The inn of Ilm", 19]]), "inn: The inn of Ilm; beds: 19"),
    "j.csv": (b"jetty;planks\nThe jetty of Jura;20\n", "jetty: The jetty of Jura; planks: 20"),
    "k.tsv": (b"kiln\tdegrees\nThe kiln of Karst\t21\n", "kiln: The kiln of Karst; degrees: 21"),
    "l.json": (b'{"lock": {"of": "Lune", "gates": 22}}', "lock.gates: 22"),
    "m.jsonl": (b'{"mast": "Morar"}\n{"height": 23}\n', "height: 23"),
    "n.epub": (epub("Nets", "The net of Nairn.", "First the knots: 24."), "The net of Nairn."),
    "o.eml": (MESSAGE, "The Kühler of Emden holds 17 barrels."),
    "p.mbox": (b"From ada Mon May 04 10:00:00 2020\nSubject: Pier\n\nThe pier of Penn is 25 years old.\n", "pier of Penn"),  # noqa: E501
    "q.odt": (odt("The quarry of Quorn gave 26 stones.", title="Quarries"), "quarry of Quorn gave 26 stones"),
    "r.tex": (TEX.encode(), "The mill of Gard has 24 wheels, 50% of oak."),
    "s.ipynb": (NOTEBOOK.encode(), "The kiln of Farn reaches 940 degrees."),
    "t.py": (b"# The tower of Tarn has 27 steps.\n", "tower of Tarn has 27 steps"),
    "README": (b"The urn of Ural weighs 28 stone.\n", "urn of Ural weighs 28 stone"),
    "v.txt.gz": (gzip.compress(b"The vane of Vang turned 29 times."), "vane of Vang turned 29 times"),
    "w.zip": (packed({"in/w.md": "# W\n\nThe well of Wick is 30 feet deep."}), "well of Wick is 30 feet deep"),  # noqa: E501
}  # fmt: skip
