"""Read numbers in Chinese characters and Roman centuries."""

import re
from collections.abc import Iterator

from msgspec import Struct

# "XIXe siècle", "siglo XIX", "XIX века"
_ROMAN_CENTURY = re.compile(
    r"\b(?:(?P<before>[XVI]{1,6})(?:e|ᵉ|ème|-[а-я]{1,3})?\s(?=siècle|secolo|sec\b|век|столет|в\.|century)"
    r"|(?:siglos?|séculos?|secolo)\s(?P<after>[XVI]{1,6})\b)"
)
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10}
_HAN_NUMBER = re.compile("[零〇一二两三四五六七八九十百千][零〇一二两三四五六七八九十百千万亿萬億]{1,15}")
_HAN_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_HAN_SCALES = {"十": 10, "百": 100, "千": 1000}
_HAN_GROUPS = {"万": 10_000, "萬": 10_000, "亿": 100_000_000, "億": 100_000_000}
_HAN_MONTH = re.compile("(?<![一二三四五六七八九十])(十[一二]?|[一二三四五六七八九])月(?!球|亮)")


class ScriptedNumber(Struct, frozen=True):
    """A number as it is written, and its value."""

    written: str
    value: str


def scripted(text: str) -> Iterator[ScriptedNumber]:
    """Yield the Chinese and Roman numbers of a text."""
    for found in _HAN_NUMBER.finditer(text):
        yield ScriptedNumber(found[0], _han(found[0]))
    for found in _ROMAN_CENTURY.finditer(text):
        yield ScriptedNumber(found["before"] or found["after"], _roman(found))


def han_months(text: str) -> set[int]:
    """Return the months that are written in Chinese numbers: 十月."""
    return {int(_han(found[1])) for found in _HAN_MONTH.finditer(text)}


def _han(written: str) -> str:
    """Return the value of a number in Chinese characters: 二十三, 一九八〇."""
    if all(sign in _HAN_DIGITS for sign in written):
        return "".join(str(_HAN_DIGITS[sign]) for sign in written).lstrip("0") or "0"
    total = group = digit = 0
    for sign in written:
        if sign in _HAN_DIGITS:
            digit = _HAN_DIGITS[sign]
        elif sign in _HAN_SCALES:
            group, digit = group + (digit or 1) * _HAN_SCALES[sign], 0
        else:
            total, group, digit = (total + group + digit or 1) * _HAN_GROUPS[sign], 0, 0
    return str(total + group + digit)


def _roman(found: re.Match[str]) -> str:
    written = found["before"] or found["after"]
    values = [_ROMAN_DIGITS[sign] for sign in written]
    signed = (-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))
    return str(sum(signed))
