"""Read what turns a meaning, and what counts, in each language.

Each language is one file in lexicons/. A line is a kind of word and its words: "*" ends the beginning of a
word, "_" joins words, "|" separates opposites, "/" separates forms of one word.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import islice
from pathlib import Path

from msgspec import Struct

from app.text.languages import WORD_MARKS

LEXICONS = Path(__file__).parent / "lexicons"
LANGUAGES = frozenset(file.stem for file in LEXICONS.glob("*.txt"))
PAIRED_KINDS = ("rise", "order", "more", "north", "east", "vote", "win", "open")
KINDS = ("negation", "all", "some", "hedge")

# Negations that are part of a verb: Czech "neschválil", Persian "نکرد", Bengali "করেনি".
_NEGATING_FORMS = {
    "tr": re.compile(
        r"(?<!\w)\w{2,20}(?:m[aeıiuü](?:d[ıiuü]|yor|m[ıiuü]ş|y?acak|y?ecek|dan|den)|ma[mz]|me[mz])\w{0,8}"
    ),
    "cs": re.compile(
        r"(?<!\w)ne(?!j|bo|ž|n[íě]|m[oe]|d[áě]|v[íě]|děl|zaměst|rv|vý|be|utr|zbyt|závis|hod)"
        r"\w{3,16}(?:l|la|lo|li|ly|je|jí|í|á)(?!\w)"
    ),
    "fa": re.compile(
        r"(?<!\w)ن(?:می|شد|کرد|کن|دار|داشت|خواه|توان|گرفت|داد|یافت|رفت|آمد|پذیرفت|رسید|گفت|دید)[\w\u200c]{0,10}"
    ),
    "bn": re.compile(r"(?:\u09c7|\u09df|\u09af\u09bc)নি(?![\w\u0980-\u09ff])"),
    "ko": re.compile("(?<![\uac00-\ud7af])안 "),
}
# What Arabic and Hebrew write together with the next word: "and", "in", "the".
_CLITICS = {
    "ar": re.compile(r"(?:و|ف)?(?:ب|ل|ك)?(?:ال|لل)?"),
    "he": re.compile(r"ו?ש?[הבלמכ]?"),
}
WITHOUT_SPACES = frozenset(["th", "ja", "ko", "zh"])
_VALUES = (*range(2, 21), *range(30, 101, 10))
_ENGLISH = [
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty", "thirty", "forty",
    "fifty", "sixty", "seventy", "eighty", "ninety", "hundred",
]  # fmt: skip
# Of each month a name that `numerals` takes for a month alone.
_ENGLISH_MONTHS = [
    "january", "february", "märz", "april", "maggio", "june", "july", "august", "september", "october",
    "november", "dezember",
]  # fmt: skip
# What is between the parts of a number: Danish says five and twenty.
_LINKS = {"hu": "", "fi": "", "sv": "", "da": "og"}
_ENGLISH_ONES, _ENGLISH_TENS = frozenset(_ENGLISH[:8]), frozenset(_ENGLISH[19:27]) | {"twenty"}
_SCALE_WORDS = {
    "100": "hundred",
    "1000": "thousand",
    "10000": "万",
    "100000": "lakh",
    "1000000": "million",
    "10000000": "crore",
    "100000000": "億",
    "1000000000": "billion",
    "1000000000000": "trillion",
}
_ENGLISH_UNITS = {
    "g": "gram",
    "m": "metre",
    "%": "percent",
    "second": "seconds",
    "$": "dollar",
    "€": "euro",
}
_JOINT = re.compile("[_'’]")  # at which a text's words are told apart
LEAST_MONTH = 3  # letters; a shorter name is a month only beside a number


class Lexicon(Struct, frozen=True):
    """The words of one language."""

    language: str
    function: frozenset[str]
    not_only: re.Pattern[str] | None
    kinds: Mapping[str, re.Pattern[str]]
    opposites: Mapping[str, tuple[re.Pattern[str], ...]]  # one side, the other, either
    english: Mapping[str, str]  # numbers, months, scales and units, each by its English name
    beginnings: tuple[tuple[str, str], ...]  # of such words
    counted: re.Pattern[str] | None  # a number in a script without spaces, before what it counts
    values: Mapping[str, int]  # of such numbers
    leading: re.Pattern[str] | None  # a scale or unit with which a run of such a script begins
    joined: Mapping[
        tuple[str, str], str
    ]  # two words that count together, by their English names or as written


@lru_cache(maxsize=64)
def lexicon(language: str) -> Lexicon | None:
    """Return a language's lexicon, None if it has none."""
    return _read(language) if language in LANGUAGES else None


def _read(language: str) -> Lexicon:
    text = (LEXICONS / f"{language}.txt").read_text("utf-8").casefold()
    lines = dict(line.split(": ", 1) for line in text.splitlines() if line)
    english = dict(_english(lines))
    english |= _compounds(english, language)
    begun = sorted(
        ((word[:-1], name) for word, name in english.items() if word.endswith("*")),
        key=lambda known: -len(known[0]),
    )
    whole = {_JOINT.sub(" ", word): name for word, name in english.items() if not word.endswith("*")}
    pairs = [tuple(word.split(" ")) for word in whole if word.count(" ") == 1]
    counted, values = _counted(lines) if language in WITHOUT_SPACES else (None, {})
    return Lexicon(
        language,
        frozenset(lines.get("function", "").split()),
        re.compile(lines["not_only"]) if "not_only" in lines else None,
        {kind: _any(lines[kind].split(), language) for kind in KINDS if kind in lines},
        {kind: _sides(lines[kind], language) for kind in PAIRED_KINDS if kind in lines},
        whole,
        tuple(begun),
        counted,
        values,
        _leading(whole, lines) if language in WITHOUT_SPACES else None,
        {(whole.get(one, one), whole.get(other, other)): whole[f"{one} {other}"] for one, other in pairs},
    )


def _sides(line: str, language: str) -> tuple[re.Pattern[str], ...]:
    one, other = (side.split() for side in line.split(" | "))
    return tuple(_any(words, language) for words in (one, other, [*one, *other]))


def _any(words: Iterable[str], language: str) -> re.Pattern[str]:
    """Match one of these words."""
    letter = rf"[\w{WORD_MARKS}]"
    spelled = [
        re.escape(word.removesuffix("*")).replace("_", r"\s?" if language in WITHOUT_SPACES else r"\s")
        + (rf"{letter}{{0,20}}" if word.endswith("*") else "")
        for word in sorted(words, key=len, reverse=True)
    ]
    listed = "|".join(spelled)
    if language in WITHOUT_SPACES:
        return re.compile(listed)
    clitic = _CLITICS[language].pattern if language in _CLITICS else ""
    return re.compile(rf"(?<!{letter}){clitic}(?:{listed})(?!{letter})")


def _english(lines: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """Yield words that count or measure, with their English names."""
    for line, names, separator in (
        ("units", _ENGLISH_UNITS, "="),
        ("scales", _SCALE_WORDS, "="),
    ):
        for entry in lines.get(line, "").split():
            name, words = entry.split(separator, 1)
            yield from ((word, names.get(name, name)) for word in words.split("/"))
    for words, name in zip(lines.get("months", "").split(), _ENGLISH_MONTHS, strict=False):
        yield from ((word, _month(word, name)) for word in words.split("/"))
    for words, name in zip(lines.get("numbers", "").split(), _ENGLISH, strict=False):
        doubtful = lines.get("doubtful", "").split()
        yield from ((word, name) for word in words.split("/") if word != "-" and word not in doubtful)


def _compounds(english: Mapping[str, str], language: str) -> dict[str, str]:
    """Return 21 to 99 in languages that join them."""
    link = _LINKS.get(language)
    tens = [word for word, name in english.items() if name in _ENGLISH_TENS]
    ones = [word for word, name in english.items() if name in _ENGLISH_ONES]
    if link is None:
        return {}
    found = {
        (
            f"{one}{link}{ten}" if link else f"{'huszon' if ten == 'húsz' else ten}{one}"
        ): f"{english[ten]}-{english[one]}"
        for ten in tens
        for one in ones
    }
    return {word: name for word, name in found.items() if "*" not in word and "_" not in word}


def _month(word: str, name: str) -> str:
    return "may" if name == "maggio" and len(word) < LEAST_MONTH else name


def _counted(lines: Mapping[str, str]) -> tuple[re.Pattern[str] | None, dict[str, int]]:
    """Match a number word before what it counts."""
    entries = zip(lines["numbers"].split(), _VALUES, strict=True)
    values = {word: value for words, value in entries for word in words.split("/") if word != "-"}
    tens = [word for word, value in values.items() if value in _VALUES[18:]]
    ones = [word for word, value in values.items() if value < len(_ENGLISH_ONES) + 2]
    values |= {f"{ten}{one}": values[ten] + values[one] for ten in tens for one in ones}
    longest_first = sorted(values, key=len, reverse=True)
    behind = "|".join(map(re.escape, sorted(lines["counted"].split(), key=len, reverse=True)))
    signs = re.escape("".join(sorted(set("".join(word for word in values if len(word) == 1)))))
    before = (
        "(?<![\uac00-\ud7af])" if "두" in values else f"(?<![{signs}〇零一百千万萬億亿第])" if signs else ""
    )
    return re.compile(rf"{before}(?:{'|'.join(longest_first)})(?=\s?(?:{behind}))"), values


def _leading(words: Mapping[str, str], lines: Mapping[str, str]) -> re.Pattern[str]:
    numbers = {word for entry in lines["numbers"].split() for word in entry.split("/")}
    listed = sorted(words.keys() - numbers, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, listed)))


@lru_cache(maxsize=20_000)
def in_english(word: str, language: str) -> str:
    """Return the English word for a number, month, scale or unit.

    "" for other words.

    Args:
        word: in lower case.
        language: of the word.
    """
    known = lexicon(language)
    if known is None or not known.english:
        return ""
    found = _named(word, known)
    if not found and language in _CLITICS and (clitic := _CLITICS[language].match(word)):
        found = _named(word[clitic.end() :], known)
    return found


def joined_words(language: str) -> Mapping[tuple[str, str], str]:
    """Return the pairs of words of a language that count as one."""
    known = lexicon(language)
    return known.joined if known else {}


MAX_COUNTED_WORDS = 5000  # numbers of a text


def counted(text: str, language: str) -> Iterable[tuple[str, int]]:
    """Yield the number words of a script without spaces, with their values."""
    known = lexicon(language)
    if known and known.counted:
        for found in islice(known.counted.finditer(text), MAX_COUNTED_WORDS):
            yield found[0], known.values[found[0]]


def _named(word: str, known: Lexicon) -> str:
    return known.english.get(word) or next(
        (name for start, name in known.beginnings if word.startswith(start)), ""
    )


def split_run(run: str, language: str) -> list[tuple[str, str]]:
    """Split scale and unit from a run without spaces.

    Each part comes with its English name.
    """
    known, parts, done = lexicon(language), list[tuple[str, str]](), 0
    while known and known.leading and len(parts) < 3 and (found := known.leading.match(run, done)):
        parts.append((found[0], known.english[found[0]]))
        done = found.end()
    return [*parts, (run[done:], "")] if done < len(run) else parts


def signs(text: str, language: str) -> frozenset[str]:
    """Name the kinds of meaning-turning words in a text.

    Opposites come as "rise+" and "rise-".
    """
    known = lexicon(language)
    if known is None:
        return frozenset()
    bare = text.casefold()
    if known.not_only:
        bare = known.not_only.sub(" ", bare)
    found = {kind for kind, pattern in known.kinds.items() if pattern.search(bare)}
    if (forms := _NEGATING_FORMS.get(language)) and forms.search(bare):
        found.add("negation")
    for kind, (one, _, either) in known.opposites.items():
        # One search for both: "ít hơn" has "hơn" in it, "เปิด" has "ปิด".
        hits = {hit[0] for hit in islice(either.finditer(bare), MAX_COUNTED_WORDS)}
        found |= {f"{kind}{'+' if one.fullmatch(hit) else '-'}" for hit in hits}
    return frozenset(found)


def pattern_of(sign: str, language: str) -> re.Pattern[str] | None:
    """Return the pattern of one side of two opposites."""
    known = lexicon(language)
    sides = known.opposites.get(sign[:-1]) if known else None
    return sides["+-".index(sign[-1])] if sides else None
