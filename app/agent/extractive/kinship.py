"""Find words of a question whose forms or parts a page has."""

import re
from collections.abc import Iterable

COMPOUNDING = {"de", "nl"}  # languages that write compounds as one word
JOINING = COMPOUNDING | {"ar"}  # or write small words as a part of the next one
UNALIKE = {"zh", "ja", "ko", "th", "hi"}  # whose words a common beginning does not show to be kin
MIN_PART = 5  # letters of a part of a compound in the page
MIN_HEAD = 4  # letters of the last part of a compound in the question, which says what it is
MIN_BEGIN = 5  # letters with which two forms of a word begin
ALIKE = 0.65  # of the longer of two forms

# What Arabic writes before a word as a part of it: and, so, by, for, like, the, and the persons of a verb.
_BEFORE = re.compile(r"\A(?:[وف]?(?:[بلك]?ال|لل|[بلكسيتناأم])|[وف])(?=\w{3})")
_PARTICIPLE = re.compile(r"\A(ab|an|auf|aus|bei|ein|her|hin|mit|nach|vor|weg|zu|zusammen)?ge(?=\w{4})")


def kin(wanted: Iterable[str], words: Iterable[str], language: str) -> dict[str, frozenset[str]]:
    """Map words of a page to the wanted words of their kin."""
    if language in UNALIKE:
        return {}
    held, found = frozenset(words), dict[str, set[str]]()
    for want in frozenset(wanted) - held:
        for word in held:
            if is_kin(want, word, language):
                found.setdefault(word, set()).add(want)
    return {word: frozenset(wants) for word, wants in found.items()}


def is_kin(want: str, word: str, language: str) -> bool:
    """Return True for another form, or a part, of a wanted word."""
    if want[:1].isdigit() or word[:1].isdigit():
        return False
    if language == "ar":
        return bool({want, _BEFORE.sub("", want)} & {word, _BEFORE.sub("", word)})
    if language in COMPOUNDING:
        if (len(want) >= MIN_PART and want in word) or (len(word) >= MIN_HEAD and want.endswith(word)):
            return True
        want, word = _finite(want), _finite(word)
    shared = next((at for at, (a, b) in enumerate(zip(want, word, strict=False)) if a != b), None)
    begin = min(len(want), len(word)) if shared is None else shared
    return begin >= MIN_BEGIN and begin >= ALIKE * max(len(want), len(word))


def _finite(word: str) -> str:
    """Return a German participle without its "ge"."""
    return _PARTICIPLE.sub(r"\1", word)
