"""Align two sentences by the words they share in order.

The rest shows what is in whose place.

Names and numbers are laid side by side whatever they are, so that another one shows.
"""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import cached_property
from itertools import takewhile
from unicodedata import combining, normalize

from msgspec import Struct
from msgspec.structs import replace

from app.text import languages
from app.text.numerals import MONTH_NUMBERS, SCALES
from app.text.turning_words import WEEKDAYS
from app.text.units import CASED, UNITS

MAX_TOKENS = 100  # of a sentence
EDGE = 2  # words around what two sentences share that still belong to it
RUN = 4  # words that can stand in the place of others
KIN_PREFIX = 4  # characters that two forms of a name share
KIN_ENDING = 2  # characters behind them that the shorter form may have: "Norway", "Norwegian"
WIDER = 1.3  # times the words of the other sentence, up to which one is laid beside it whole
MIN_RATIO = 0.55  # of the words that two sentences share in one order, to be laid side by side at all

_TOKEN = re.compile(r"\d+(?:[.,'’٫]\d+)*|[^\W\d_]+(?:['’-][^\W\d_]+)*")
_BEGINS = re.compile(r"(?:\A|[:.!?“„«\"(])\s*\Z")
_POSSESSIVE = re.compile(r"['’]s?\Z")
_NO_NAMES = WEEKDAYS | SCALES.keys() | UNITS.keys() | {sign.casefold() for sign in CASED}
# "May" is a month behind these, and before a number; elsewhere it is a hedge.
_BEFORE_MAY = re.compile(
    r"(?:\b(?:in|of|on|since|until|till|by|from|to|before|after|during|between|late|early|mid|last|next|and)"
    r"|\d(?:st|nd|rd|th)?)\s{1,3}\Z",
    re.IGNORECASE,
)
_AFTER_MAY = re.compile(r"\s{1,3}\d")
MONTH_OF_MAY = "may-month"
NAME, NUMBER, WORD = "@", "#", ""


class Token(Struct, frozen=True):
    """A word, a number, or a name of several words."""

    text: str
    word: str  # in lower case, accents kept
    kind: str
    begins: bool = False  # a sentence: its capital letter says nothing
    joins: bool = False  # follows another name at once
    at: int = 0  # where it begins in the text


class Aligned:
    """A claim beside a sentence of a page.

    If one of them is much longer, beside the part of it that shares most words with the other. `before` is
    what the page says before its part, `names` those in the rest of its sentence.
    """

    def __init__(self, claim: str, page: str, language: str) -> None:
        self.language = language
        self._empty = languages.function_words(language or "en")
        said, there = tokens(claim, language), tokens(page, language)
        in_claim, in_page = _nearest_parts(said, there, self._empty)
        self.claim, self.page = said[in_claim], there[in_page]
        outside = there[: in_page.start] + there[in_page.stop :]
        self.names = frozenset(token.word for token in outside if token.kind == NAME)
        self.is_part = len(self.claim) < len(said) or bool(outside)
        self.before = page[: self.page[0].at] if in_page.start else ""
        matcher = SequenceMatcher(None, _keys(self.claim), _keys(self.page), autojunk=False)
        self.codes = matcher.get_opcodes()
        self.ratio = matcher.ratio()

    @cached_property
    def places(self) -> list[tuple[list[Token], list[Token]]]:
        """Return a claim's runs where the page has another run."""
        return [
            (self.claim[a:b], self.page[c:d])
            for tag, a, b, c, d in self.codes
            if tag == "replace" and b - a <= RUN and d - c <= RUN
        ]

    @cached_property
    def pairs(self) -> list[tuple[int, int]]:
        """Return names and numbers in one place beside a shared word."""
        blocks = [code for code in self.codes if code[0] == "equal" and code[2] - code[1] > 1]
        return [
            (a + n, c + n) for _, a, b, c, _ in blocks for n in range(b - a) if self.claim[a + n].kind != WORD
        ]

    def shared(self, side: list[Token]) -> frozenset[str]:
        """Return a side's words from the first shared to the last.

        The words next to them are included.
        """
        first, last = self._span(page=side is self.page)
        return frozenset(token.word for token in side[max(0, first - EDGE) : last + EDGE])

    def count(self, side: list[Token], among: frozenset[str]) -> int:
        """Count such words there."""
        first, last = self._span(page=side is self.page)
        return sum(token.word in among for token in side[max(0, first - EDGE) : last + EDGE])

    def _span(self, *, page: bool) -> tuple[int, int]:
        side = self.page if page else self.claim
        equal = [code[3:5] if page else code[1:3] for code in self.codes if code[0] == "equal"]
        places = [at for first, end in equal for at in range(first, end)]
        telling = [at for at in places if side[at].word not in self._empty] or places
        return (places[0], telling[-1] + 1) if places else (0, len(side))


def _nearest_parts(claim: list[Token], page: list[Token], empty: frozenset[str]) -> tuple[slice, slice]:
    """Return which parts correspond, if one sentence is much longer."""
    short, long = sorted((len(claim), len(page)))
    blocks = _matching_blocks(claim, page) if short and long > int(short * WIDER) + EDGE else []
    if not blocks:
        return slice(0, len(claim)), slice(0, len(page))
    core = max(range(len(blocks)), key=lambda at: _weight(claim, blocks[at], empty))
    first = last = core
    while first and _is_near(blocks[first - 1], blocks[first]):
        first -= 1
    while last + 1 < len(blocks) and _is_near(blocks[last], blocks[last + 1]):
        last += 1
    (a, b, _), (c, d, size) = blocks[first], blocks[last]
    lead, tail = min(a, b, RUN), min(len(claim) - c - size, len(page) - d - size, RUN)
    return slice(a - lead, c + size + tail), slice(b - lead, d + size + tail)


def _matching_blocks(claim: list[Token], page: list[Token]) -> list[tuple[int, int, int]]:
    matcher = SequenceMatcher(None, _keys(claim), _keys(page), autojunk=False)
    return [(block.a, block.b, block.size) for block in matcher.get_matching_blocks() if block.size]


def _weight(claim: list[Token], block: tuple[int, int, int], empty: frozenset[str]) -> float:
    """Count a block's words, those without a subject a little."""
    return sum(0.2 if token.word in empty else 1.0 for token in claim[block[0] : block[0] + block[2]])


def _is_near(before: tuple[int, int, int], after: tuple[int, int, int]) -> bool:
    """Return True if both sides put two blocks about as far apart."""
    in_claim, in_page = after[0] - before[0] - before[2], after[1] - before[1] - before[2]
    return abs(in_page - in_claim) <= RUN


def _keys(side: Iterable[Token]) -> list[str]:
    return [token.kind or token.word for token in side]


def tokens(text: str, language: str) -> list[Token]:
    """Read a sentence as words, numbers and names.

    Names side by side are one, but in German, where two nouns can be side by side.
    """
    found, empty, end = list[Token](), languages.function_words(language or "en"), 0
    for match in _TOKEN.finditer(text):
        token, before = _token(text, match, language, empty), found[-1] if found else None
        joins = before is not None and before.kind == token.kind == NAME and text[end : match.start()] == " "
        if before and joins and language != "de":
            word = f"{before.word} {token.word}"
            found[-1] = Token(f"{before.text} {token.text}", word, NAME, before.begins, at=before.at)
        else:
            found.append(replace(token, joins=joins, at=match.start()))
        end = match.end()
        if len(found) >= MAX_TOKENS:
            break
    return found


def _token(text: str, match: re.Match[str], language: str, empty: frozenset[str]) -> Token:
    written = _POSSESSIVE.sub("", match[0]) or match[0]
    word, begins = written.casefold(), bool(_BEGINS.search(text[max(0, match.start() - 4) : match.start()]))
    if is_month_of_may(text, match.start(), match.end()):
        return Token(written, MONTH_OF_MAY, NUMBER)
    if written[0].isdigit() or word in MONTH_NUMBERS:
        return Token(written, word, NUMBER)
    is_name = written[0].isupper() and word not in empty and word not in _NO_NAMES
    if is_name and not (begins and _is_common(word, language)):
        return Token(written, word, NAME, begins)
    return Token(written, match[0].casefold().replace("’", "'"), WORD)


def is_month_of_may(text: str, start: int, end: int) -> bool:
    """Return True if the word there is the month, not a hedge."""
    if text[start:end] != "May":
        return False
    return bool(_BEFORE_MAY.search(text[max(0, start - 12) : start]) or _AFTER_MAY.match(text, end))


def _is_common(word: str, language: str) -> bool:
    """Return True for a plural or abstract noun, hardly a name.

    This is for the beginning of a sentence.
    """
    if language == "de":
        return word.endswith(("en", "er", "ung", "heit", "keit", "schaft", "ion", "leute", "tum", "nis"))
    is_plural = word.endswith("s") and not word.endswith(("is", "us", "as", "os", "ss"))
    return is_plural or word.endswith(("ing", "ion", "ment", "ness", "ity", "ance", "ence", "ly", "ship"))


def bare(word: str) -> str:
    """Return a word without accents, in lower case."""
    return "".join(c for c in normalize("NFKD", word.casefold()) if not combining(c))


def is_kin(one: str, other: str) -> bool:
    """Return True for two forms of one name.

    For example "Sweden" and "Swedish", "EU" and "European Union".
    """
    ones, others = bare(one).split(), bare(other).split()
    left = [word for word in ones if not any(_is_form(word, known) for known in others)]
    right = [word for word in others if not any(_is_form(word, known) for known in ones)]
    if not left or not right:
        return True
    return "".join(word[0] for word in ones) in others or "".join(word[0] for word in others) in ones


def _is_form(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    if len(short) < KIN_PREFIX:
        return long.startswith(short)
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    return shared >= KIN_PREFIX and len(short) - shared <= KIN_ENDING
