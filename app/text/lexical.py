"""Compare two texts by the meaning-turning words of their lexicons."""

import re
from collections.abc import Sequence
from functools import lru_cache

from app.text import languages
from app.text.lexicon import LANGUAGES, pattern_of, signs
from app.text.spoken import function_words, stem

__all__ = ["HEDGE", "LEXICAL", "NEGATION", "knows", "opposed", "signs", "size", "turned"]

NEGATION, HEDGE = "negation", "hedge"
OPPOSITE = "the page says the opposite: a negation differs"
RESERVED = "the page says it with a reservation that is missing here"
OTHERWISE = "the page says the opposite of a word"
TURNED = {
    "rise": "the page says that it went the other way",
    "order": "the page has before and after the other way round",
    "more": "the page compares the two the other way round",
}
# Languages that are compared by their lexicon; for the others `meaning` has rules of their own.
LEXICAL = LANGUAGES - {"en", "de", "fr", "es", "it", "pt", "nl", "ru", "zh"}
NEARLY_SAME = 0.6  # share of a claim's words that a page's sentence has which says nearly the same
TOLD_CLAUSE = 0.3  # of the words of a clause of the page that the claim has, too
LEAST_CLAUSE = 3  # words of a clause that can say something of its own
BESIDE_ORDER = 2  # words on each side of "before" by which two sentences are compared
MAX_LEXICAL = 2000  # characters that are looked at
_TOLD_CLAUSES = re.compile(r"[,;:—–،؛、，；。।！？؟]\s?|[.!?]\s")
_DIGIT = re.compile(r"\d")
# How many Latin letters a letter of other scripts says as much as.
_WIDTHS = (
    (re.compile("[\u3040-\u30ff\u3400-\u9fff]"), 2.6),
    (re.compile("[\uac00-\ud7af]"), 2.0),
    (re.compile("[\u05d0-\u06ff\u0e00-\u0e7f]"), 1.25),
    (re.compile("[\u0900-\u0dff]"), 1.6),  # vowel signs are no letters
)
_SIZED_LETTER = re.compile(r"[^\W_]")


def knows(language: str) -> bool:
    """Return True if a language has a lexicon."""
    return language in LANGUAGES


def size(text: str) -> float:
    """Return how much a text says, in Latin letters.

    A word counts once: the same quote may be given twice.
    """
    text = " ".join(dict.fromkeys(text.split()))
    wider = sum((width - 1) * len(script.findall(text)) for script, width in _WIDTHS)
    return len(_SIZED_LETTER.findall(text)) + wider


def opposed(said: frozenset[str], there: frozenset[str], claim: str, quote: str) -> str:
    """Return why the signs of two texts contradict each other, or ""."""
    for sign in sorted(said):
        other = _other(sign)
        if other and other not in said and other in there and sign not in there:
            is_counted = _DIGIT.search(claim) and _DIGIT.search(quote)
            if is_counted or not sign.startswith("more"):
                return TURNED.get(sign[:-1], OTHERWISE)
    is_more = "all" in said and "some" not in said and "some" in there and "all" not in there
    return "the page says it of some, not of all" if is_more else ""


def _other(sign: str) -> str:
    """Return the sign of the opposite, "" if there is none."""
    return {"+": f"{sign[:-1]}-", "-": f"{sign[:-1]}+"}.get(sign[-1], "")


def turned(claim: str, quote: str, language: str, kinds: Sequence[str] = ()) -> str:
    """Return why a claim contradicts a sentence of its language.

    "" if it does not. With `kinds` only those opposites are compared.
    """
    claim, quote = claim[:MAX_LEXICAL], quote[:MAX_LEXICAL]
    mine = _terms(claim, language)
    if not mine or len(mine & _terms(quote, language)) < NEARLY_SAME * len(mine):
        return ""
    part = _told_part(mine, quote, language)
    said, there = signs(claim, language), signs(part, language)
    if kinds:
        said, there = _only(said, kinds), _only(there, kinds)
    if NEGATION in said ^ there:
        return OPPOSITE
    if HEDGE in there and HEDGE not in said:
        return RESERVED
    mirrored = {
        sign for sign in said if sign.startswith("order") and _is_mirrored(sign, claim, part, language)
    }
    return opposed(said - mirrored, there, claim, part)


def _only(found: frozenset[str], kinds: Sequence[str]) -> frozenset[str]:
    """Keep some opposites, and "all" and "some"."""
    return frozenset(sign for sign in found if sign[:-1] in kinds or sign in ("all", "some"))


@lru_cache(maxsize=2000)
def _terms(text: str, language: str) -> frozenset[str]:
    empty = function_words(language)
    return frozenset(stem(word, language) for word in languages.words(text) if word not in empty)


def _told_part(mine: frozenset[str], quote: str, language: str) -> str:
    """Return the clauses of a sentence that a claim tells, too."""
    clauses = [clause for clause in _TOLD_CLAUSES.split(quote) if clause]
    told = [clause for clause in clauses if len(_terms(clause, language) & mine) >= _least(clause, language)]
    return ", ".join(told) or quote


def _least(clause: str, language: str) -> float:
    """Return how many of a clause's words a claim needs.

    None of "probably".
    """
    said = len(_terms(clause, language))
    return TOLD_CLAUSE * said if said >= LEAST_CLAUSE else 0


def _is_mirrored(sign: str, claim: str, quote: str, language: str) -> bool:
    """Return True for "A before B" beside "B after A"."""
    one, other = pattern_of(sign, language), pattern_of(_other(sign), language)
    here = one.search(claim.casefold()) if one else None
    there = other.search(quote.casefold()) if other else None
    if not here or not there:
        return False
    mine = _beside(claim, here.span(), language)
    theirs = _beside(quote, there.span(), language)
    return not any(a & b for a, b in zip(mine, theirs, strict=True))


def _beside(text: str, span: tuple[int, int], language: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the words right before and right behind a place."""
    before, behind = languages.words(text[: span[0]]), languages.words(text[span[1] :])
    return tuple(  # type: ignore[return-value]
        frozenset(stem(word, language) for word in side)
        for side in (before[-BESIDE_ORDER:], behind[:BESIDE_ORDER])
    )
