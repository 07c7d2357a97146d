"""Decide by many signs together whether a sentence answers a question.

No sign proves it alone. How much each tells was learnt from public questions whose article was there, and not
there (`benchmarks/quality/fitting.py`); the weights are in `weights.py`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from math import sqrt
from sys import intern

from msgspec import UNSET, UnsetType

from app.agent.extractive.answer_kinds import kind_of, lacks, names
from app.agent.extractive.evidence_parts import Goal, PageSentence
from app.agent.extractive.page_prose import UNSPACED
from app.agent.extractive.sentence_form import defines
from app.agent.extractive.terms import Rarity
from app.agent.extractive.weights import BLIND, SEEN
from app.agent.extractive.word_evidence import ENTITLING, FEW_WORDS, evidence_of, fits, telling
from app.agent.ports import SeenSource
from app.text import languages

GRAM = 4  # letters; forms of one word share most such parts, in any language
CACHED_GRAMS = 2048  # sentences
CACHED_PAGE_GRAMS = 64  # pages, each of which has thousands
MAX_RUN = 5  # words in a row; longer ones tell no more
MAX_NUMBERED = 300  # words of a sentence, in their order


class Weighing:
    """Weigh the sentences of read pages for one question."""

    def __init__(
        self,
        step: str,
        goals: Mapping[str, Goal],
        lines: Sequence[PageSentence],
        sources: Sequence[SeenSource],
        rarity: Rarity,
    ) -> None:
        self._step, self._goals, self._rarity, self._kind = step, goals, rarity, kind_of(step)
        self._scores = {one.number: _of(one.score) for one in sources if one.coverage is not UNSET}
        first, second, *_ = *sorted(map(_of, (one.coverage for one in sources)), reverse=True), 0.0, 0.0
        self._lead = first - second
        pages = {line.number: line for line in lines}
        self._every = {
            language: frozenset[str]().union(
                *(one.page for one in pages.values() if one.language == language)
            )
            for language in goals
        }
        self._tells = {language: self._telling(language) for language in goals}
        self._letters = {language: _letters_of(step, language) for language in goals}
        words = dict[int, set[str]]()
        for line in lines:
            words.setdefault(line.number, set()).update(line.words)
        self._of_page = {
            one.number: page_grams_of(frozenset(words[one.number])) & self._letters[one.language]
            for one in pages.values()
        }
        holding = Counter(gram for held in self._of_page.values() for gram in held)
        self._rare_letters = {
            language: {gram: 1 / (1 + holding[gram]) for gram in sorted(grams)}
            for language, grams in self._letters.items()
        }
        self._names = names(step)

    def _telling(self, language: str) -> dict[str, float]:
        """Return how much each of the question's words tells."""
        goal, rarity = self._goals[language], self._rarity
        return {
            term: telling(term, goal, language) * sqrt(rarity.of_most(term)) for term in sorted(goal.core)
        }

    def is_close(self, line: PageSentence) -> bool:
        """Return True if a word of the question is the sentence's own."""
        return bool(self._goals[line.language].core & line.terms)

    def answers(self, line: PageSentence) -> bool:
        """Return True if a sentence has all words, or enough signs."""
        if not self.is_close(line):
            return False
        if line.apart or self._is_titled_otherwise(line):  # the names decide then, not other signs
            return fits(line, self._goals[line.language], self._rarity)
        return self._has_all(line) or self.odds(line) > 0

    def _is_titled_otherwise(self, line: PageSentence) -> bool:
        """Return True if a page without a word is titled otherwise.

        The title shares a word with the question and has others: the school of a town, not its bridge.
        """
        goal = self._goals[line.language]
        asked_for = goal.core | goal.about | goal.wanted
        is_other = bool(line.title & asked_for) and not line.title <= asked_for
        return is_other and line.language not in ENTITLING and not goal.core <= line.page

    def _has_all(self, line: PageSentence) -> bool:
        """Return True if at most the kind asked for is missing."""
        goal = self._goals[line.language]
        wanted = goal.core - goal.asked or goal.core
        return wanted <= line.terms if len(wanted) <= FEW_WORDS else wanted <= line.terms | line.around

    def is_unfit(self, line: PageSentence) -> bool:
        """Return True if nothing in it is of the kind wanted."""
        return lacks(self._kind, line.sentence, self._step, line.language)

    def odds(self, line: PageSentence) -> float:
        """Return the logarithm of the odds, past what is asked for."""
        weights = SEEN if line.number in self._scores else BLIND
        signs = self.signs(line)
        told = sum(weight * signs[name] for name, weight in weights.of.items())
        return told - weights.least[script_of(line.language)]

    def signs(self, line: PageSentence) -> dict[str, float]:
        """Return what speaks for a sentence or against it, by name."""
        goal = self._goals[line.language]
        return {
            **self._by_words(line, goal),
            **self._by_letters(line),
            **self._by_form(line, goal),
            "score": self._scores.get(line.number, 0.0),
            "lead": self._lead,
        }

    def _by_words(self, line: PageSentence, goal: Goal) -> dict[str, float]:
        tells = self._tells[line.language]
        numbers = {term for term in goal.core if term[0].isdigit()}
        page = line.page | line.terms
        return {
            "evidence": evidence_of(line, goal, self._rarity),
            "absent": 1 - _share(tells, self._every[line.language] | line.terms),
            "unnamed": len(goal.names - page) / max(1, len(goal.names)),
            "unnumbered": len(numbers - page) / max(1, len(numbers)),
            "density": len(goal.core & line.terms) / sqrt(len(line.terms) + 1),
            "run": min(MAX_RUN, _run(self._step, line)) / MAX_RUN,
        }

    def _by_letters(self, line: PageSentence) -> dict[str, float]:
        wanted = self._letters[line.language]
        return {
            "page_letters": len(self._of_page[line.number]) / max(1, len(wanted)),
            "letters": _share(self._rare_letters[line.language], grams_of(line.words)),
        }

    def _by_form(self, line: PageSentence, goal: Goal) -> dict[str, float]:
        lower = line.sentence.lower()
        return {
            "fits": float(fits(line, goal, self._rarity)),
            "unfit": float(self.is_unfit(line)),
            "names": sum(name in lower for name in self._names) / max(1, len(self._names)),
            "defines": float(defines(line, goal)),
        }


def script_of(language: str) -> str:
    """Return how a language writes its words: what is enough differs."""
    if language in UNSPACED:
        return "unspaced"
    return {"ar": "arabic", "ru": "cyrillic", "de": "joined", "nl": "joined"}.get(language, "spaced")


def _of(value: float | UnsetType) -> float:
    return 0.0 if isinstance(value, UnsetType) else value


def _share(weights: Mapping[str, float], has: frozenset[str]) -> float:
    """Return the share of the weights that are in it."""
    total = sum(weights.values())
    return sum(weight for name, weight in weights.items() if name in has) / total if total else 0.0


def _parts_of(words: frozenset[str]) -> frozenset[str]:
    """Return the parts of a few letters that the words have."""
    return frozenset(intern(gram) for word in words for gram in _grams(word))


grams_of = lru_cache(CACHED_GRAMS)(_parts_of)
page_grams_of = lru_cache(CACHED_PAGE_GRAMS)(_parts_of)


def _grams(word: str) -> Iterator[str]:
    """Yield a word's parts, which are single characters in Chinese."""
    size = 1 if languages.is_paired(word) else GRAM if len(word) > GRAM else GRAM - 1
    return (word[at : at + size] for at in range(max(1, len(word) - size + 1)))


def _letters_of(step: str, language: str) -> frozenset[str]:
    return grams_of(frozenset(languages.content_words(step, language)))


def _run(step: str, line: PageSentence) -> int:
    """Count the most words in a row that both have."""
    asked, said = _ordered(step, line.language), _ordered(line.sentence, line.language)
    longest, before = 0, dict[int, int]()
    for word in asked:
        now = {at: before.get(at - 1, 0) + 1 for at, other in enumerate(said) if other == word}
        longest, before = max(longest, *now.values(), 0), now
    return longest


@lru_cache(2048)
def _ordered(text: str, language: str) -> tuple[str, ...]:
    found = languages.content_words(text, language)[:MAX_NUMBERED]
    return tuple(languages.stem(word, language) for word in found)
