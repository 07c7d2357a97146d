"""Files of each format become documents, or an error that says why."""

import os
from io import BytesIO

import pytest
from pypdf import PdfReader

from app.errors import BadDocument
from app.ingest import builtin, extract, folder, kinds
from app.text import formats
from tests.ingest.pdfs import pdf


def document_of(tmp_path, name, body):
    path = tmp_path / name
    path.write_bytes(body if isinstance(body, bytes) else body.encode())
    return extract.document(path)


def test_markdown_becomes_plain_text_under_its_first_heading(tmp_path):
    found = document_of(
        tmp_path,
        "a.md",
        "intro **bold** [link](http://x.y) ![badge](b.png)\n\n# The *title*\n\n- one `code`\n- two\n\n"
        "```python\nx = 1\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n<b onclick=x>html</b>\n"
        "\n<div onclick=x>\nblock\n</div>\n",
    )

    assert found.title == "The title"
    assert "intro bold link" in found.text
    assert "- one code" in found.text
    assert "```\nx = 1\n```" in found.text
    assert "1 | 2" in found.text
    assert "http://x.y" not in found.text
    assert "block" in found.text
    assert "onclick" not in found.text


def test_restructured_text_loses_its_markup_and_keeps_its_code(tmp_path):
    found = document_of(
        tmp_path,
        "a.rst",
        "Title\n=====\n\nSee :func:`~os.walk` and :class:`Foo <x.Foo>`.\n\n.. note:: mind this\n\n"
        ".. unknown::\n   nothing\n\nExample::\n\n   x = 1\n\n.. image:: a.png\n.. comment\n",
    )

    assert found.title == "Title"
    assert "See os.walk and Foo." in found.text
    assert "mind this" in found.text
    assert "```\nx = 1\n```" in found.text
    assert "image" not in found.text


def test_restructured_text_cannot_read_other_files(tmp_path, capfd):
    (tmp_path / "secret.txt").write_text("swordfish")
    body = f"Text.\n\n.. include:: {tmp_path}/secret.txt\n\n.. raw:: html\n   :file: {tmp_path}/secret.txt\n"
    body += f"\n.. csv-table::\n   :file: {tmp_path}/secret.txt\n\n`broken\n"

    found = document_of(tmp_path, "a.rst", body)

    assert "Text." in found.text
    assert "swordfish" not in found.text
    assert capfd.readouterr() == ("", "")


def test_html_becomes_the_words_that_a_reader_sees(tmp_path):
    found = document_of(
        tmp_path,
        "a.html",
        "<?xml version='1.0' encoding='latin-1'?><html><head><title>Yaks &amp;\n oxen</title>"
        "<style>p{}</style><script>alert(1)</script></head>"
        "<body><h1>Yak</h1><p>A <b>yak</b> is an ox.</p></body>",
    )

    assert found.title == "Yaks & oxen"
    assert "A yak is an ox." in found.text
    assert "alert" not in found.text


def test_a_pdf_gives_the_text_of_all_its_pages(tmp_path):
    found = document_of(tmp_path, "a.pdf", pdf("A yak is an ox.", "A yurt is a tent.", title="Yaks"))

    assert found.title == "Yaks"
    assert found.text == "A yak is an ox.\n\f\nA yurt is a tent."


def test_a_title_that_is_missing_is_the_name_of_the_file(tmp_path):
    assert document_of(tmp_path, "yak.pdf", pdf("A yak is an ox.")).title == "yak.pdf"


def test_plain_text_survives_any_bytes(tmp_path):
    found = document_of(tmp_path, "a.txt", b"\xef\xbb\xbf== Yaks ==\r\nA \x00 \xff yak.\r\n")

    assert (found.title, found.text) == ("Yaks", "== Yaks ==\nA \ufffd \ufffd yak.")


def test_the_url_of_a_file_is_its_real_place(tmp_path):
    found = document_of(tmp_path, "a b#c.txt", "yak")

    assert found.url == (tmp_path / "a b#c.txt").resolve().as_uri()
    assert "#" not in found.url


@pytest.mark.parametrize(
    ("name", "body", "advice"),
    [
        ("a.doc", b"x", "convert it to one of .txt"),
        ("empty.txt", b" \n ", "no text"),
        ("empty.html", b"", "is empty"),
        ("broken.pdf", b"%PDF-1.7 nonsense", "save it again"),
        ("empty.pdf", pdf(""), "no text"),
        ("locked.pdf", pdf("yak", password="x"), "password"),
        ("large.txt", b"x" * (kinds.MAX_TEXT_FILE + 1), "larger than 20 MB: split it"),
        ("long.txt", b"x" * (formats.MAX_TEXT + 1), "2,000,000 characters: split it"),
    ],
)
def test_a_file_that_cannot_be_read_says_which_and_what_to_do(tmp_path, name, body, advice):
    with pytest.raises(BadDocument, match=advice) as caught:
        document_of(tmp_path, name, body)

    assert str(tmp_path / name) in str(caught.value)


def test_a_page_nested_beyond_reason_gives_its_text(tmp_path):
    path = tmp_path / "deep.html"
    path.write_text("<div>" * 20_000 + "yak")

    assert extract.document(path).text.strip() == "yak"


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")

    with pytest.raises(BadDocument, match="File not found"):
        extract.document(tmp_path / "pipe.txt")

    assert list(folder.files([tmp_path])) == []


def test_one_bad_file_does_not_stop_the_others(tmp_path):
    for name, body in {"a.txt": b"yak", "b.pdf": b"%PDF nonsense", "c.txt": b"yurt"}.items():
        (tmp_path / name).write_bytes(body)

    first, second, third = map(extract.read_file, folder.files([tmp_path]))

    assert (first.documents[0].text, third.documents[0].text) == ("yak", "yurt")
    assert "b.pdf" in second.failed[0]


def test_a_folder_gives_its_readable_files_sorted_and_once(tmp_path):
    for name in ("b.md", "a.txt", "sub/c.RST", "sub/d.doc", ".hidden.txt", ".git/e.txt"):
        path = tmp_path / "top" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("yak")
    top = tmp_path / "top"

    found = list(folder.files([top / "sub", top, top / "a.txt"]))

    assert [path.relative_to(top.resolve()).as_posix() for path in found] == ["a.txt", "b.md", "sub/c.RST"]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text("swordfish")
    top = tmp_path / "top"
    top.mkdir()
    (top / "file.txt").symlink_to(tmp_path / "outside" / "secret.txt")
    (top / "folder").symlink_to(tmp_path / "outside")
    (top / "loop").symlink_to(top)
    (top / "dangling.txt").symlink_to(top / "nowhere")
    (top / "yak.txt").write_text("yak")

    assert [path.name for path in folder.files([top])] == ["yak.txt"]


def test_a_name_that_does_not_exist_is_reported_and_not_lost(tmp_path):
    read = extract.read_file(*folder.files([tmp_path / "nowhere.txt"]))

    assert "nowhere.txt: File not found; check the path." in read.failed[0]


def test_the_pdf_of_these_tests_is_a_real_one():
    assert PdfReader(BytesIO(pdf("yak"))).pages[0].extract_text() == "yak"


def test_every_machine_has_a_corpus():
    found = list(builtin.documents())

    urls = [document.url for document in found]
    texts = {document.url: document for document in found}
    assert len(urls) == len(set(urls)) > 80
    assert texts["pydoc:with"].title == 'The "with" statement'
    assert texts["readme:litestar"].title.startswith("litestar ")
    assert all(document.text.strip() and "\0" not in document.text for document in found)
