"""Split text into sentences and words, for reports and pages alike."""

import re
from functools import lru_cache

from app.text.numerals import MONTH_NUMBERS

MAX_TEXT_SENTENCE = 400  # characters; text without full stops is cut at a space near here
# A marker that replaces something else in a report's text; see app.text.prose.
STOP_MARKER = "\U00100000-\U0010fffd"

_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_SENTENCE_WORD = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")
# Every repeat is bounded or starts only where no other can, so that no text takes quadratic time.
_END = re.compile(
    rf"""(?<![.!?…])[.!?…]{{1,10}}(?!\w)[*_"'”’»)\]]{{0,6}}
         (?:(?:\s{{0,3}}[{STOP_MARKER}]){{1,9}}(?=\s{{1,9}}[^\sa-z]|\s{{0,9}}\Z))?(?=\s|\Z)
       | [。！？｡।॥؟۔](?:\s{{0,3}}[{STOP_MARKER}]){{0,9}}
       | (?:\s{{0,3}}[{STOP_MARKER}]){{1,9}}(?=\s{{1,9}}[\u0e00-\u0e7f])
       | \n(?=[^\S\n]{{0,40}}(?:\n|[-*+•|\#]\s|\d{{1,3}}[.)]\s))""",
    re.VERBOSE,
)
# The same where no marker is: a look at one character rules nearly all out, in a third of the time.
_PLAIN_END = re.compile(
    r"""(?=[.!?…。！？｡।॥؟۔\n])
        (?:(?<![.!?…])[.!?…]{1,10}(?!\w)[*_"'”’»)\]]{0,6}(?=\s|\Z)
         | [。！？｡।॥؟۔]
         | \n(?=[^\S\n]{0,40}(?:\n|[-*+•|\#]\s|\d{1,3}[.)]\s)))""",
    re.VERBOSE,
)
_MARKER = re.compile(f"[{STOP_MARKER}]")
_ABBREVIATIONS = """abs adm al approx aprox av ave bd bldg bspw bzw ca capt cf ch cmdr co col corp dept dipl
    dist dr dra ed eds eg env eq et evtl exkl fig figs fr ft gem gen gens ggf gov hr hrsg inc ing inkl jr lt
    ltd maj messrs mio mlle mme mr mrd mrs ms mt nos núm op pág pp pres prof ref rep resp rev sec sen sgt sog
    sr sra srta st str tsd ud uds vgl vol vs zzgl др им млн млрд пр рис руб см стр тыс ул"""
_SHORT_WORDS = frozenset(_ABBREVIATIONS.split())
# What is short for something only before a number.
_NUMBER_ABBREVIATIONS = """abb apr art aug avr bd dec déc dez feb febr fév févr jan janv juil jul jun kap mar
    may no nov nr oct okt p s sep sept tab"""
_BEFORE_NUMBER = frozenset(_NUMBER_ABBREVIATIONS.split())
_DOTTED = re.compile(r"(?:[^\W\d_]{1,4}\.){1,4}-?[^\W\d_]{1,3}")
# What a number with a dot counts in German: "1. Januar", "19. Jahrhundert".
_COUNTED_WORDS = frozenset(
    (*MONTH_NUMBERS, "jahrhundert", "jahrhunderts", "jahrtausend", "weltkrieg", "platz", "auflage", "klasse")
)
_OPENING = "([{'\"“‘«*_"
# Words that say nothing about the subject. Negations are not among them.
_FUNCTION_WORDS = """a about all also an and any are as at be been being both but by can could d did do does
    each for from had has have he her here him his how i if in into is it its itself ll m may me more most
    much my of on or other our out over own re s same she should so some such t than that the their them then
    there these they this those through to too under up us ve very was we were what when where which while
    who whom why will with would you your"""
_EMPTY = frozenset(_FUNCTION_WORDS.split())


def spans(text: str, least: int = 1) -> list[tuple[int, int]]:
    """Return each sentence's start and end, without white space around it.

    A sentence of fewer than `least` characters goes with the one that follows.
    """
    found, start = list[tuple[int, int]](), 0
    for end in (_END if _MARKER.search(text) else _PLAIN_END).finditer(text):
        if end.end() - start >= least and _ends(text, end.start(), end.end()):
            found += _trimmed(text, start, end.end())
            start = end.end()
    return found + _trimmed(text, start, len(text))


def _ends(text: str, stop: int, end: int) -> bool:
    """Return False after abbreviations, in dates, and before small letters.

    Initials count as abbreviations.
    """
    if text[stop] != ".":
        return True
    return not text[end : end + 2].lstrip()[:1].islower() and not is_within(text, stop, end)


def is_within(text: str, stop: int, end: int) -> bool:
    """Return True if the dot at `stop` is part of its word."""
    before = text[max(0, stop - 30) : stop].split()[-2:]
    word = before[-1].lstrip(_OPENING).lower() if before else ""
    following = text[end : end + 30].split()[:1]
    return _is_short(word, before[0] if len(before) > 1 else "", following[0] if following else "")


def _is_short(word: str, before: str, after: str) -> bool:
    """True for a word whose dot does not end a sentence."""
    after = after.lstrip(_OPENING)
    if word.isdecimal() and len(word) <= 2:
        return after.rstrip(".,;:").lower() in _COUNTED_WORDS
    if word in ("г", "гг"):
        return not before.isdecimal()
    if _DOTTED.fullmatch(word):  # "U.S. The" ends, "U.S. Department" does not
        return after.lower() not in _EMPTY
    if len(word) == 1 and word.isalpha():
        return True
    return word in _SHORT_WORDS or (word in _BEFORE_NUMBER and after[:1].isdecimal())


def _trimmed(text: str, start: int, end: int) -> list[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return [(start, end)] if start < end else []


def short(text: str, found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Cut spans longer than MAX_TEXT_SENTENCE at white space."""
    pieces = list[tuple[int, int]]()
    for first, end in found:
        start = first
        while end - start > MAX_TEXT_SENTENCE:
            space = text.rfind(" ", start + MAX_TEXT_SENTENCE // 2, start + MAX_TEXT_SENTENCE)
            cut = space if space > 0 else start + MAX_TEXT_SENTENCE
            pieces += _trimmed(text, start, cut)
            start = cut
        pieces += _trimmed(text, start, end)
    return pieces


def words(text: str) -> list[str]:
    """Return the lower-case words, each Chinese, Japanese or Korean character alone."""
    return _SENTENCE_WORD.findall(text.lower())


def stems(text: str) -> frozenset[str]:
    """The stems of the words that say something."""
    return frozenset(map(stem, set(words(text)) - _EMPTY))


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Strip English endings coarsely, so "releases" and "released" agree."""
    if len(word) < 5 or not word.isalpha():
        return word.removesuffix("s") if len(word) == 4 and not word.endswith("ss") else word
    for ending in ("ing", "ied", "ies", "ed", "es", "s"):
        if word.endswith(ending) and not word.endswith(("ss", "us", "is")):
            word = word.removesuffix(ending) + ("y" if ending in ("ied", "ies") else "")
            break
    return word.rstrip("e") if len(word) > 3 else word
