"""The numbers in a text as values, however a language writes them.

"1.3 million", "1,3 Mio.", "1 300 000", "13,00,000" and "١٣٠٠٠٠٠" are one value, and so are "23" and
"twenty-three". Where a spelling can mean two values ("1.234") it agrees with either.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from itertools import chain, islice
from unicodedata import normalize

from msgspec import Struct

from app.text.composed_numbers import composed_values
from app.text.eras import common_years
from app.text.fractions import spelled_values
from app.text.lexicon import WITHOUT_SPACES, counted, in_english, joined_words, split_run
from app.text.numeral_scripts import han_months, scripted
from app.text.numerals import (
    DOUBTFUL,
    DOZENS,
    MAYBE_MONTHS,
    MONTH_NUMBERS,
    NUMERALS,
    SCALES,
)
from app.text.units import (
    CASED,
    DEGREES,
    HOUR_WORDS,
    OF_PERCENT,
    POINT_WORDS,
    POWERS,
    SQUARED,
    UNITS,
    han_unit,
)

MAX_NUMBERS = 5000  # numbers of one text that are told apart
_SPACES = "\u00a0\u2007\u2009\u202f"
_DIGIT_MARKS = (
    "[\u0300-\u036f\u064b-\u065f\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963"
    "\u0981-\u0983\u09bc\u09be-\u09cd\u09d7\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]"
)
_DIGITS = re.compile(
    rf"(?P<grouped>(?<![\d.,])\d{{1,3}}(?:[ {_SPACES}]\d{{3}})+(?!\d)(?:[.,]\d{{1,4}}(?!\d))?)"
    rf"|(?P<plain>\d+(?:[.,'’٫٬{_SPACES}-]\d+)*)"
    rf"|(?P<word>(?:[^\W\d_]{_DIGIT_MARKS}*)+(?:-[^\W\d_]+){{0,4}}[²³]?)"
    r"|(?P<sign>[%$€£¥])"
)
_SEPARATOR = re.compile(r"\D")
_MONTH_SIGNS = frozenset("月월")
_VIETNAMESE_MONTH = "tháng"
_CJK_SCALE = re.compile(r"[万萬千百亿億兆]{1,2}|ล้าน|แสน|หมื่น|พัน")
_BEFORE_MONTHS = frozenset(
    [
        "in",
        "im",
        "since",
        "until",
        "by",
        "last",
        "next",
        "this",
        "of",
        "from",
        "to",
        "en",
        "de",
        "depuis",
        "seit",
        "bis",
        "ab",
        "von",
        "vom",
        "zwischen",
        "between",
        "through",
        "dal",
        "da",
        "tot",
        "van",
        "w",
    ]
)
_RANGE = frozenset(
    ["to", "and", "or", "bis", "und", "oder", "à", "et", "ou", "a", "y", "o", "до", "и", "или"]
)


_ANY_DOUBTFUL = frozenset[str]().union(*DOUBTFUL.values())
_AND = frozenset(["and", "und", "y", "et", "e", "en", "и", "و"])


class Number(Struct, frozen=True):
    """A number in a text.

    `readings` are the values that it can have, `parts` those of a date.
    """

    written: str
    readings: frozenset[str]
    parts: frozenset[str] = frozenset()
    unit: str = ""


class Figures(Struct, frozen=True):
    """What a text says in numbers and months."""

    numbers: tuple[Number, ...]
    months: frozenset[int]

    @property
    def values(self) -> frozenset[str]:
        """Every value that one of the numbers can have."""
        return frozenset().union(*(number.readings | number.parts for number in self.numbers))


class _Token(Struct):
    kind: str
    text: str
    end: int
    start: int


def figures(text: str, language: str = "", *, loose: bool = True) -> Figures:
    """Read the numbers of a text.

    Args:
        text: in any language.
        language: whose words for numbers count; English ones always do for a page.
        loose: True for a page, in which every word that can be a number counts as one.
    """
    spelled = list(islice(chain(spelled_values(text), composed_values(text)), MAX_NUMBERS))
    below = [range(one.start, one.end) for one in spelled if min(one.readings, default="").startswith("-")]
    tokens = [token for token in _tokens(text, language) if not any(token.start in span for span in below)]
    if spelled and not loose:  # in a claim "three quarters" is no 3
        inside = [range(one.start, one.end) for one in spelled]
        tokens = [token for token in tokens if not any(token.start in span for span in inside)]
    words = _numerals(language, loose=loose)
    found, months, done = list[Number](), set[int](), 0
    for at, token in enumerate(tokens[: 4 * MAX_NUMBERS]):
        if at < done:
            continue
        if token.kind == "word" and (month := MONTH_NUMBERS.get(token.text)) and _is_month(tokens, at):
            months.add(month)
        elif token.kind == "word" and (token.text in words or _is_scaled(tokens, at, language)):
            value, done = _compound(tokens, at, _numerals(language, loose=True))
            if _is_behind_month(text, tokens, at):
                months.add(value)
                continue
            found.append(_spelled(text[token.start : tokens[done - 1].end], value, tokens, at, done))
        elif _is_numbered_month(text, tokens, at):
            months.add(int(token.text))
        elif token.kind == "digits":
            found.append(_with_range(_digits(token, tokens, at, text), tokens, at))
            done = at + 1 + _scales(tokens, at + 1)[1]
    found += (Number(text[one.start : one.end], one.readings, one.parts) for one in spelled)
    found += (Number(one.written, frozenset((one.value,))) for one in scripted(text))
    found += (Number(written, frozenset((str(value),))) for written, value in counted(text, language))
    return Figures(tuple(found[:MAX_NUMBERS]), frozenset(months | han_months(text)))


def missing(claim: Figures, page: Figures) -> str:
    """Return a claim's first number or month that a page lacks.

    It is returned as it is written; "" if there is none.
    """
    values, months = page.values, page.months
    for number in claim.numbers:
        parts_in = number.parts and all(_part_in(part, values, months) for part in number.parts)
        if not number.readings & values and not parts_in:
            return number.written
    dated = values if not months else frozenset().union(*(one.parts for one in page.numbers))
    lacking = {month for month in claim.months - months if str(month) not in dated}
    return _month_name(min(lacking)) if lacking else ""


def unit_conflict(claim: Figures, page: Figures) -> str:
    """Return a claim's number whose unit differs in the page.

    It is returned as it is written; "" if there is none.
    """
    for number in claim.numbers:
        same = [
            other for other in page.numbers if other.readings & number.readings and not _is_doubtful(other)
        ]
        if number.unit and same and all(other.unit and other.unit != number.unit for other in same):
            return number.written
    return ""


def near(claim: Figures, page: Figures) -> str:
    """Return the page's only number of the same kind, instead."""
    lacking = [one for one in claim.numbers if not one.readings & page.values]
    spare = [one for one in page.numbers if not one.readings & claim.values and not _is_doubtful(one)]
    units = {one.unit for one in lacking}
    alike = [one for one in spare if one.unit in units and one.unit] or spare
    written = dict.fromkeys(one.written for one in alike)
    return next(iter(written)) if len(lacking) == 1 and len(written) == 1 else ""


def _is_doubtful(number: Number) -> bool:
    """Return True for a word like "twice", which may count nothing."""
    return number.written.casefold() in _ANY_DOUBTFUL


def _part_in(part: str, values: frozenset[str], months: frozenset[int]) -> bool:
    return part in values or (part.isdecimal() and len(part) < 3 and int(part) in months)


def _month_name(month: int) -> str:
    return next(name for name, value in MONTH_NUMBERS.items() if value == month).title()


@lru_cache(maxsize=64)
def _numerals(language: str, *, loose: bool) -> dict[str, int]:
    if loose:
        return NUMERALS["en"] | NUMERALS.get(language, {})
    spoken = language if language in NUMERALS or language == "zh" else "en"  # others are read as English
    doubtful = DOUBTFUL.get(spoken, frozenset())
    return {word: value for word, value in NUMERALS.get(spoken, {}).items() if word not in doubtful}


def _is_scaled(tokens: list[_Token], at: int, language: str) -> bool:
    """Return True for a doubtful number word before a scale."""
    following = tokens[at + 1].text if at + 1 < len(tokens) else ""
    return SCALES.get(following, 0) > 1 and tokens[at].text in NUMERALS.get(language or "en", {})


def _tokens(text: str, language: str) -> list[_Token]:
    found = list[_Token]()
    for match in _DIGITS.finditer(text):
        if match["word"]:
            found += _word(match, text, language)
        elif match["sign"]:
            found.append(_Token("sign", match[0], match.end(), match.start()))
        else:
            found.append(_Token("digits", _latin(match[0]), match.end(), match.start()))
    return _joined_tokens(found, text, language)


def _word(match: re.Match[str], text: str, language: str) -> list[_Token]:
    """Read a word, by its English name if it counts or measures."""
    start = match.start()
    word = _cased(match[0], text[start - 1 : start])
    if language in WITHOUT_SPACES and language != "zh":
        parts = list[_Token]()
        for part, name in split_run(word, language):
            parts.append(_Token("word", name or part, start + len(part), start))
            start += len(part)
        return parts
    word = word.partition("-")[0] if language == "hu" else word  # "40 kg-ot"
    name = in_english(word, language)
    is_name = match[0][0].isupper() and name in NUMERALS["en"] and not _begins(text, start)
    return [_Token("word", word if is_name else name or word, match.end(), start)]


def _begins(text: str, at: int) -> bool:
    """Return True at the beginning of a text or sentence."""
    return text[max(0, at - 3) : at].rstrip(' \n*_"“„«([')[-1:] in ("", ".", "!", "?", ":")


def _joined_tokens(tokens: list[_Token], text: str, language: str) -> list[_Token]:
    """Join two words that count together: "mười hai", "dua belas"."""
    known = joined_words(language)
    if not known:
        return tokens
    found = list[_Token]()
    for token in tokens:
        before = found[-1] if found else None
        is_beside = (
            before is not None and before.kind == token.kind == "word" and token.start - before.end == 1
        )
        name = (
            known.get((before.text, token.text)) or _tens_behind(before.text, token, text)
            if is_beside and before
            else ""
        )
        if before and name:
            found[-1] = _Token("word", name, token.end, before.start)
        else:
            found.append(token)
    return found


def _tens_behind(one: str, tens: _Token, text: str) -> str:
    """Return the English of "خمسة وعشرون", five and twenty, or ""."""
    name = f"{tens.text}-{one}"
    return name if text[tens.start] == "و" and name in NUMERALS["en"] else ""


def _is_behind_month(text: str, tokens: list[_Token], at: int) -> bool:
    return at > 0 and text[tokens[at - 1].start : tokens[at - 1].end].casefold() == _VIETNAMESE_MONTH


def _is_numbered_month(text: str, tokens: list[_Token], at: int) -> bool:
    """Return True for "3月", "3월" and "tháng 3"."""
    token = tokens[at]
    if token.kind != "digits" or not token.text.isdecimal():
        return False
    return _is_behind_month(text, tokens, at) or text[token.end : token.end + 1] in _MONTH_SIGNS


def _cased(word: str, before: str) -> str:
    """Tell "mW" from "MW", and read "5M" as five millions."""
    if before.isdecimal() and word in ("M", "B"):
        return "mn" if word == "M" else "bn"
    return CASED.get(word) or word.casefold()


def _latin(digits: str) -> str:
    """Convert digits of any script, and Arabic separators, to English ones."""
    plain = digits.replace("٫", ".").replace("٬", "'")
    return plain if plain.isascii() else "".join(_digit(character) for character in plain)


def _digit(character: str) -> str:
    if character.isdecimal():
        return str(int(character))
    return " " if character.isspace() else normalize("NFKC", character)


def _is_month(tokens: list[_Token], at: int) -> bool:
    """Return True for an unambiguous month, or one beside a number."""
    if tokens[at].text not in MAYBE_MONTHS:
        return True
    before, around = tokens[max(0, at - 1) : at], tokens[max(0, at - 1) : at] + tokens[at + 1 : at + 2]
    return any(token.kind == "digits" for token in around) or any(
        token.text in _BEFORE_MONTHS for token in before
    )


def _compound(tokens: list[_Token], at: int, words: dict[str, int]) -> tuple[int, int]:
    """Return the value of joined number words, and the token after them.

    "two hundred and fifty", "treinta y dos" and "one million two hundred thousand" are read as one.
    """
    total, group, done = 0, words[tokens[at].text], at + 1
    while done < len(tokens) and tokens[done].kind == "word":
        scale = SCALES.get(tokens[done].text, 0)
        if scale == 100 and 0 < group < 20:
            group, done = group * 100, done + 1
        elif tokens[done].text in DOZENS and 0 < group < 20 and tokens[at].text not in DOZENS:
            group, done = group * 12, done + 1
        elif scale >= 1000 and group and (not total or total % (1000 * scale) == 0):
            total, group, done = total + group * scale, 0, done + 1
        elif after := _joined(tokens, done, words, group, total):
            group, done = group + words[tokens[after - 1].text], after
        else:
            break
    return total + group, done


def _joined(tokens: list[_Token], at: int, words: dict[str, int], group: int, total: int) -> int:
    """Return the token after a number word that adds, or 0."""
    if not group:
        is_group = at + 1 < len(tokens) and tokens[at].text in words and tokens[at + 1].text in SCALES
        return at + 1 if total and is_group else 0
    at += tokens[at].text in _AND and at + 1 < len(tokens)
    value = words.get(tokens[at].text, 0)
    room = 100 if group % 100 == 0 else 10 if group % 10 == 0 and group % 100 >= 20 else 0
    return at + 1 if 0 < value < room else 0


def _spelled(written: str, value: int, tokens: list[_Token], at: int, done: int) -> Number:
    return Number(written, frozenset((str(value * _scale(tokens, done)),)), unit=_unit(tokens, done, at - 1))


def _scale(tokens: list[_Token], at: int) -> int:
    return _scales(tokens, at)[0]


def _scales(tokens: list[_Token], at: int) -> tuple[int, int]:
    """Return a number's scale, and how many words that is.

    "3 mil millones" and "3 thousand million" have two of them.
    """
    scale = _scale_of(tokens, at)
    after = _scale_of(tokens, at + 1) if scale in (100, 1000, 100_000) else 1
    return (scale * after, 2) if after >= 1_000_000 else (scale, int(scale > 1))


def _scale_of(tokens: list[_Token], at: int) -> int:
    word = tokens[at].text if at < len(tokens) and tokens[at].kind == "word" else ""
    cjk = None if han_unit(word) else _CJK_SCALE.match(word)  # 千米 is one unit
    scale = SCALES.get(word) or (SCALES.get(cjk[0]) if cjk else None) or 1
    return 1 if word == "m" else scale


def _unit(tokens: list[_Token], after: int, before: int) -> str:
    """Return the unit after a number, or the currency before it.

    A scale such as "million" may come between.
    """
    word = tokens[after].text if after < len(tokens) else ""
    if unit := UNITS.get(word, "") or _unit_of_han(word):
        behind, done = unit, after
    else:
        done = after + _scales(tokens, after)[1]
        behind = tokens[done].text if done < len(tokens) else ""
    following = [token.text for token in tokens[done + 1 : done + 3]] + ["", ""]
    ahead = tokens[before].text if before >= 0 and tokens[before].kind == "sign" else ""
    return UNITS.get(ahead, "") or _named(UNITS.get(behind, behind), following)


def _named(behind: str, following: list[str]) -> str:
    """Return a unit of one to three words: "square kilometres", "percentage points"."""
    after = following[0]
    if behind in ("per", "pro", "pour", "por"):
        return "%" if after in ("cent", "100", "ciento", "cento") else ""
    if behind in OF_PERCENT and after in POINT_WORDS:
        return "pp"
    if behind in POINT_WORDS:
        return "pp" if OF_PERCENT & set(following) else ""
    if behind in POWERS and after in HOUR_WORDS:
        return f"{behind}h"
    if after and (behind in DEGREES or behind in SQUARED):
        power = SQUARED.get(behind, "")
        return UNITS.get(after, "") and f"{UNITS[after]}{power}"
    return behind if behind in _MEANT else ""


_MEANT = frozenset(UNITS.values()) | {"yuan"}


def _unit_of_han(word: str) -> str:
    """Return the unit of a number in Chinese text, behind its scale."""
    cjk = _CJK_SCALE.match(word)
    return han_unit(word) or han_unit(word[cjk.end() :] if cjk else "")


def _digits(token: _Token, tokens: list[_Token], at: int, text: str) -> Number:
    readings, parts = _readings(token.text)
    scale = _scale(tokens, at + 1)
    is_beside = at + 1 < len(tokens) and tokens[at + 1].start - token.end <= 2
    if scale > 1 and is_beside:
        readings = frozenset(_times(reading, scale) for reading in readings)
    counted_to = at + _scales(tokens, at + 1)[1] if is_beside and tokens[at + 1].text in SCALES else at
    written = text[token.start : tokens[counted_to].end]
    readings |= common_years(text, token.start, token.end, token.text)
    return Number(written, readings, parts, _unit(tokens, at + 1, at - 1) if is_beside or at else "")


def _with_range(number: Number, tokens: list[_Token], at: int) -> Number:
    """In "1.3 to 1.5 million" the first number is in millions, too."""
    scale = _scale(tokens, at + 3)
    is_range = at + 3 < len(tokens) and tokens[at + 1].text in _RANGE and tokens[at + 2].kind == "digits"
    if scale == 1 or not is_range:
        return number
    further = frozenset(_times(reading, scale) for reading in number.readings)
    return Number(number.written, number.readings | further, number.parts, number.unit)


def _times(reading: str, scale: int) -> str:
    try:
        value = Decimal(reading) * scale
    except ArithmeticError:
        return reading
    return str(int(value)) if value == int(value) else str(value.normalize())


def _readings(written: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the possible values of digits, and parts of a date.

    Separators may make them ambiguous.
    """
    if len(written) > 60:
        return frozenset((written,)), frozenset()
    pieces = [_bare(piece) for piece in _SEPARATOR.split(written)]
    between = _SEPARATOR.findall(written)
    if not between:
        return frozenset(pieces), frozenset()
    if "-" in between:
        return frozenset(pieces), frozenset(pieces)
    raw = _SEPARATOR.split(written)
    if len(between) == 1 and between[0] in ".,":
        return _one_separator(raw), frozenset()
    if _is_grouped(raw) and len(set(between)) == 1:
        return frozenset((_bare("".join(raw)),)), frozenset(pieces)
    if between[-1] in ".," and between[-1] not in between[:-1] and _is_grouped(raw[:-1]):
        return frozenset((f"{_bare(''.join(raw[:-1]))}.{raw[-1]}",)), frozenset()
    return frozenset((".".join(pieces),)), frozenset(pieces) if len(pieces) == 3 else frozenset()


def _one_separator(raw: list[str]) -> frozenset[str]:
    decimal = f"{_bare(raw[0])}.{raw[1]}"
    is_group = len(raw[1]) == 3 and len(raw[0]) <= 3 and not raw[0].startswith("0")
    return frozenset((decimal, raw[0] + raw[1])) if is_group else frozenset((decimal,))


def _is_grouped(raw: list[str]) -> bool:
    """Return True for groups of three, or India's groups of two.

    The last group has three in India too.
    """
    middle = {len(piece) for piece in raw[1:-1]}
    return len(raw) > 1 and len(raw[0]) <= 3 and len(raw[-1]) == 3 and (middle <= {3} or middle == {2})


def _bare(piece: str) -> str:
    return piece.lstrip("0") or "0"


def both(parts: Iterable[Figures]) -> Figures:
    """The numbers and months of several texts together."""
    known = list(parts)
    return Figures(
        tuple(number for part in known for number in part.numbers),
        frozenset().union(*(part.months for part in known)),
    )
