"""Read the date that a page or a file gives."""

import re
from calendar import monthrange
from datetime import date
from email.utils import parsedate_to_datetime

MAX_DATE = 100  # characters that are looked at
FIRST_YEAR = 1000
# What programs write where nobody gave a date.
UNSET_DAYS = frozenset({"1970-01-01", "1900-01-01"})
_DASHED = re.compile(r"(\d{4})(?:([-/.])(\d{1,2})(?:\2(\d{1,2}))?)?(?![\d/.-])")
_UNDASHED = re.compile(r"(?:D:)?(\d{4})(\d\d)(\d\d)(?:\d{4}|\d{6})?(?!\d)")  # of PDFs, and without dashes


def day_told(said: str) -> str:
    """Return 2019-03-02, 2019-03 or 2019, or "" for what is no date."""
    text = said[:MAX_DATE].strip()
    if found := _UNDASHED.match(text):
        return _valid(found[1], found[2], found[3])
    if found := _DASHED.match(text):
        return _valid(found[1], found[3] or "", found[4] or "")
    try:
        return _valid(*parsedate_to_datetime(text).date().isoformat().split("-"))
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""


def _valid(year: str, month: str, day: str) -> str:
    parts = [part.zfill(2) for part in (month, day) if part]
    try:
        date(int(year), *map(int, [*parts, "1", "1"][:2]))
    except ValueError:
        return ""
    told = "-".join((year, *parts))
    return "" if int(year) < FIRST_YEAR or told in UNSET_DAYS else told


def first_and_last(told: str) -> tuple[date, date]:
    """Return the days that a date of `day_told` may mean."""
    year, month, day = (*map(int, told.split("-")), 0, 0)[:3]
    if day:
        return date(year, month, day), date(year, month, day)
    if month:
        return date(year, month, 1), date(year, month, monthrange(year, month)[1])
    return date(year, 1, 1), date(year, 12, 31)
