"""Claims fall and stay alike in every language with a lexicon.

The same scenes are told in each: a page's sentence, a falsehood made of it, and the truth in other words.
A report is checked over a page in its language, and over the English page whose words it gives as quotes.
"""

from pathlib import Path

import pytest

from app.agent.citations import bind
from app.domain.research import Research, Source
from app.domain.tools import SourceQuote
from app.text.languages import detect
from app.text.lexical import size
from app.text.lexicon import LANGUAGES, lexicon, signs
from app.text.numbers import figures
from app.text.spoken import is_foreign, spoken_language
from tests.growth.measure import MOST, repeated, steepest
from tests.text.test_hostile_pairs import read as read_pairs

KINDS = {
    "many_languages": [
        "number",
        "scale",
        "month",
        "negation",
        "rise",
        "hedge",
        "some",
        "words",
        "order",
        "unit",
    ],
    "more_many_languages": ["none", "rise", "north", "vote", "win", "often", "more", "year"],
}
RESEARCH = Research(sources=(Source(1, "https://example.com/1", "A page", "", "1/search/1", "aa"),))
NO_SPACES = ("ja", "zh", "zh-Hant", "th")
# Told with too few of the page's characters.
LOST = {("zh", "negation"), ("zh-Hant", "negation"), ("zh-Hant", "more"), ("ja", "vote")}


def read(name):
    text = Path(__file__).with_name(f"{name}.txt").read_text(encoding="utf-8")
    for group in text.removeprefix("# ").split("\n# "):
        language, *lines = group.strip().split("\n")
        yield language, list(zip(lines[::3], lines[1::3], lines[2::3], strict=True))


SCENES = {(name, language): scenes for name in KINDS for language, scenes in read(name)}
FOREIGN = [(name, language) for name, language in SCENES if language != "en"]


def cited(claim):
    return f"{claim[:-1]} [1]{claim[-1]}" if claim[-1] in ".。।" else f"{claim} [1]"


def kept(name, claims, page, quotes=()):
    """Return the kinds of the claims that keep their citation."""
    content = "\n\n".join(map(cited, claims))
    given = tuple(SourceQuote(1, quote, claim[:60]) for claim, quote in zip(claims, quotes, strict=False))
    bound = bind("T", content, "high", RESEARCH, {"aa": page}, quotes=given)
    held = "\n".join(claim.text for claim in bound.claims)
    return {kind for kind, claim in zip(KINDS[name], claims, strict=True) if claim.rstrip(".。।") in held}


@pytest.mark.parametrize(("name", "language"), SCENES)
def test_over_a_page_in_its_language_the_true_sentences_stay_and_the_false_fall(name, language):
    pages, false, true = zip(*SCENES[name, language], strict=True)
    page = ("\n\n" if language in NO_SPACES else " ").join(pages)

    assert kept(name, false, page) == set()
    assert {(language, kind) for kind in set(KINDS[name]) - kept(name, true, page)} <= LOST


@pytest.mark.parametrize(("name", "language"), FOREIGN)
def test_over_an_english_page_with_its_words_as_quotes_too(name, language):
    _, false, true = zip(*SCENES[name, language], strict=True)
    english = [page for page, _, _ in SCENES[name, "en"]]

    assert kept(name, false, " ".join(english), english) == set()
    assert kept(name, true, " ".join(english), english) == set(KINDS[name])


@pytest.mark.parametrize(("name", "language"), SCENES)
def test_the_language_of_a_report_is_told(name, language):
    told = " ".join(sentence for scene in SCENES[name, language] for sentence in scene)

    assert spoken_language(told) == language.partition("-")[0]


def test_the_sentences_of_the_other_languages_are_told_as_before():
    groups = [[one for pair in pairs for one in pair] for _, _, pairs in read_pairs()]

    assert [spoken_language(" ".join(told)) for told in groups] == [detect(" ".join(told)) for told in groups]


def test_a_report_in_a_language_without_a_lexicon_is_told_from_one_in_the_page_s():
    swahili = "Daraja hilo lina urefu wa mita mia tatu na lilijengwa na serikali ya mkoa."

    assert is_foreign(swahili, "", "en")
    assert not is_foreign("The bridge is of steel and it was built by the province.", "", "en")


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_lexicon_is_read_in_time_that_grows_with_the_text(language):
    words = [word for pattern in lexicon(language).kinds.values() for word in pattern.pattern.split("|")[1:4]]
    texts = [repeated(piece) for piece in ("a", " ", "не", "ง", "mama", "1 ", *words[:4])]

    assert steepest(lambda text: (signs(text, language), size(text)), texts)[0] <= MOST


@pytest.mark.parametrize(
    ("text", "language", "year"),
    [
        ("เปิดเมื่อ พ.ศ. 2530", "th", "1987"),
        ("昭和62年に開館した", "ja", "1987"),
        ("令和3年", "ja", "2021"),
        ("民國76年", "zh", "1987"),
        ("سال ۱۳۶۶", "fa", "1987"),
        ("در ۱۳۶۶ خورشیدی", "fa", "1988"),
        ("في عام 1407 هـ", "ar", "1987"),
    ],
)
def test_a_year_of_another_calendar_is_one_of_the_common_era(text, language, year):
    assert year in figures(text, language, loose=False).values


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("dwadzieścia trzy osoby", "pl", "23"),
        ("dua belas orang", "id", "12"),
        ("on iki kişi", "tr", "12"),
        ("mười hai người", "vi", "12"),
        ("дев'ять учасників", "uk", "9"),
        ("3 crore", "en", "30000000"),
        ("३ करोड़", "hi", "30000000"),
        ("240만 명", "ko", "2400000"),
        ("2,4 tỷ", "vi", "2400000000"),
        ("40億ドル", "ja", "4000000000"),
        ("เจ็ดคน", "th", "7"),
    ],
)
def test_a_number_is_read_as_its_language_writes_it(text, language, value):
    assert value in figures(text, language, loose=False).values


def test_a_quote_that_is_given_twice_is_no_longer_than_one():
    page = "The stone bridge is longer than the rope bridge and was not damaged by the flood."
    false = "Die steinerne Brücke ist länger als die Hängebrücke und wurde von der Flut beschädigt [1]."
    quote = SourceQuote(1, page, "Die steinerne Brücke ist länger als die Hängebrücke")

    assert not bind("T", false, "high", RESEARCH, {"aa": page}, quotes=(quote, quote)).claims
