"""Each format gives its text, and a hostile file costs itself."""

import gzip
import zipfile
from io import BytesIO

import pytest

from app.errors import BadDocument
from app.ingest import archives, extract, pdf, spreadsheets
from app.ingest.confined import confined_read
from tests.ingest import samples
from tests.ingest.pdfs import pdf as pdf_of
from tests.ingest.samples import SAMPLES, docx, packed, pptx


def read(tmp_path, name, body):
    path = tmp_path / name
    path.write_bytes(body)
    return extract.read_file(path)


def only(tmp_path, name, body):
    found = read(tmp_path, name, body)
    assert found.failed == []
    [document] = found.documents
    return document


@pytest.mark.parametrize("name", SAMPLES)
def test_each_format_gives_its_text(tmp_path, name):
    body, fact = SAMPLES[name]
    document = only(tmp_path, name, body)

    assert fact in document.text
    assert "<" not in document.text.replace("<ada@example.com>", "")


def test_a_word_document_keeps_order_tables_and_title(tmp_path):
    old = (
        '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:Fallback>'
        "<w:p><w:r><w:t>twice</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent>"
        "<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t></w:r></w:p>"
    )
    found = only(tmp_path, "a.docx", docx("One.", "Two.", title="Order", rows=[("x", "1")], extra=old))

    assert found.text == "One.\n\nTwo.\n\nx | 1\n\na\tb"
    assert (found.title, found.metadata) == ("Order", {"author": "Ada Quill"})


def test_slides_are_pages_with_their_notes(tmp_path):
    found = only(tmp_path, "a.pptx", pptx("One", "Two", notes=("Say one.", "7")))

    assert found.text == "One\n\nSay one.\n\f\nTwo"


def test_dates_and_whole_numbers_of_a_workbook_are_read_as_people_see_them(tmp_path):
    rows = [["day", "share"], [("date", 43955), 0.5], [("date", 43956), 7]]

    found = only(tmp_path, "a.xlsx", samples.xlsx("Days", rows))

    assert "day: 2020-05-04; share: 0.5\nday: 2020-05-05; share: 7" in found.text


def test_a_book_is_read_in_its_own_order(tmp_path):
    found = only(tmp_path, "a.epub", samples.epub("Order", "second", "first"))

    assert (found.title, found.text, found.metadata["author"]) == ("Order", "first\n\nsecond", "Ada Quill")


def test_mail_has_headers_text_and_the_names_of_attachments(tmp_path):
    found = only(tmp_path, "a.eml", samples.MESSAGE)

    assert found.title == "The Kühler"
    assert "Attached: plan.pdf" in found.text
    assert "html" not in found.text
    assert found.metadata["author"] == "Ada Quill <ada@example.com>"


def test_each_message_of_a_mailbox_is_a_document(tmp_path):
    start = b"From ada Mon May 04 10:00:00 2020\n"
    body = start + b"Subject: A\n\none\n>From here\n\n" + start + b"Subject: B\n\ntwo\n"

    first, second = read(tmp_path, "a.mbox", body).documents

    assert (first.title, second.title) == ("A", "B")
    assert "one\nFrom here" in first.text
    assert second.url.endswith("a.mbox!/2.eml")


def test_latex_loses_its_commands(tmp_path):
    found = only(tmp_path, "a.tex", samples.TEX.encode())

    assert found.title == "The Mill of Mühlen"
    assert found.metadata == {"author": "Ada Quill"}
    assert "- one\n- two" in found.text
    assert "\\" not in found.text
    assert "comment" not in found.text
    assert "after" not in found.text


def test_front_matter_is_title_and_metadata(tmp_path):
    body = b"---\ntitle: The Mill Register\nauthor: 'A. Quill'\ntags: [mill, wind]\n---\n\n# Other\n\nText.\n"
    found = only(tmp_path, "a.md", body)

    assert found.title == "The Mill Register"
    assert found.metadata == {"author": "A. Quill", "tags": "mill, wind"}
    assert found.text == "Other\n\nText."


def test_a_rule_above_a_text_is_not_front_matter(tmp_path):
    assert "One." in only(tmp_path, "a.md", b"---\n\nOne.\n\n---\n\nTwo.\n").text


def test_fields_and_comments_of_a_pdf_are_in_its_text(tmp_path):
    found = only(tmp_path, "form.pdf", FORM)

    assert "holder: Orla Finch, licensed since 1998" in found.text
    assert "Checked by Bo." in found.text


FORM = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R]>>>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 700]/Annots[5 0 R 6 0 R]>>endobj\n"
    b"5 0 obj<</Type/Annot/Subtype/Widget/FT/Tx/T(holder)/V(Orla Finch, licensed since 1998)/Rect[7 6 4 6]>>endobj\n"  # noqa: E501
    b"6 0 obj<</Type/Annot/Subtype/Text/Contents(Checked by Bo.)/Rect[72 60 92 80]>>endobj\n"
    b"trailer<</Size 7/Root 1 0 R>>\n%%EOF"
)


def test_a_word_that_a_line_of_a_pdf_parts_keeps_its_hyphen(tmp_path):
    lines = pdf_of("The Tarsin obser-) Tj 0 -14 Td (vatory is old.")

    assert only(tmp_path, "a.pdf", lines).text == "The Tarsin obser-\nvatory is old."


@pytest.mark.parametrize(
    ("encoding", "ordering", "text", "charset"),
    [
        ("GBK-EUC-H", "GB1", "青石桥建于1893年", "gbk"),
        ("90ms-RKSJ-H", "Japan1", "青葉灯台は1908年", "cp932"),
        ("ETenms-B5-H", "CNS1", "青石橋建於1893年", "big5"),
        ("KSCms-UHC-H", "Korea1", "등대는 1908년", "cp949"),
        ("UniGB-UCS2-H", "GB1", "青石桥", "utf-16-be"),
    ],
)
def test_predefined_character_maps_of_pdfs_are_known(tmp_path, encoding, ordering, text, charset):
    shown = f"BT /F1 20 Tf 20 100 Td <{text.encode(charset).hex()}> Tj ET"
    body = (
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 200]/Contents 4 0 R"
        "/Resources<</Font<</F1 5 0 R>>>>"
        f">>endobj\n4 0 obj<</Length {len(shown)}>>stream\n{shown}\nendstream endobj\n"
        f"5 0 obj<</Type/Font/Subtype/Type0/BaseFont/Song/Encoding/{encoding}"
        "/DescendantFonts[6 0 R]>>endobj\n"
        "6 0 obj<</Type/Font/Subtype/CIDFontType0/BaseFont/Song/FontDescriptor 7 0 R/CIDSystemInfo"
        f"<</Registry(Adobe)/Ordering({ordering})/Supplement 2>>>>endobj\n"
        "7 0 obj<</Type/FontDescriptor/FontName/Song/Flags 4/FontBBox[0 -200 1000 900]/ItalicAngle 0"
        "/Ascent 800/Descent -200/CapHeight 700/StemV 80>>endobj\ntrailer<</Size 8/Root 1 0 R>>\n%%EOF"
    )

    assert only(tmp_path, "a.pdf", body.encode()).text == text


@pytest.mark.skipif(pdf.tesseract() is None, reason="tesseract is not installed")
def test_a_scanned_page_is_read_by_tesseract(tmp_path):
    path = tmp_path / "scan.pdf"
    path.write_bytes(scanned("The scan of Skye has 31 lines."))

    [found] = confined_read(path).documents

    assert "scan of Skye has 31 lines" in found.text


def test_without_tesseract_a_scan_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(pdf, "tesseract", lambda: None)

    assert "install it, or run OCR on it first" in read(tmp_path, "scan.pdf", scanned("x")).failed[0]


def scanned(line):
    """A PDF whose one page is a picture of a line."""
    import pypdfium2 as pdfium

    bitmap = pdfium.PdfDocument(pdf_of(line))[0].render(scale=3, grayscale=True)
    made = pdfium.PdfDocument.new()
    picture = pdfium.PdfImage.new(made)
    picture.set_bitmap(bitmap)
    picture.set_matrix(pdfium.PdfMatrix().scale(300, 200))
    page = made.new_page(300, 200)
    page.insert_obj(picture)
    page.gen_content()
    body = BytesIO()
    made.save(body)
    return body.getvalue()


def test_an_archive_names_what_it_could_not_read(tmp_path):
    body = packed(
        {"a.txt": "one", "../../etc/b.txt": "two", "c.doc": "x", "d.pdf": "%PDF nonsense", ".git/e.txt": "x",
         "in.zip": packed({"f.txt": "x"})}
    )  # fmt: skip

    found = read(tmp_path, "a.zip", body)

    assert [one.url.partition("!/")[2] for one in found.documents] == ["a.txt", "etc/b.txt"]
    assert [name.partition("!/")[2] for name in found.skipped] == ["c.doc", "in.zip"]
    assert "a.zip!/d.pdf: " in found.failed[0]


def bomb(name="bomb.txt", size=60_000_000):
    body = BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(name, b"a" * size)
        package.writestr("good.txt", "Water boils.")
    return body.getvalue()


LAUGHS = "<!DOCTYPE x [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9)
)
SECRET = "<!DOCTYPE x [<!ENTITY s SYSTEM 'file:///etc/passwd'>]>"
HOSTILE = {  # those that take long to make are made when they are needed
    "bomb.zip": bomb,
    "bomb.docx": lambda: bomb("word/document.xml"),
    "bomb.xlsx": packed({samples.BOOK: "x"}) + b"junk",
    "bomb.gz": lambda: gzip.compress(b"a" * 60_000_000),
    "laughs.docx": packed({"word/document.xml": LAUGHS + "]><x><p><t>&j;</t></p></x>"}),
    "secret.docx": packed({"word/document.xml": SECRET + "<x><p><t>&s;root</t></p></x>"}),
    "deep.odt": packed({"content.xml": "<a>" * 5_000 + "</a>" * 5_000}),
    "deep.json": b"[" * 500_000,
    "deep.ipynb": b'{"cells":[' * 100_000,
    "none.epub": packed({"mimetype": "application/epub+zip"}),
    "not.docx": b"PK\x03\x04 nonsense",
    "not.mbox": b"Hello\n",
    "huge.csv": b"a,b\n" + b"1,2\n" * 4_000_000,
    "parts.eml": b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\n" * 100_000,
    "braces.tex": b"\\title{" * 200_000,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_costs_that_file(tmp_path, name):
    path, good = tmp_path / name, tmp_path / "good.txt"
    body = HOSTILE[name]
    path.write_bytes(body() if callable(body) else body)
    good.write_text("Water boils.")

    found = confined_read(path)

    assert found.failed or name in {"secret.docx", "braces.tex", "laughs.docx"}
    assert all(len(one.text) < 3_000_000 and "root:" not in one.text for one in found.documents)
    assert confined_read(good).documents[0].text == "Water boils."


def test_a_bomb_in_an_archive_costs_itself_alone(tmp_path):
    found = read(tmp_path, "a.zip", bomb())

    assert [one.text for one in found.documents] == ["Water boils."]
    assert "has more than 20 MB" in found.failed[0]


def test_a_bomb_in_a_workbook_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(spreadsheets, "MAX_WORKBOOK", 1_000)
    with pytest.raises(BadDocument, match="split it"):
        spreadsheets.from_workbook(samples.xlsx("x", [["x" * 2_000]]))


def test_names_in_an_archive_lead_nowhere():
    assert archives.plain_name("../../a/../b\0.txt") == "b.txt"
    assert archives.plain_name("C:\\x\\y.txt") == "C:/x/y.txt"


def test_a_guessed_character_set_is_named(tmp_path):
    assert only(tmp_path, "a.txt", "Die Mühle".encode("latin-1")).note == extract.NOT_SURE
    assert only(tmp_path, "b.txt", "Die Mühle".encode()).note == ""


def test_a_file_in_a_gzip_has_the_name_that_was_sent_and_so_its_format(tmp_path):
    (tmp_path / "upload").write_bytes(gzip.compress(b"peak,height\nEverest,8849\n"))

    [found] = extract.read_file(tmp_path / "upload", "upload:1/peaks.csv.gz", "peaks.csv.gz").documents

    assert found.url == "upload:1/peaks.csv.gz!/peaks.csv"
    assert "peak: Everest" in found.text


@pytest.mark.parametrize("body", [bytes(range(256)) * 4, b"MZ\x90\0\x03\0\0\0" * 40, bytes(500)])
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.py"])
def test_what_is_no_text_is_refused_under_the_name_of_one(tmp_path, name, body):
    assert "It is no text" in read(tmp_path, name, body).failed[0]


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16", "utf-32", "shift_jis", "iso2022_jp"])
def test_a_text_in_whatever_charset_is_no_binary(tmp_path, charset):
    said = "日本の山はとても高い。水は七十度で沸騰する。" * 8

    assert read(tmp_path, "a.txt", said.encode(charset)).failed == []
    assert read(tmp_path, "a.log", b"\x1b[31mred\x1b[0m\b " * 40).failed == []


@pytest.mark.parametrize("name", ["a.txt", "a.pdf", "a.docx", "a.csv"])
def test_an_empty_file_is_called_empty(tmp_path, name):
    assert "It is empty" in read(tmp_path, name, b"").failed[0]
