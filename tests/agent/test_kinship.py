"""A question meets a page in other forms of its words, and a page about another place is told from it."""

from hashlib import sha256

import pytest

from app.agent.extractive import kinship, select
from app.agent.ports import Ask, SeenSource
from benchmarks.quality.data import made


@pytest.mark.parametrize(
    ("want", "word", "language"),
    [
        ("gegrundet", "grundet", "de"),
        ("angetrieb", "trieb", "de"),
        ("schulkind", "kind", "de"),
        ("graben", "wallgraben", "de"),
        ("migrat", "migrant", "en"),
    ],
)
def test_another_form_and_a_part_of_a_compound_are_kin(want, word, language):
    assert kinship.kin([want], [word], language) == {word: frozenset([want])}


@pytest.mark.parametrize(
    ("want", "word", "language"),
    [
        ("geld", "ld", "de"),
        ("gestern", "stern", "en"),
        ("1968", "19681", "en"),
        ("station", "statut", "en"),
        ("加罗", "加罗镇", "zh"),
        ("interest", "internal", "en"),
    ],
)
def test_words_that_only_look_alike_are_not_kin(want, word, language):
    assert kinship.kin([want], [word], language) == {}


DATA = made()
TITLES = {article.key: article.title for article in DATA.articles}


def is_answered(question, articles):
    texts = {sha256(one.text.encode()).hexdigest(): one.text for one in articles}
    sources = tuple(
        SeenSource(n, one.key, one.title, one.text[:300], sha256(one.text.encode()).hexdigest())
        for n, one in enumerate(articles, 1)
    )
    ask = Ask(question.text, "2026-01-01", "standard", 9, ("write_report",), "", (), (), sources)
    return "[" in select(ask, texts).content


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ru", "ar"])
def test_a_place_is_answered_from_its_article_and_not_from_that_of_another(language):
    every = [one for one in DATA.articles if one.key.startswith(f"place:{language}/")]
    asked = [one for one in DATA.questions if one.language == language]
    false, kept = 0, 0
    for question in asked:
        others = [one for one in every if one.key not in question.relevant]
        false += not is_answered(question, every)
        kept += is_answered(question, others)

    assert len(asked) == 24
    assert false <= 0.12 * len(asked)
    assert kept <= (0.05 if language != "ru" else 0.25) * len(asked)
