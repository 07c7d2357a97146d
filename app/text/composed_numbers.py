"""Read numbers that are written in several parts as one value.

"3½", "2 and a half", "1億2000万", "10^6", "3 pm", "1914/18", "03/05/2020", "-5 °C" and "500 BC".
"""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

from app.text.fractions import SpelledValue
from app.text.numerals import NUMERALS

_VULGAR = {"½": "0.5", "¼": "0.25", "¾": "0.75", "⅓": "0.33", "⅔": "0.67", "⅛": "0.125"}
_PART_SCALES = {
    "万": 10**4, "萬": 10**4, "만": 10**4, "억": 10**8, "億": 10**8, "亿": 10**8, "조": 10**12, "兆": 10**12,
    "천만": 10**7, "千万": 10**7, "千萬": 10**7, "백만": 10**6, "百万": 10**6, "百萬": 10**6, "": 1,
}  # fmt: skip
_DIGITS_OF_HAN = r"[\d０-９][\d０-９,.]{0,15}"
_SMALL = "|".join(word for word, value in NUMERALS["en"].items() if 1 < value < 13 and "-" not in word)

_WITH_VULGAR = re.compile(r"(?<![\d.,])(\d{1,6})\s?([½¼¾⅓⅔⅛])")
_WITH_FRACTION = re.compile(r"(?<![\d.,/])(\d{1,4}) ([1-9])/([2-9])(?![\d/])")
_AND_A_HALF = re.compile(rf"\b(\d{{1,4}}|{_SMALL}) and a half\b", re.IGNORECASE)
_HAN_PARTS = re.compile(
    rf"({_DIGITS_OF_HAN})(兆|조|億|亿|억)\s?({_DIGITS_OF_HAN})(천만|千万|千萬|백만|百万|百萬|万|萬|만|億|亿|억)?"
)
_POWER_OF_TEN = re.compile(
    r"(?<![\w.,])(?:(\d{1,6}(?:\.\d{1,6})?)\s?[×x·*]\s?)?10(?:\^|\*\*)\{?(\d{1,2})\}?(?!\d)"
)
_EXPONENT = re.compile(r"(?<![\w.,])(\d{1,4}(?:\.\d{1,6})?)[eE]\+?(\d{1,2})(?![\w.])")
_CLOCK = re.compile(r"(?<![\d.:])(\d{1,2})(?::\d\d)?\s?([ap])\.?m\b", re.IGNORECASE)
_LAST_YEAR = re.compile(r"(?<![\d.,])((?:1[0-9]|20)\d\d)[–/](\d\d)(?![\d/])")
_SLASHED_DATE = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})/(\d{4})(?![\d/])")
_MINUS_DEGREES = re.compile(
    r"(?:\b(?:minus|moins|menos|meno|минус)\s|(?<![\w)\]])[−-])(\d{1,3}(?:[.,]\d{1,2})?)"
    r"(?=\s?(?:°|℃|degrees?\b|grad\b|degrés?\b|grados?\b|gradi\b|graus\b|градус))",
    re.IGNORECASE,
)
_BELOW = re.compile(
    r"(?<![\d.,−-])(\d{1,3})\s?(?:°|degrees?)\s?(?:c|f|celsius)?\s?below (?:zero|freezing)",
    re.IGNORECASE,
)
_BEFORE_CHRIST = re.compile(
    r"(?<![\d.,])(\d{1,4})\s?"
    r"(?:BCE?\b|B\.\s?C\.|v\.\s?Chr|av(?:ant)?\.?\s?J\.?-C|a\.\s?C\.|до н\.\s?э|до нашей эры)"
    r"|(?:公元前|紀元前|기원전)\s?(\d{1,4})"
)
_SHORT_DECADE = re.compile(r"(?<![\w.,])['’]?([2-9]0)['’]?s\b")


def composed_values(text: str) -> Iterator[SpelledValue]:
    """Yield the numbers of a text that have several parts."""
    for hints, pattern, read in _HINTED:
        if any(hint in text for hint in hints):
            for found in pattern.finditer(text):
                yield SpelledValue(*found.span(), frozenset(read(found)))
    yield from _years_and_dates(text) if "/" in text or "–" in text else ()


def _years_and_dates(text: str) -> Iterator[SpelledValue]:
    for found in _LAST_YEAR.finditer(text):
        yield SpelledValue(*found.span(2), frozenset((f"{found[1][:2]}{found[2]}", found[2].lstrip("0"))))
    for found in _SLASHED_DATE.finditer(text):
        parts = frozenset(part.lstrip("0") or "0" for part in found.groups())
        yield SpelledValue(*found.span(), frozenset((found[0],)), parts)


def _plain(value: Decimal) -> str:
    return str(int(value)) if value == int(value) else str(value.normalize())


def _fraction(found: re.Match[str]) -> set[str]:
    share = Decimal(int(found[2])) / int(found[3])
    return {_plain(round(int(found[1]) + share, 2))}


def _half(found: re.Match[str]) -> set[str]:
    whole = int(found[1]) if found[1].isdecimal() else NUMERALS["en"][found[1].casefold()]
    return {f"{whole}.5"}


def _han(found: re.Match[str]) -> set[str]:
    pairs = ((found[1], found[2]), (found[3], found[4] or ""))
    try:
        parts = [Decimal(part.replace(",", "")) * _PART_SCALES[scale] for part, scale in pairs]
    except ArithmeticError:
        return set()
    return {_plain(parts[0] + parts[1])}


def _power(found: re.Match[str]) -> set[str]:
    return {_plain(Decimal(found[1] or 1) * 10 ** int(found[2]))}


def _clock(found: re.Match[str]) -> set[str]:
    hour, half = int(found[1]) % 12, found[2].casefold()
    return {str(hour + 12), f"{hour} pm"} if half == "p" else {str(hour), f"{hour} am"}


def _below_zero(found: re.Match[str]) -> set[str]:
    number = found[1] or (found[2] if found.re.groups > 1 else "")
    return {f"-{number.replace(',', '.')}"}


# What has to be in a text for a way of writing to be in it, the way, and how it is read.
_WAYS: tuple[tuple[str, re.Pattern[str], Callable[[re.Match[str]], set[str]]], ...] = (
    ("½ ¼ ¾ ⅓ ⅔ ⅛", _WITH_VULGAR, lambda found: {_plain(int(found[1]) + Decimal(_VULGAR[found[2]]))}),
    ("/", _WITH_FRACTION, _fraction),
    ("half", _AND_A_HALF, _half),
    ("兆 조 億 亿 억", _HAN_PARTS, _han),
    ("10^ 10**", _POWER_OF_TEN, _power),
    ("e E", _EXPONENT, _power),
    ("m M", _CLOCK, _clock),
    ("° ℃ gr Gr deg", _MINUS_DEGREES, _below_zero),
    ("below", _BELOW, _below_zero),
    ("B Chr J C. э эры 公元前 紀元前 기원전", _BEFORE_CHRIST, _below_zero),
    ("0s 0's 0’s", _SHORT_DECADE, lambda found: {f"19{found[1]}", found[1]}),
)
_HINTED = tuple((hints.split(), pattern, read) for hints, pattern, read in _WAYS)
