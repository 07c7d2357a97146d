"""Read tables: .xlsx, .xls, .xlsb, .ods, .csv, .tsv.

python-calamine reads workbooks: it is kept up, has no dependencies, knows which numbers are dates, and reads
a large sheet in a fraction of the time of openpyxl.
"""

import csv
import itertools
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO, StringIO

from python_calamine import CalamineError, CalamineWorkbook

from app.errors import BadDocument
from app.ingest.packages import Package
from app.text.charset import decode
from app.text.formats import MAX_TEXT, Extract

MAX_WORKBOOK = 200_000_000  # bytes of a workbook
SNIFFED_ROWS = 20
DELIMITERS = ",;\t|"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")

Cell = int | float | str | bool | time | date | datetime | timedelta


def from_workbook(body: bytes) -> Extract:
    """Read a workbook: a line for each row, under the sheet's name."""
    _check_size(Package(body))
    return _sheets(body)


def from_xls(body: bytes) -> Extract:
    """Read a workbook of Excel before 2007."""
    if ENCRYPTED in body:
        raise BadDocument("It needs a password: save it without one.")
    return _sheets(body)


def _sheets(body: bytes) -> Extract:
    try:
        workbook = CalamineWorkbook.from_filelike(BytesIO(body))
        sheets = [
            f"{name}\n\n{_lines(_cells(row) for row in workbook.get_sheet_by_name(name).iter_rows())}"
            for name in workbook.sheet_names
        ]
    except CalamineError as error:
        raise BadDocument(f"It cannot be read as a workbook ({error}): save it again.") from error
    return Extract("", "\n\n".join(sheets))


def _check_size(package: Package) -> None:
    """Refuse a bomb before the workbook's reader unpacks it."""
    left = MAX_WORKBOOK
    for name in package.names:
        left -= len(package.read(name, min(left, MAX_WORKBOOK)))


def _cells(row: Iterable[Cell]) -> list[str]:
    return [_cell(value) for value in row]


def _cell(value: Cell) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    return " ".join(str(value).split())


def from_csv(body: bytes) -> Extract:
    """Read a table whose first rows show what parts its cells."""
    text = decode(body)
    first = text.splitlines()[:SNIFFED_ROWS]
    counts = {mark: sum(line.count(mark) for line in first) for mark in DELIMITERS}
    return _table(text, max(counts, key=lambda mark: counts[mark]))


def from_tsv(body: bytes) -> Extract:
    """Read a table whose cells tabs part."""
    return _table(decode(body), "\t")


def _table(text: str, delimiter: str) -> Extract:
    csv.field_size_limit(MAX_TEXT)
    try:
        rows = csv.reader(StringIO(text.replace("\0", "\ufffd"), newline=""), delimiter=delimiter)
        return Extract("", _lines([" ".join(cell.split()) for cell in row] for row in rows))
    except csv.Error as error:
        raise BadDocument(f"It cannot be read as a table ({error}): save it again.") from error


def _lines(rows: Iterable[list[str]]) -> str:
    """Return rows as lines, with columns' names before their cells.

    A passage from the middle of a long table still says what its cells mean.
    """
    return "\n".join(_said(rows))


def _said(rows: Iterable[list[str]]) -> Iterator[str]:
    """Yield a line for each row.

    The first row that is no caption names the columns: it has several cells, if any of the first rows has.
    """
    size, names = 0, list[str]()
    filled = (row for row in rows if any(row))
    first = list(itertools.islice(filled, SNIFFED_ROWS))
    several = min(2, max(map(_count, first), default=0))
    for row in itertools.chain(first, filled):
        if not names and _count(row) < several:
            line = " ".join(filter(None, row))
        elif not names:
            names, line = row, " | ".join(row)
        else:
            line = "; ".join(_named(names, row))
        size += len(line)
        if size > MAX_TEXT:
            raise BadDocument(f"It has more than {MAX_TEXT:,} characters: split it.")
        yield line


def _count(row: list[str]) -> int:
    return sum(map(bool, row))


def _named(names: list[str], row: list[str]) -> Iterator[str]:
    for at, cell in enumerate(row):
        name = names[at] if at < len(names) else ""
        if cell:
            yield f"{name}: {cell}" if name and not name.replace(".", "").isdigit() else cell
