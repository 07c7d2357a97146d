"""Detect a text's language, and split it into that language's words.

A language is an ISO 639-1 code, "" where the text does not tell. Scripts without spaces between words
(Chinese, Japanese, Thai and the like, Korean too) are counted in pairs of characters, all others in stems.
Everything here takes time in proportion to the text, and looks at a bounded part of it to tell a language.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from itertools import islice
from math import log
from threading import local
from typing import Protocol

from app.text.function_words import FUNCTION_WORDS, QUESTION_WORDS
from app.text.word_places import matches_at, places

MAX_SAMPLE = 20_000  # characters that are looked at to tell a language
MAX_WORD = 60  # characters; longer runs are not words and are kept unchanged
LEAD = 1.15  # by which a language has to be ahead of the next one
STEMMERS = {
    "en": "english",
    "de": "german",
    "fr": "french",
    "es": "spanish",
    "pt": "portuguese",
    "it": "italian",
    "nl": "dutch",
    "ru": "russian",
    "ar": "arabic",
    "hi": "hindi",
}

# Characters of scripts that put no spaces between words, and Korean, whose words carry their particles.
PAIRED_SCRIPTS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0002fa1f"
)
WORD_MARKS = (
    "\u0300-\u036f\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f\u0951-\u0963\u0980-\u0dff\u200c\u200d"
)
_RUN = re.compile(f"[{PAIRED_SCRIPTS}]+")
_TEXT_WORD = re.compile(
    rf"(?P<run>[{PAIRED_SCRIPTS}]+)|(?:(?![{PAIRED_SCRIPTS}])[^\W_])(?:(?![{PAIRED_SCRIPTS}])(?:[^\W_]|[{WORD_MARKS}]))*"
)
_SPACED_WORD = re.compile(rf"[^\W_](?:[^\W_]|[{WORD_MARKS}])*")  # where no script is without spaces
_ASCII_WORD = re.compile("[a-z0-9]+")
_LATIN_WORD = re.compile(r"[a-zà-öø-ÿœß]+")
_DIACRITICS = re.compile("[\u0640\u064b-\u065f\u0670]")  # of Arabic: written or left out as one likes

_ASCII_LETTER = re.compile("[A-Za-z]")
# One character of a script without spaces says as much as two or three letters.
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]"), 2.5),
    ("zh", re.compile("[\u3400-\u4dbf\u4e00-\u9fff]"), 2.5),
    ("ko", re.compile("[\uac00-\ud7af]"), 2.5),
    ("th", re.compile("[\u0e00-\u0e7f]"), 1.0),
    ("hi", re.compile("[\u0900-\u0963]"), 1.0),
    ("ar", re.compile("[\u0620-\u064a]"), 1.0),
    ("ru", re.compile("[\u0400-\u04ff]"), 1.0),
    ("la", re.compile("[A-Za-zÀ-ÖØ-öø-ÿ]"), 1.0),
)
# Letters that a neighbour of the language has and it has not.
_FOREIGN = {
    "ru": re.compile("[іїєґўјљњћђџ]", re.IGNORECASE),
    "ar": re.compile("[پچژگکی]"),
}
# Letters, endings and habits that only one of the languages written in Latin letters has.
_LETTERS = {"de": "äöüß", "fr": "œêèùûîïë", "es": "ñ¿¡", "pt": "ãõ", "it": "òì"}
_ENDINGS = {
    "en": "ing ness ould",
    "de": "ung lich isch keit",
    "fr": "ait aient eux euse eau",
    "es": "ción aron ieron ía",
    "pt": "ções aram",
    "it": "zione zioni ava",
    "nl": "ij lijk heid",
}
_SPACED_MARKS = {"fr": "?!;:"}
_NOUN = re.compile(r"[a-zäöüß,] [A-ZÄÖÜ][a-zäöüß]")  # German writes its nouns so; others only names


def _signs(language: str) -> re.Pattern[str]:
    ways = [rf"\w(?:{_ENDINGS[language].replace(' ', '|')})\b"]
    if language in _LETTERS:
        ways.insert(0, f"[{_LETTERS[language]}]")
    if language in _SPACED_MARKS:
        ways.append(rf"\w\s[{_SPACED_MARKS[language]}](?=\s|\Z)")
    return re.compile("|".join(ways))


_SPELLED_SIGNS = {language: _signs(language) for language in _ENDINGS}
# Function words that are cut out of a run before it becomes pairs; others are too often part of a word.
_BETWEEN = {
    "zh": "的 了 是 在 和 与 與 及 或 于 於 由 被 吗 嗎 呢",
    "ja": "の は が を に です ます でした ました",
    "ko": "",
    "th": "และ ของ ที่ ครับ ค่ะ",
}
_LATIN = ("en", "de", "fr", "es", "pt", "it", "nl")
DETECTED = frozenset((*_LATIN, "ru", "ar", "hi", "zh", "ja", "ko", "th"))
_LANGUAGE = re.compile(r"\s*([a-z]{2,3})(?![^\s_-])")
# Names that stand for one written language.
_ONE_NAME = {
    "nb": "no",
    "nn": "no",
    "iw": "he",
    "in": "id",
    "cmn": "zh",
    "yue": "zh",
    "eng": "en",
    "deu": "de",
    "ger": "de",
}
_KNOWN = {language: FUNCTION_WORDS[language] | QUESTION_WORDS[language] for language in _LATIN}


def _told() -> dict[str, dict[str, float]]:
    """Weigh each function word, more if fewer languages share it."""
    shared = Counter(word for words in _KNOWN.values() for word in words)
    weights: dict[str, dict[str, float]] = {}
    for language, words in _KNOWN.items():
        for word in words:
            weights.setdefault(word, {})[language] = log(1 + len(_LATIN) / shared[word])
    return weights


_TOLD = _told()


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802 - the library's name


class _Stemmers(local):
    """The stemmers of one thread, as each keeps its current word."""

    def __init__(self) -> None:
        self.made: dict[str, _Stemmer] = {}

    def of(self, algorithm: str) -> _Stemmer:
        if algorithm not in self.made:
            library = import_module("snowballstemmer")  # who only tells languages apart does without it
            self.made[algorithm] = library.stemmer(algorithm)
        return self.made[algorithm]


_stemmers = _Stemmers()


def detect(text: str) -> str:
    """Detect a text's language by script, then by function words."""
    sample = text[:MAX_SAMPLE]
    if sample.isascii():
        return _latin(sample) if _ASCII_LETTER.search(sample) else ""
    weights = {name: len(script.findall(sample)) * weight for name, script, weight in _SCRIPTS}
    script = max(weights, key=weights.__getitem__)
    if not weights[script]:
        return ""
    if script == "la":
        return _latin(sample)
    if script == "zh" and weights["ja"] > 0.1 * weights["zh"]:
        return "ja"
    foreign = _FOREIGN.get(script)
    return "" if foreign and len(foreign.findall(sample)) > 0.01 * weights[script] else script


def _latin(sample: str) -> str:
    scores = latin_scores(sample)
    second, first = sorted(scores.values())[-2:]
    return max(scores, key=scores.__getitem__) if first > LEAD * second else ""


def latin_scores(sample: str) -> dict[str, float]:
    """Return how much speaks for each language written in Latin letters."""
    lower = sample.lower()
    words = _LATIN_WORD.findall(lower)
    scores = dict.fromkeys(_LATIN, 0.0)
    for name, signs in _SPELLED_SIGNS.items():
        scores[name] += 1.5 * sum(1 for _ in islice(matches_at(signs, lower, _sign_places(name, lower)), 3))
    for word in words:
        for language, weight in _TOLD.get(word, {}).items():
            scores[language] += weight
    if scores["de"]:
        scores["de"] += 0.5 * min(3, len(_NOUN.findall(sample)))
    return scores


def _sign_places(language: str, lower: str) -> Iterator[int]:
    """Yield where a sign of a language can begin."""
    for letter in _LETTERS.get(language, ""):
        yield from places(letter, lower)
    for ending in _ENDINGS[language].split():
        yield from (at - 1 for at in places(ending, lower) if at)
    for mark in _SPACED_MARKS.get(language, ""):
        yield from (at - 2 for at in places(mark, lower) if at > 1)


def same_language(one: str, other: str) -> bool:
    """Compare two BCP 47 tags, without their regions and scripts."""
    return primary(one) == primary(other)


def primary(tag: str) -> str:
    """Return the language of a BCP 47 tag, "" for none."""
    name = _LANGUAGE.match(tag.lower())
    return _ONE_NAME.get(name[1], name[1]) if name else ""


def language_of(stated: str, text: str) -> str:
    """Return a page's language, which its words tell best.

    `stated` is what the page says; templates are copied with a wrong one.
    """
    named = primary(stated)
    can_tell = not named or named in DETECTED
    return (detect(text) if can_tell else "") or named


def function_words(language: str) -> frozenset[str]:
    """Return a language's words without a subject, none if unknown."""
    return FUNCTION_WORDS.get(language, frozenset())


def question_words(language: str) -> frozenset[str]:
    """The words of a language that only ask."""
    return QUESTION_WORDS.get(language, frozenset())


def words(text: str) -> list[str]:
    """Return the words in order, in lower case.

    A run of a script without spaces comes as pairs of characters.
    """
    lower = text.lower()
    if lower.isascii():  # most pages are, and the short ways take a tenth of the time
        return _ASCII_WORD.findall(lower)
    bare, found = _DIACRITICS.sub("", lower), list[str]()
    if not _RUN.search(bare):
        return _SPACED_WORD.findall(bare)
    for match in _TEXT_WORD.finditer(bare):
        found += pairs(match[0]) if match["run"] else [match[0]]
    return found


def pairs(run: str) -> list[str]:
    """Return the overlapping pairs of a run, or its one character."""
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def stem(word: str, language: str) -> str:
    """Stem a lower-case word, unless its language has no stemmer."""
    return stemmed(word, STEMMERS[language]) if language in STEMMERS and len(word) <= MAX_WORD else word


@lru_cache(maxsize=50_000)
def stemmed(word: str, algorithm: str) -> str:
    """Stem a lower-case word by one of the library's algorithms."""
    return _stemmers.of(algorithm).stemWord(word) or word


def terms(text: str, language: str = "") -> frozenset[str]:
    """Return stems and pairs without function words and question words."""
    return frozenset(stem(word, language) for word in content_words(text, language))


def content_words(text: str, language: str) -> list[str]:
    """The words of a text that carry its subject, in their order."""
    return [word for word in words(_cut_paired(text, language)) if word not in _empty(language)]


def without_asking(text: str, language: str) -> str:
    """Remove the words that carry no subject, leaving others as written."""
    empty = _empty(language)
    return _TEXT_WORD.sub(
        lambda word: " " if word[0].lower() in empty else word[0], _cut_paired(text, language)
    )


def without_pairs(text: str) -> str:
    """Remove runs of scripts that are counted in pairs."""
    return _RUN.sub(" ", text)


def is_paired(word: str) -> bool:
    """Return True for a pair, or one character, of a paired script."""
    return bool(_RUN.match(word))


@lru_cache(maxsize=64)
def _empty(language: str) -> frozenset[str]:
    return function_words(language) | question_words(language)


@lru_cache(maxsize=64)
def _cut_out(language: str) -> re.Pattern[str] | None:
    """Remove question words and separators from text in scripts without spaces."""
    if language not in _BETWEEN:
        return None
    longest_first = sorted(question_words(language) | set(_BETWEEN[language].split()), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)))


def _cut_paired(text: str, language: str) -> str:
    pattern = _cut_out(language)
    return pattern.sub(" ", text) if pattern else text
