"""Find words in a page: `find` for sentences, `FoldedText` for given quotes.

A quote may differ from the page in white space, quotation marks, dashes, hyphenation (a soft hyphen, a hyphen
at the end of a line) and unicode forms (NFKC: ligatures, full-width letters), and in nothing else.
"""

import re
from array import array
from functools import lru_cache
from unicodedata import combining, is_normalized, normalize

from app.text.languages import PAIRED_SCRIPTS

QUOTATION_MARKS = '‘’‚‛′`´“”„‟″«»‹›"「」『』'
DASHES = "‐‑‒–—―−"
_FOLD = str.maketrans(dict.fromkeys(QUOTATION_MARKS, "'") | dict.fromkeys(DASHES, "-") | {"…": "."})
MAX_PLACES = 50  # places at which a quote is looked at for whole words
PIECES = 3  # that a quote with gaps may have
MIN_PIECE = 8  # characters of a piece; fewer are found anywhere


def _class(characters: list[int]) -> str:
    """Code points as the inside of a class of a regular expression."""
    parts, start = list[str](), 0
    for at in range(1, len(characters) + 1):
        if at == len(characters) or characters[at] != characters[at - 1] + 1:
            parts.append(f"\\U{characters[start]:08x}-\\U{characters[at - 1]:08x}")
            start = at
    return "".join(parts)


_PLANE = [code for code in range(0x80, 0x10000) if not 0xD800 <= code < 0xE000]
_MARKED = _class([code for code in _PLANE if combining(chr(code))] + list(range(0x1160, 0x1200)))
_CHANGED = _class([code for code in _PLANE if not is_normalized("NFKC", chr(code))])
# What is not copied unchanged: white space of any kind but one space, hyphens, marks, other forms.
_COMMON = (
    rf"(?P<hyphen>(?<=\w)(?:\u00ad+\s{{0,9}}|[-\u2010]\s{{0,3}}\n\s{{0,9}}(?=\w)|[-\u2010\u2011](?=[^\W\d_])))"
    rf"|(?P<space>\s(?:\s|[\u00ad\u200b\u2060\ufeff])+|[^\S ])"
    rf"|(?P<gone>[\u00ad\u200b-\u200f\u2060\ufeff]+)"
    rf"|(?P<same>[{re.escape(QUOTATION_MARKS)}{DASHES}]+)"
)
_FOLDED_SIGNS = re.compile(
    rf"{_COMMON}|(?P<forms>(?:[{_CHANGED}](?![{_MARKED}]))+)"
    rf"|(?P<other>[^\s{_MARKED}][{_MARKED}]{{1,10}}|[{_CHANGED}])"
)
# The same for a text without marks: a look at one character rules nearly all out, in a fifth of the time.
_FOLDED_FIRST = rf"-\u00ad\u2010\u2011\u200b-\u200f\u2060\ufeff{re.escape(QUOTATION_MARKS)}{DASHES}{_CHANGED}"
_UNMARKED_SIGNS = re.compile(
    rf"(?=[{_FOLDED_FIRST}]|\s[\s\u00ad\u200b\u2060\ufeff]|[^\S ])"
    rf"(?:{_COMMON}|(?P<forms>[{_CHANGED}]+)|(?P<other>(?!)))"
)
_MARK_SIGN = re.compile(f"[{_MARKED}]")
_ELISION = re.compile(r"(?<!\s)\s*(?:\[\s*(?:…|\.{3})\s*\]|\(\s*(?:…|\.{3})\s*\)|…|\.{3,6})\s*")
_AROUND = f"{QUOTATION_MARKS}' \n\t*_"
_UNSPACED = re.compile(f"[{PAIRED_SCRIPTS}]")


class FoldedText:
    """A normalised text that knows the original place of each character."""

    def __init__(self, text: str) -> None:
        self.original = text
        parts, offsets, done = list[str](), array("I"), 0
        is_marked = not text.isascii() and _MARK_SIGN.search(text)
        for found in (_FOLDED_SIGNS if is_marked else _UNMARKED_SIGNS).finditer(text):
            parts.append(text[done : found.start()])
            offsets.extend(range(done, found.start()))
            done = found.end()
            if found["forms"]:
                forms = [_form(character) for character in found[0]]
                parts.append("".join(forms))
                offsets.extend(at for at, form in enumerate(forms, found.start()) for _ in form)
                continue
            folded = _folded_piece(found)
            parts.append(folded)
            offsets.extend(range(*found.span()) if found["same"] else [found.start()] * len(folded))
        parts.append(text[done:])
        offsets.extend(range(done, len(text) + 1))
        self.text, self._offsets = "".join(parts), offsets

    def locate(self, quote: str) -> tuple[tuple[int, int], ...]:
        """Find each piece of a quote in order, all or none.

        Returns the start and end of each.
        """
        pieces = [piece.strip(_AROUND) for piece in _ELISION.split(quote)]
        places, start = list[tuple[int, int]](), 0
        for piece in [piece for piece in pieces if piece][: PIECES + 1]:
            place = self._locate(FoldedText(piece).text.strip(), start)
            if place is None or len(places) == PIECES or (len(pieces) > 1 and len(piece) < MIN_PIECE):
                return ()
            places.append((self._offsets[place[0]], self._end(place[1])))
            start = place[1]
        return tuple(places)

    def _locate(self, wanted: str, start: int) -> tuple[int, int] | None:
        for needle in dict.fromkeys((wanted, wanted.rstrip(".!?;:, 。"))):
            at = self.text.find(needle, start) if needle else -1
            for _ in range(MAX_PLACES):
                if at < 0:
                    break
                if is_whole(self.text, at, len(needle)):
                    return at, at + len(needle)
                at = self.text.find(needle, at + 1)
        return None

    def _end(self, folded_end: int) -> int:
        """Return the original end of a match's last character.

        That is before the next character with another original.
        """
        last = self._offsets[folded_end - 1]
        while folded_end < len(self._offsets) - 1 and self._offsets[folded_end] == last:
            folded_end += 1
        end = self._offsets[folded_end]
        return last + len(self.original[last:end].rstrip()) or end


@lru_cache(maxsize=5000)
def _form(character: str) -> str:
    return normalize("NFKC", character)


def _folded_piece(found: re.Match[str]) -> str:
    if found["hyphen"] or found["gone"]:
        return ""
    if found["same"]:
        return found[0].translate(_FOLD)
    return " " if found["space"] else normalize("NFKC", found[0])


def find(text: str, page: str) -> tuple[int, int] | None:
    """Find `text` in `page`, ignoring case, spaces, quotation marks and dashes.

    Returns its start and end.
    """
    wanted, _ = _folded(text)
    folded, offsets = _folded(page)
    for needle in (wanted, wanted.rstrip(".!?;:, ")):
        at = folded.find(needle)
        if needle and is_whole(folded, at, len(needle)):
            return offsets[at], offsets[at + len(needle) - 1] + 1
    return None


def _folded(text: str) -> tuple[str, list[int]]:
    """Return the normalised text, and each character's original offset."""
    characters, offsets = list[str](), list[int]()
    for at, character in enumerate(text.translate(_FOLD)):
        if character.isspace():
            if characters and characters[-1] != " ":
                characters.append(" ")
                offsets.append(at)
            continue
        for folded in character.casefold():
            characters.append(folded)
            offsets.append(at)
    return "".join(characters).rstrip(), offsets


def is_whole(text: str, start: int, length: int) -> bool:
    """Return True if a match begins and ends at whole words.

    Numbers count as words.
    """
    if start < 0:
        return False
    first, last = text[start], text[start + length - 1]
    before, after = text[max(0, start - 1) : start], text[start + length : start + length + 2]
    ends_in_word = _joins(last, after[:1])
    ends_in_number = last.isdecimal() and after[:1] in (".", ",") and after[1:].isdecimal()
    return not (ends_in_word or ends_in_number or _joins(before, first))


def _joins(before: str, after: str) -> bool:
    """Return True for two letters of one word.

    Scripts without spaces do not tell where a word ends.
    """
    return before.isalnum() and after.isalnum() and not (_UNSPACED.match(before) or _UNSPACED.match(after))
