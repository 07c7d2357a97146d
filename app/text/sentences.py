"""Where a sentence ends, and the words in it: the same rules for reports and for pages."""

import re
from functools import lru_cache

LONGEST = 400  # characters; text without full stops is cut at a space near here
# A marker that stands for something else in a report's text; see app.text.prose.
MARKER = "\U00100000-\U0010fffd"

_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")
# Every repeat is bounded or starts only where no other can, so that no text takes quadratic time.
_END = re.compile(
    rf"""(?<![.!?…])[.!?…]{{1,10}}(?!\w)[*_"'”’»)\]]{{0,6}}
         (?:(?:\s{{0,3}}[{MARKER}]){{1,9}}(?=\s{{1,9}}[^\sa-z]|\s{{0,9}}\Z))?(?=\s|\Z)
       | [。！？](?:\s{{0,3}}[{MARKER}]){{0,9}}
       | \n(?=[^\S\n]{{0,40}}(?:\n|[-*+•|\#]\s|\d{{1,3}}[.)]\s))""",
    re.VERBOSE,
)
_ABBREVIATIONS = """al approx art bzw ca cf ch co corp dept dr ed eds eg e.g eq et fig figs gen i.e ie inc
    jr ltd mr mrs ms no nos nr op p.ex p pp prof ref resp rev sec sr st u.a vol vs z.b a.k.a"""
_SHORT = frozenset(_ABBREVIATIONS.split())
# Words that say nothing about the subject. Negations are not among them.
_FUNCTION_WORDS = """a about all also an and any are as at be been being both but by can could d did do does
    each for from had has have he her here him his how i if in into is it its itself ll m may me more most
    much my of on or other our out over own re s same she should so some such t than that the their them then
    there these they this those through to too under up us ve very was we were what when where which while
    who whom why will with would you your"""
_EMPTY = frozenset(_FUNCTION_WORDS.split())


def spans(text: str, least: int = 1) -> list[tuple[int, int]]:
    """Start and end of each sentence, in characters, without the white space around it.

    A sentence of fewer than `least` characters goes with the one that follows.
    """
    found, start = list[tuple[int, int]](), 0
    for end in _END.finditer(text):
        if end.end() - start >= least and _ends(text, end.start(), end.end()):
            found += _trimmed(text, start, end.end())
            start = end.end()
    return found + _trimmed(text, start, len(text))


def _ends(text: str, stop: int, end: int) -> bool:
    """False after an abbreviation or an initial, and before a small letter."""
    if text[stop] != ".":
        return True
    if text[end : end + 2].lstrip()[:1].islower():
        return False
    before = text[max(0, stop - 12) : stop].split()
    word = before[-1].lstrip("([{'\"“‘«*_").lower() if before else ""
    return word not in _SHORT and not (len(word) == 1 and word.isalpha())


def _trimmed(text: str, start: int, end: int) -> list[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return [(start, end)] if start < end else []


def short(text: str, found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans with those that are longer than LONGEST cut in pieces at white space."""
    pieces = list[tuple[int, int]]()
    for first, end in found:
        start = first
        while end - start > LONGEST:
            space = text.rfind(" ", start + LONGEST // 2, start + LONGEST)
            cut = space if space > 0 else start + LONGEST
            pieces += _trimmed(text, start, cut)
            start = cut
        pieces += _trimmed(text, start, end)
    return pieces


def words(text: str) -> list[str]:
    """The words in lower case; each Chinese, Japanese or Korean character is one."""
    return _WORD.findall(text.lower())


def stems(text: str) -> frozenset[str]:
    """The stems of the words that say something."""
    return frozenset(stem(word) for word in words(text) if word not in _EMPTY)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """A word without its English ending: coarse, but the same for "releases" and "released"."""
    if len(word) < 5 or not word.isalpha():
        return word.removesuffix("s") if len(word) == 4 and not word.endswith("ss") else word
    for ending in ("ing", "ied", "ies", "ed", "es", "s"):
        if word.endswith(ending) and not word.endswith(("ss", "us", "is")):
            word = word.removesuffix(ending) + ("y" if ending in ("ied", "ies") else "")
            break
    return word.rstrip("e") if len(word) > 3 else word
