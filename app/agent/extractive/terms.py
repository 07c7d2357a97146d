"""Reduce words to comparable terms, without endings and common words."""

import re
from collections import Counter
from collections.abc import Iterable
from math import log

from app.text import languages

# A negation carries no subject, though it turns a meaning.
ENGLISH_FUNCTION_WORDS = languages.function_words("en") | {"no", "nor", "not"}
ENGLISH_QUESTION_WORDS = languages.question_words("en")

SYMBOL = re.compile(r"[=<>!+*/%&|^~@-]{1,3}")
QUOTED = re.compile(r"[\"“`']{1,20}([^\s\"“”`']{1,20})[\"”`']+")


def terms(text: str, language: str = "en", stems: str = "") -> frozenset[str]:
    """Return stems, and quoted words and operators as `"is"`, `"=="`.

    They are of the words that carry the subject.

    A question in one language that is held against a page in another takes the stems of the page's.
    """
    found = languages.content_words(text, language)
    return frozenset(languages.stem(word, stems or language) for word in found) | literals(text)


def literals(text: str) -> set[str]:
    """Return quoted function words and operators, which are themselves the subject."""
    return {
        f'"{inner}"'
        for inner in QUOTED.findall(text.lower())
        if inner in ENGLISH_FUNCTION_WORDS or SYMBOL.fullmatch(inner)
    }


class Rarity:
    """How much a term tells: most if rare or unknown."""

    def __init__(self, sentences: Iterable[frozenset[str]]) -> None:
        counts: Counter[str] = Counter()
        self._total = 0
        for sentence in sentences:
            counts.update(sentence)
            self._total += 1
        self._counts = counts

    def weight(self, term: str) -> float:
        """Inverse document frequency, in nats, never 0."""
        return log(2 + self._total / (0.5 + self._counts[term]))

    def of_most(self, term: str) -> float:
        """Return a term's weight as a share of an unknown one's."""
        return self.weight(term) / log(2 + 2 * self._total)

    def share(self, wanted: frozenset[str], has: frozenset[str]) -> float:
        """Return the share of `wanted` in `has`, weighed by rarity.

        It is 0..1, and 0 if nothing is wanted.
        """
        total = sum(map(self.weight, sorted(wanted)))
        return sum(map(self.weight, sorted(wanted & has))) / total if total else 0.0
