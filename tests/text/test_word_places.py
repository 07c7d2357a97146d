"""To look where words stand finds what the expressions find everywhere."""

import random
import re
import sys
from itertools import islice

from app.text import fractions
from app.text.languages import _SPELLED_SIGNS, _sign_places
from app.text.word_places import ODD_LETTERS, matches_at, spelled_at

SPELLED = (
    (fractions._FRACTION, tuple(fractions.DENOMINATORS)),
    (fractions._HALF, fractions._HALVES),
    (fractions._DECADE, tuple(fractions.DECADES)),
)
WORDS = (
    *fractions.NUMERATORS, *fractions.DENOMINATORS, *fractions.DECADES, *fractions._HALVES, "of", "the",
    "its", "first", "last", "de", "di", "van", "der", "года", "годы", "jahren", "années", "años", "seventeen",
    "première", "-", " ", "\u00a0", "_", "9", *ODD_LETTERS, "ing", "wait", "eau", "ava", "ñ", "ü", "ij",
    "ción", " !", " ?", ":", "é",
)  # fmt: skip


def texts() -> list[str]:
    """Texts of the words that matter, joined in every way."""
    dice = random.Random(1)
    made = []
    for _ in range(4_000):
        words = dice.choices(WORDS, k=dice.randrange(1, 10))
        made.append(dice.choice((" ", "-", "")).join(map(dice.choice((str.lower, str.title)), words)))
    return made


def test_fractions_and_decades_are_found_where_the_whole_search_finds_them():
    for pattern, words in SPELLED:
        found = 0
        for text in texts():
            whole = [match.span() for match in pattern.finditer(text)]
            assert [match.span() for match in spelled_at(pattern, text, words)] == whole, text
            found += len(whole)
        assert found > 40


def test_the_signs_of_a_language_are_found_where_the_whole_search_finds_them():
    for language, signs in _SPELLED_SIGNS.items():
        for text in texts()[:1_500]:
            lower = text.lower()
            some = islice(matches_at(signs, lower, _sign_places(language, lower)), 3)
            assert [one.span() for one in some] == [one.span() for one in islice(signs.finditer(lower), 3)]


def test_no_other_letter_than_the_odd_ones_is_taken_for_one_of_the_words():
    every = "".join(map(chr, (*range(0xD800), *range(0xE000, sys.maxunicode + 1))))
    for letter in {letter for _, words in SPELLED for letter in "".join(words) if letter.isalpha()}:
        taken = {one for one in re.findall(letter, every, re.IGNORECASE) if one.lower() != letter}
        assert taken <= set(ODD_LETTERS)
