"""Tell a text's language among those with a lexicon, stem its words.

`app.text.languages` tells those in which documents are indexed. A citation is checked in more of them, and
a report that is in none of the first must not be taken for one in the page's language.
"""

import re
from collections import Counter
from math import log

from app.text import languages
from app.text.lexicon import LANGUAGES, lexicon
from app.text.sentences import stem as english_stem

_STEMMERS = {
    "pl": "polish",
    "cs": "czech",
    "tr": "turkish",
    "fa": "persian",
    "id": "indonesian",
    "el": "greek",
    "sv": "swedish",
    "da": "danish",
    "fi": "finnish",
    "hu": "hungarian",
    "ro": "romanian",
}
_BEGINNING = {"uk": 5, "he": 4, "bn": 4}  # characters that tell a word where no stemmer is
_FEWER = 0.8  # of a script's letters that a text needs to be in it
_UNLIKE_LATIN = frozenset(["zh", "ja", "ko", "th", "hi", "ar", "ru"])
_LATIN_WITH_LEXICON = ("pl", "tr", "vi", "id", "cs", "sv", "da", "fi", "hu", "ro")
# Letters that of these only one has, and those that help to tell it.
_OWN_LETTERS = {
    "pl": re.compile("[ąęłńśźż]"),
    "tr": re.compile("[ğı]"),
    "vi": re.compile("[ơưđ\u1ea0-\u1ef9]"),
    "cs": re.compile("[ěřů]"),
    "hu": re.compile("[őű]"),
    "ro": re.compile("[țșăţ]"),
}
OWN_SHARE = 0.015  # of a text's letters
_HELPING_LETTERS = {
    "sv": re.compile("[åäö]"),
    "da": re.compile("[æøå]"),
    "fi": re.compile("[äö]"),
    "hu": re.compile("[áéóú]"),
    "cs": re.compile("[ťďňčšž]"),
}
MAX_LETTERS, LETTER = 12, 0.4  # letters that count, and how much
_OWN_SCRIPTS = {
    "el": re.compile("[\u0370-\u03ff\u1f00-\u1fff]"),
    "he": re.compile("[\u05d0-\u05ea]"),
    "bn": re.compile("[\u0985-\u09b9]"),
    "ar": re.compile("[\u0620-\u06d3]"),
    "ru": re.compile("[\u0400-\u04ff]"),
}
_ANY_LETTER = re.compile(r"[^\W\d_]")
_LATIN_LETTERS = re.compile(r"[^\W\d_]+")
_URDU = re.compile("[ٹڈڑےں]")
_PERSIAN = re.compile("[پچژگکی]")
_UKRAINIAN, _NOT_UKRAINIAN = re.compile("[іїєґ]", re.IGNORECASE), re.compile("[ўыэёјљњћђџ]", re.IGNORECASE)
_RARE_LETTERS = 0.01  # of a text's letters that may be of a neighbour's
LEAST_TELLING = 5  # words by which a text is told not to be in a language
FUNCTION_SHARE = 0.1  # of its words that are function words, below which it is in another one

_FUNCTION_OF = {language: known.function for language in _LATIN_WITH_LEXICON if (known := lexicon(language))}
_SPOKEN_SHARED = Counter(
    word
    for words in (
        *_FUNCTION_OF.values(),
        *(languages.function_words(one) for one in ("en", "de", "fr", "es")),
    )
    for word in words
)


def spoken_language(text: str) -> str:
    """Detect a text's language, "" if it is unknown."""
    sample = text[: languages.MAX_SAMPLE]
    found = languages.detect(sample)
    letters = len(_ANY_LETTER.findall(sample)) if not sample.isascii() else 0
    for language, script in _OWN_SCRIPTS.items() if letters else ():
        if len(script.findall(sample)) > _FEWER * letters:
            return _of_script(language, found, sample, letters)
    if found in _UNLIKE_LATIN:
        return found
    return _own(sample, letters) or _of_latin(found, sample)


def _own(sample: str, letters: int) -> str:
    """Return the language whose own letters a text has, or ""."""
    lower = sample.casefold() if letters else ""
    counts = {language: len(own.findall(lower)) for language, own in _OWN_LETTERS.items()}
    best = max(counts, key=counts.__getitem__)
    return best if counts[best] > OWN_SHARE * letters and letters else ""


def _of_script(language: str, found: str, sample: str, letters: int) -> str:
    """Tell languages of one script by the letters that only one has."""
    if language == "ru":
        has_own = len(_UKRAINIAN.findall(sample)) > _RARE_LETTERS * letters
        return "uk" if has_own and len(_NOT_UKRAINIAN.findall(sample)) <= _RARE_LETTERS * letters else found
    if language == "ar":
        is_persian = len(_PERSIAN.findall(sample)) > _RARE_LETTERS * letters
        return "fa" if is_persian and len(_URDU.findall(sample)) <= _RARE_LETTERS * letters else found
    return language


def _of_latin(found: str, sample: str) -> str:
    """Tell a language written in Latin letters, `found` if it is ahead."""
    lower = sample.casefold()
    words = Counter(_LATIN_LETTERS.findall(lower))
    scores = dict.fromkeys(_LATIN_WITH_LEXICON, 0.0)
    for language, letters in _HELPING_LETTERS.items():
        scores[language] = LETTER * min(MAX_LETTERS, len(letters.findall(lower)))
    for language, known in _FUNCTION_OF.items():
        hits = (words[word] * log(1 + 7 / _SPOKEN_SHARED[word]) for word in known if word in words)
        scores[language] += sum(hits)
    best = max(scores, key=scores.__getitem__)
    second = max(score for language, score in scores.items() if language != best)
    before = max(languages.latin_scores(sample).values())
    if scores[best] <= languages.LEAD * before:
        return found
    return best if scores[best] > languages.LEAD * second else ""


def function_words(language: str) -> frozenset[str]:
    """Return a language's words without a subject, none if unknown."""
    known = lexicon(language) if language in LANGUAGES else None
    return languages.function_words(language) or (known.function if known else frozenset())


def stem(word: str, language: str) -> str:
    """Stem a lower-case word, by its beginning if there is no stemmer."""
    if language in ("", "en"):
        return english_stem(word)
    if language in _STEMMERS and len(word) <= languages.MAX_WORD:
        return languages.stemmed(word, _STEMMERS[language])
    return word[: _BEGINNING[language]] if language in _BEGINNING else languages.stem(word, language)


def is_foreign(text: str, spoken: str, language: str) -> bool:
    """Return True if a text is not in a page's language.

    Args:
        text: of a report.
        spoken: its language, "" if unknown.
        language: of the page.
    """
    if not language or spoken == language:
        return False
    if spoken:
        return True
    words, known = languages.words(text), function_words(language)
    told = sum(word in known for word in words)
    return bool(known) and len(words) >= LEAST_TELLING and told < FUNCTION_SHARE * len(words)
