"""Match a question to other forms of its words in a page.

A page about another place is told apart.
"""

from hashlib import sha256

import pytest

from app.agent.extractive import Extractive, kinship, select
from app.agent.extractive.plan import queries
from app.agent.ports import Ask, SeenSource
from app.domain.research import Turn
from app.domain.tools import ReadPages, Reasoning, WebSearch
from benchmarks.quality.data import made


@pytest.mark.parametrize(
    ("want", "word", "language"),
    [
        ("gegrundet", "grundet", "de"),
        ("angetrieb", "trieb", "de"),
        ("schulkind", "kind", "de"),
        ("graben", "wallgraben", "de"),
        ("migrat", "migrant", "en"),
        ("لقبول", "قبول", "ar"),
        ("تغلق", "اغلق", "ar"),
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
        ("كتاب", "حساب", "ar"),
    ],
)
def test_words_that_only_look_alike_are_not_kin(want, word, language):
    assert kinship.kin([want], [word], language) == {}


DATA = made()
MENU = ("read_pages", "web_search", "write_report")
REASONING = Reasoning((), "", "", enough_data=False, remaining_steps=(), task_completed=False)
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
    assert kept <= 0.05 * len(asked)


def test_what_the_search_found_first_is_read_whatever_its_excerpt_shows():
    question = "When was the bridge of Garrowby built?"
    excerpts = ("Of oak.", "By hand.", *("The bridge of Garrowby was built." for _ in range(6)))
    sources = tuple(SeenSource(n, f"made:{n}", "", text) for n, text in enumerate(excerpts, 1))
    plan = (question,)
    search = WebSearch(queries(question, question, 2))
    turns = (Turn(1, REASONING, search),)
    ask = Ask(question, "2026-01-01", "standard", 2, MENU, question, plan, turns, sources)

    read = Extractive().step(ask, {}).step.function

    assert isinstance(read, ReadPages)
    assert read.urls[:3] == ("made:1", "made:2", "made:3")
