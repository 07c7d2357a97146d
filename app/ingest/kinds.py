"""Which format a file has, and what reads it."""

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from app.ingest import books, office, pdf, spreadsheets, structured, tex, xml_data
from app.ingest.archives import ARCHIVES
from app.ingest.mail import from_eml
from app.text import formats
from app.text.charset import BOMS
from app.text.formats import Extract
from app.text.web_page import from_html

MAX_TEXT_FILE = 20_000_000  # bytes; a larger one is a collection of data
MAX_FILE = 100_000_000  # bytes of a format that holds pictures too
SNIFFED_START = 4096  # bytes of a file without an ending

Read = Callable[[bytes], Extract]

TEXTS: dict[str, Read] = {
    ".txt": formats.from_plain,
    ".text": formats.from_plain,
    ".log": formats.from_plain,
    ".md": formats.from_markdown,
    ".markdown": formats.from_markdown,
    ".rst": formats.from_restructured,
    ".html": from_html,
    ".htm": from_html,
    ".xhtml": from_html,
    ".tex": tex.from_tex,
    ".csv": spreadsheets.from_csv,
    ".tsv": spreadsheets.from_tsv,
    ".json": structured.from_json,
    ".jsonl": structured.from_jsonl,
    ".ndjson": structured.from_jsonl,
    ".ipynb": structured.from_notebook,
    ".xml": xml_data.from_xml,
}
WITH_PICTURES: dict[str, Read] = {
    ".pdf": pdf.from_pdf,
    ".docx": office.from_docx,
    ".pptx": office.from_pptx,
    ".odt": office.from_odt,
    ".xlsx": spreadsheets.from_workbook,
    ".xlsb": spreadsheets.from_workbook,
    ".ods": spreadsheets.from_workbook,
    ".xls": spreadsheets.from_xls,
    ".epub": books.from_epub,
    ".eml": from_eml,
}
CODE = """
    .bash .c .cc .cfg .clj .conf .cpp .cs .css .cu .dart .el .erl .ex .exs .f90 .go .gradle .h .hpp
    .hs .ini .java .jl .js .jsx .kt .lua .m .mjs .ml .nix .php .pl .pm .proto .ps1 .py .pyi .r .rb
    .rs .scala .scss .sh .sql .swift .tf .toml .ts .tsx .vue .yaml .yml .zig
""".split()  # noqa: SIM905 - sixty strings in a list would take sixty lines
FORMATS: dict[str, Read] = {**TEXTS, **WITH_PICTURES, **dict.fromkeys(CODE, formats.from_code)}
ENDINGS = (*TEXTS, *WITH_PICTURES, *ARCHIVES)


class FileFormat(Struct, frozen=True):
    """What reads a file, and how large it may be."""

    name: str  # its ending
    read: Read
    most: int  # bytes
    is_text: bool  # whose character set has to be known


def format_of(name: str, start: bytes = b"") -> FileFormat | None:
    """Return the format of a file by its name, or None.

    A file without an ending, such as README, is plain text where it begins as one.
    """
    suffix = Path(name).suffix.lower()
    if read := FORMATS.get(suffix):
        is_text = suffix not in WITH_PICTURES
        return FileFormat(suffix, read, MAX_TEXT_FILE if is_text else MAX_FILE, is_text)
    if not suffix and is_plain(start):
        return FileFormat("plain text", formats.from_plain, MAX_TEXT_FILE, is_text=True)
    return None


def is_plain(start: bytes) -> bool:
    """Return whether a file begins as plain text does."""
    if any(start.startswith(mark) for mark, _ in BOMS):
        return True
    try:
        start[:SNIFFED_START].decode()
    except UnicodeDecodeError as error:
        return bool(start) and b"\0" not in start and error.start > SNIFFED_START - 4
    return bool(start.strip()) and b"\0" not in start
