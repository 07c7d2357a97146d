"""Files as other people's programs write them."""

import base64
import zlib

import pytest

from app.ingest.extracted import iso_date, told
from app.text.charset import decode, is_sure
from tests.ingest import samples
from tests.ingest.pdfs import pdf as pdf_of
from tests.ingest.test_kinds import only, read

TEXT = "Lake Orlo is 212 m deep.\n\nIt froze in 1956.\n"
# A workbook of Excel 97 with the rows lake | depth, Baikal | 1642, Tanganyika | 1470.
OLD_WORKBOOK = zlib.decompress(
    base64.b64decode(
        b"eNrtWE1oE0EU/maTbX5o001NC6lQQsGqbT2IFy91tag9WaoIigi6NYuWhLTEXupBqzVHQfCkeCn0ooeqF3/Qg948CJV6EAQh"
        b"0aMnQUFKm/XN21maag4N2KIy3zJv3r73ZuZl582bzLxdSJZnH3VW8Av2IYSqF0NTjUxQiQUvFkjveZIN6igVT+OfQixKE9lk"
        b"4nnLm4icQznfFRh4GH5FFPhE5TQmMDxecDObiEH2wRHShwGiAndJkkCavWpjeo7pFqYP2PIF0/0sucF0gGzL4hQW7OHevSqK"
        b"TxrdrEtA9vuE23xgyW6047WM4is3hW9r4kBxzMn/nYqucDPmQPM25BbcopMvI0UTOIfvXgb4FqzUlxkt31y5AMl/rJVH6shv"
        b"GWFgGt5ZDvASBeRiyF+EB92JyQsXl7ELZBGUvJNzTSArdbROB52xnJOPA8edwnmnMEVvcZmheUVba1Z0C0d6M9EsWplPcrxb"
        b"lLOX731dPDI6Yp9hyTRncT/Xb5PuwcNV2YIaJ1jDHrJtL9M+pte4163MdzJNUZRS3TPSrpjDM2xznbU9NM4exjt7ew2/g/jS"
        b"l6NPu0qf7Z3Ezw9VLqXm39uz6Ka9J0vt5TODftEv7tyWeGYHtVB54SPT9G85ImpYyndPbWitWEGc2SRT/01+HaHsRR17wfay"
        b"x8tGnP1J4n7atzfq2BtsH1L2/tdf6qA91mjDY6mkjLWKODQ0NDQ0NDQ0NDQ2CkL9lw+pY4apTgwRda+zQqWqr0n+WxzDOD2T"
        b"dDA9hALVRUw1FD8dMEXQl1hnm+C+UOIEjV5EDqPsR67h+KUTn6j9PetuaP25JdTo+NVG/Nzg8X8Che3KuQ=="
    )
)
OPEN = "urn:oasis:names:tc:opendocument:xmlns:"


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("name", ["a.txt", "a.md"])
def test_a_wide_text_without_a_byte_order_mark_is_read(tmp_path, charset, name):
    found = only(tmp_path, name, TEXT.encode(charset))

    assert (found.text, found.note) == (TEXT.strip(), "")


@pytest.mark.parametrize("body", [b"", b"\0", b"\0" * 64, b"ab\0\0" * 40, bytes(range(256))])
def test_nuls_alone_make_no_wide_text(body):
    assert "\0" in decode(body) or not body.strip(b"\0")


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le"])
def test_a_mail_that_was_saved_wide_keeps_its_headers(tmp_path, charset):
    mail = (
        "Subject: The lake\r\nDate: Fri, 16 Dec 2022 17:04:16 -0500\r\nContent-Type: text/plain\r\n\r\n"
        + TEXT
    )

    found = only(tmp_path, "a.eml", mail.encode(charset))

    assert (found.title, found.metadata) == ("The lake", {"date": "2022-12-16T17:04:16-05:00"})
    assert "212 m" in found.text


@pytest.mark.parametrize("declared", ["iso-8859-1", "windows-1252", "us-ascii", "windows-1251", "koi8-r"])
def test_text_in_utf_8_is_read_so_whatever_charset_of_single_bytes_it_names(declared):
    assert decode("“Mjøsa” – 453 m".encode(), declared) == "“Mjøsa” – 453 m"


@pytest.mark.parametrize(
    ("text", "charset"), [("Mjøsa – dyp", "windows-1252"), ("Озеро «Я»", "windows-1251"), ("Ёж", "koi8-r")]
)
def test_a_charset_of_single_bytes_is_believed_of_its_own_text(text, charset):
    body = text.encode(charset)

    assert decode(body, charset) == text
    assert not is_sure(body)


@pytest.mark.parametrize(
    "kind",
    [
        'multipart/encrypted; protocol="application/pgp-encrypted"; boundary=x',
        "application/pkcs7-mime; smime-type=enveloped-data",
        "application/x-pkcs7-mime",
    ],
)
def test_an_encrypted_mail_is_refused_with_what_to_do(tmp_path, kind):
    found = read(tmp_path, "a.eml", f"Subject: Secret\r\nContent-Type: {kind}\r\n\r\nabc".encode())

    assert found.failed == [f"{tmp_path / 'a.eml'}: It is encrypted: save it decrypted."]


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx", "a.pptx", "a.odt"])
def test_an_office_file_with_a_password_says_so(tmp_path, name):
    [why] = read(tmp_path, name, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)).failed

    assert "It needs a password, or is of Office before 2007" in why


@pytest.mark.parametrize(
    "title",
    [
        "Untitled",
        "untitled document",
        "(anonymous)",
        "PowerPoint Presentation",
        "Slide 1",
        "Document1",
    ],
)
def test_what_a_program_puts_for_a_title_is_none(tmp_path, title):
    found = only(tmp_path, "lakes.docx", samples.docx("Deep.", title=title))

    assert found.title == "lakes.docx"


def test_the_name_of_the_program_is_no_part_of_a_title(tmp_path):
    assert (
        only(tmp_path, "a.docx", samples.docx("x", title="Microsoft Word - Lakes.doc")).title == "Lakes.doc"
    )


@pytest.mark.parametrize(
    ("said", "is_"),
    [
        ("D:20251205104950+01'00'", "2025-12-05T10:49:50+01:00"),
        ("D:20260408162534Z", "2026-04-08T16:25:34+00:00"),
        ("D:20260408162534-05'30", "2026-04-08T16:25:34-05:30"),
        ("Wed, 21 Dec 2022 10:28:53 -0600", "2022-12-21T10:28:53-06:00"),
        ("2013-12-23T23:15:00Z", "2013-12-23T23:15:00Z"),
        ("D:20261399999999", "D:20261399999999"),
        ("D:20260408162534+99'99'", "D:20260408162534+99'99'"),
        ("last spring", "last spring"),
        ("", ""),
    ],
)
def test_dates_are_those_of_iso_8601_where_they_can_be(said, is_):
    assert iso_date(said) == is_


def test_metadata_says_nothing_that_only_a_program_said():
    given = {"author": "(anonymous)", "canonical_url": "/lakes", "keywords": "deep"}

    assert told(given) == {"keywords": "deep"}
    assert told({"canonical_url": "https://a.example/lakes"}) == {"canonical_url": "https://a.example/lakes"}


@pytest.mark.parametrize("before", ["", "Depths\n", "Depths\n\nof 2024,,\n"])
def test_captions_above_a_table_are_no_names_of_columns(tmp_path, before):
    found = only(tmp_path, "a.csv", f"{before}lake,depth\nBaikal,1642\n".encode())

    assert found.text.splitlines()[-2:] == ["lake | depth", "lake: Baikal; depth: 1642"]


def test_a_table_of_one_column_has_a_name_too(tmp_path):
    assert only(tmp_path, "a.csv", b"lake\nBaikal\nOrlo\n").text == "lake\nlake: Baikal\nlake: Orlo"


def test_a_caption_in_a_workbook_is_a_line(tmp_path):
    found = only(tmp_path, "a.xlsx", samples.xlsx("Lakes", [["Depths", ""], ["lake", "m"], ["Baikal", 1642]]))

    assert found.text == "Lakes\n\nDepths\nlake | m\nlake: Baikal; m: 1642"


def test_old_and_open_workbooks_are_read(tmp_path):
    row = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
        for cell in ("lake", "depth")
    )
    names = " ".join(f'xmlns:{name}="{OPEN}{name}:1.0"' for name in ("office", "table", "text"))
    ods = samples.packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": f'<m:manifest xmlns:m="{OPEN}manifest:1.0"/>',
            "content.xml": f"<office:document-content {names}><office:body><office:spreadsheet>"
            f'<table:table table:name="Depths"><table:table-row>{row}</table:table-row></table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        }
    )

    assert "lake: Baikal; depth: 1642" in only(tmp_path, "a.xls", OLD_WORKBOOK).text
    assert only(tmp_path, "a.ods", ods).text == "Depths\n\nlake | depth"


def test_data_in_xml_are_lines_of_a_path_and_its_value(tmp_path):
    body = (
        b'<?xml version="1.0"?><!-- lakes --><lakes><lake id="7"><name>Orlo &amp; Sons</name>'
        b'<depth unit="m">\n  212</depth></lake><lake><name>Baikal</name></lake></lakes>'
    )

    assert only(tmp_path, "a.xml", body).text == (
        "lake.id: 7\nlake.name: Orlo & Sons\nlake.depth.unit: m\nlake.depth: 212\n\nlake.name: Baikal"
    )


def test_prose_in_xml_is_kept_whole_and_a_feed_shows_no_tags(tmp_path):
    long = "Lake Orlo is 212 m deep, and it is the deepest of the seven lakes that people swim in."
    body = (
        f"<rss><channel><title>Lakes</title><item><description>&lt;p&gt;{long}&lt;/p&gt;</description>"
        "<p>It <b>froze</b> in 1956.</p></item></channel></rss>"
    )

    found = only(tmp_path, "a.xml", body.encode("utf-16"))

    assert found.title == "Lakes"
    assert long in found.text.splitlines()
    assert "It froze in 1956." in found.text
    assert "<" not in found.text


def test_broken_xml_is_shown_as_it_is(tmp_path):
    assert "<lake>Orlo</lkae>" in only(tmp_path, "a.xml", b"<lake>Orlo</lkae>").text


def test_entities_of_a_file_do_not_grow(tmp_path):
    bomb = b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><a><b>&y;</b><c>deep</c></a>'

    assert only(tmp_path, "a.xml", bomb).text == "c: deep"


def test_a_pdf_has_the_date_that_people_read(tmp_path):
    found = only(tmp_path, "a.pdf", pdf_of("Orlo is deep."))

    assert not found.metadata.get("date", "").startswith("D:")


def test_a_damaged_old_workbook_is_named(tmp_path):
    [why] = read(tmp_path, "a.xls", b"\xd0\xcf\x11\xe0" + bytes(100)).failed

    assert "save it again" in why
