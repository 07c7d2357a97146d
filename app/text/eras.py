"""Read years of other calendars as years of the common era.

Thailand's 2530 is 1987, Japan's 昭和62 too, and Taiwan's 民國76; Iran's 1366 is 1987 or 1988, as are 1407 and
1408 of the Islamic calendar.
"""

import re

LOOKED_AT = 12  # characters before and behind a number

_BUDDHIST = re.compile(r"พ\.?\s?ศ\.?\s{0,2}\Z|พุทธศักราช\s{0,2}\Z")
_JAPANESE = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018, "民國": 1911, "民国": 1911}
_JAPANESE_ERA = re.compile(f"({'|'.join(_JAPANESE)})\\s?\\Z")
_SOLAR_BEHIND = re.compile(r"\s?(?:ه\.?\s?ش|خورشیدی|هجری شمسی|شمسی)")
_SOLAR_BEFORE = re.compile(r"سال\s{1,2}\Z")
_LUNAR_BEHIND = re.compile(r"\s?(?:هـ|هجري|للهجرة|ه\.?\s?ق|قمری|هجری قمری|AH\b|H\.? ?J)")
_SOLAR_YEARS, _LUNAR_YEARS = range(1100, 1500), range(1, 1600)


def common_years(text: str, start: int, end: int, number: str) -> frozenset[str]:
    """Return the common-era years that a number may mean.

    Args:
        text: around the number.
        start: of the number in it.
        end: of the number.
        number: its value, in digits.
    """
    if not number.isdecimal() or len(number) > len("2530"):
        return frozenset()
    before, behind, year = text[max(0, start - LOOKED_AT) : start], text[end : end + LOOKED_AT], int(number)
    if _BUDDHIST.search(before):
        return frozenset((str(year - 543),))
    if era := _JAPANESE_ERA.search(before):
        return frozenset((str(_JAPANESE[era[1]] + year),))
    if year in _LUNAR_YEARS and _LUNAR_BEHIND.match(behind):
        first = int(year * 0.970229 + 621.57)
        return frozenset((str(first), str(first + 1)))
    if year in _SOLAR_YEARS and (_SOLAR_BEHIND.match(behind) or _SOLAR_BEFORE.search(before)):
        return frozenset((str(year + 621), str(year + 622)))
    return frozenset()
