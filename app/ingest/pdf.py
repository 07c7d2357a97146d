"""Read PDFs with their forms and comments by PDFium.

Scanned pages are read by tesseract, where it is installed.

PDFium is the reader of Chrome: it knows the character maps of Chinese and Japanese PDFs, words that are set
by offsets, and fonts that pypdf reads only with fonttools. It is native code, so it runs only in the confined
process of a file.
"""

import ctypes
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache

import pypdfium2 as pdfium
from pypdfium2 import raw

from app.errors import BadDocument
from app.text.formats import MAX_TEXT, Extract
from app.text.pages import PAGE_BREAK

OCR_DPI = 200
OCR_SECONDS = 60.0  # of one page
MAX_OCR_PIXELS = 40_000_000  # of one page; A3 at this resolution has 8 million
MAX_OCR_PAGES = 100
MAX_OCR_LANGUAGES = 8
MAX_ANNOTATIONS = 2_000  # of one page
MAX_FIELD = 20_000  # characters of a field or comment
NO_OCR = "The PDF has no text layer, and tesseract is not installed: install it, or run OCR on it first."
# PDFium marks a hyphen at the end of a line so, and leaves the line's end out.
LINE_HYPHEN = re.compile("[\\ufffe\\x02](?:\\r?\\n)?")
NOT_VALUES = {raw.FPDF_FORMFIELD_PUSHBUTTON, raw.FPDF_FORMFIELD_SIGNATURE}
WORDED = {
    getattr(raw, f"FPDF_ANNOT_{kind}")
    for kind in "TEXT FREETEXT HIGHLIGHT STAMP UNDERLINE SQUARE CARET STRIKEOUT".split()  # noqa: SIM905
}
PDF_METADATA = {"Author": "author", "CreationDate": "date", "Keywords": "keywords"}


def from_pdf(body: bytes) -> Extract:
    """Read a PDF's pages. Raises BadDocument without text, or with a password."""
    try:
        document = pdfium.PdfDocument(body)
    except pdfium.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise BadDocument("It needs a password: save it without one.") from error
        reason = str(error).rstrip(".")
        raise BadDocument(f"It cannot be read as .pdf ({reason}): save it again.") from error
    try:
        if document.get_formtype() != raw.FORMTYPE_NONE:
            document.init_forms()
        pages = list(_pages(document))
        if not any(page.strip() for page in pages):
            raise BadDocument(NO_OCR if tesseract() is None else "The PDF has no text: leave it out.")
        said = document.get_metadata_dict(skip_empty=True)
        metadata = {ours: said[theirs] for theirs, ours in PDF_METADATA.items() if theirs in said}
        return Extract(said.get("Title", ""), PAGE_BREAK.join(pages), metadata)
    finally:
        document.close()


def _pages(document: pdfium.PdfDocument) -> Iterator[str]:
    size, scanned = 0, 0
    for number in range(len(document)):
        page = document[number]
        text = _layer(page)
        if not text.strip() and raw.FPDFPage_CountObjects(page) and tesseract():
            scanned += 1
            if scanned > MAX_OCR_PAGES:
                raise BadDocument(f"It has more than {MAX_OCR_PAGES} scanned pages: run OCR on it first.")
            text = _scanned(page)
        text = "\n\n".join(filter(None, (text.strip("\n"), "\n".join(_said_beside(document, page)))))
        size += len(text)
        if size > MAX_TEXT:
            raise BadDocument(f"It has more than {MAX_TEXT:,} characters: split it.")
        yield text.replace("\f", "\n")
        page.close()


def _layer(page: pdfium.PdfPage) -> str:
    """Return the text layer of a page."""
    layer = page.get_textpage()
    try:
        return LINE_HYPHEN.sub("-\n", layer.get_text_bounded()).replace("\r\n", "\n").replace("\r", "\n")
    finally:
        layer.close()


def _said_beside(document: pdfium.PdfDocument, page: pdfium.PdfPage) -> Iterator[str]:
    """Yield the fields of a page with their values, and its comments."""
    form = document.formenv
    for at in range(min(raw.FPDFPage_GetAnnotCount(page), MAX_ANNOTATIONS)):
        note = raw.FPDFPage_GetAnnot(page, at)
        if not note:
            continue
        try:
            kind = raw.FPDFAnnot_GetSubtype(note)
            if kind == raw.FPDF_ANNOT_WIDGET and form is not None:
                yield from _field(form, note)
            elif kind in WORDED and (said := _string(raw.FPDFAnnot_GetStringValue, note, b"Contents")):
                yield said
        finally:
            raw.FPDFPage_CloseAnnot(note)


def _field(form: pdfium.PdfFormEnv, note: raw.FPDF_ANNOTATION) -> Iterator[str]:
    if raw.FPDFAnnot_GetFormFieldType(form, note) in NOT_VALUES:
        return
    value = _string(raw.FPDFAnnot_GetFormFieldValue, form, note)
    if value and value != "Off":
        name = _string(raw.FPDFAnnot_GetFormFieldAlternateName, form, note)
        name = name or _string(raw.FPDFAnnot_GetFormFieldName, form, note)
        yield f"{name}: {value}" if name else value


def _string(function: "ctypes._NamedFuncPointer", *arguments: object) -> str:
    """Call a function of PDFium that fills a buffer with UTF-16."""
    size = function(*arguments, None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    function(*arguments, ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace").replace("\r", "\n").strip()[:MAX_FIELD]


@cache
def tesseract() -> str | None:
    """Return where tesseract is, if it is installed."""
    return shutil.which("tesseract")


@cache
def _languages() -> str:
    """Return the languages that tesseract has here."""
    listed = _run("--list-langs").splitlines()[1:]
    return "+".join(sorted(name for name in listed if name != "osd")[:MAX_OCR_LANGUAGES]) or "eng"


def _scanned(page: pdfium.PdfPage) -> str:
    """Read the picture of a page."""
    width, height = page.get_size()
    scale = min(OCR_DPI / 72, (MAX_OCR_PIXELS / max(width * height, 1.0)) ** 0.5)
    picture = page.render(scale=scale, grayscale=True)
    rows = bytes(picture.buffer)
    lines = (rows[at * picture.stride :][: picture.width] for at in range(picture.height))
    image = f"P5 {picture.width} {picture.height} 255\n".encode() + b"".join(lines)
    return _run("-", "-", "-l", _languages(), "--dpi", str(OCR_DPI), image=image)


def _run(*arguments: str, image: bytes = b"") -> str:
    command = [tesseract() or "tesseract", *arguments]
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - the program that OCR is done by
            command, input=image, capture_output=True, timeout=OCR_SECONDS, check=True, env=environment
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise BadDocument(f"OCR failed ({type(error).__name__}): run it on the file first.") from error
    return done.stdout.decode("utf-8", "replace").replace("\f", "\n")
