"""A word that turns the meaning takes a citation away.

Rules make the pairs from true sentences, which are the controls.
"""

from collections import Counter

import pytest

from app.agent import quotes
from app.text import meaning
from tests.text import pairs

LANGUAGES = ("en", "de")
LEAST = 12  # pairs of a kind and language
KINDS = tuple(pairs.rules("en"))


def find(claim, page, language):
    asked = quotes.claimed(claim, language, spoken=language)
    return quotes.IndexedPage(page, asked.stems, 100_000, language).find(asked)


def is_kept(*asked):
    return isinstance(find(*asked), quotes.FoundQuotes)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_of_each_kind_of_falsehood_at_most_one_in_twelve_is_accepted(kind, language):
    false = [(told, page) for of, page, _, told in pairs.false_pairs(language) if of == kind]
    accepted = [told for told, page in false if is_kept(told, page, language)]

    assert len(false) >= LEAST
    assert len(accepted) * 12 <= len(false), accepted


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_the_true_sentences_at_least_95_percent_are_kept(language):
    true = list(pairs.controls(language))
    lost = Counter(way for way, page, told in true if not is_kept(told, page, language))

    assert len(true) >= len(list(pairs.false_pairs(language)))
    assert sum(lost.values()) * 20 <= len(true), lost


KEPT = [
    # A negation that moved with its subject.
    ("In the storm last autumn no ships were damaged.", "No ships were damaged in the storm last autumn."),
    # Members of a list have no order.
    ("Lund, Bergen and Visby signed the treaty.", "Visby, Lund and Bergen signed the treaty."),
    # A part of the sentence is told in another place.
    ("In June 1871 Lund bought the salt works.", "Lund bought the salt works in June 1871."),
    # Who "he" is, the page says elsewhere.
    ("Karl Brandt built the mill in 1850.", "He built the mill in 1850. It was the first of Karl Brandt."),
    ("Karl Brandt built the mill in 1850.", "Mr Brandt built the mill in 1850 on the river."),
    ("The Swedish navy kept 12 ships in the bay.", "In the bay the navy of Sweden kept 12 ships."),
    (
        "The EU paid 40 million euros for it.",
        "The European Union paid 40 million euros for it.",
    ),
    # What is denied is what the claim leaves out.
    (
        "Exports of wool rose by a third.",
        "Exports of wool rose by one third, but guilds did not agree.",
    ),
    ("In 1956 Orion sold its yard to Nordal.", "In May 1956 Orion sold its yard to Nordal."),
    ("The tunnel is shorter than the bridge.", "The bridge is longer than the tunnel."),
    ("It happened on 3 March 1999 in the town hall.", "It happened in the town hall on 03.03.1999."),
]


@pytest.mark.parametrize(("claim", "page"), KEPT)
def test_what_only_looks_turned_is_kept(claim, page):
    assert is_kept(claim, page, "en"), find(claim, page, "en")


REFUSED = [
    ("The bridge is older than the tower.", "The tower is older than the bridge.", "other way round"),
    ("Sales of coal rose in 1902.", "It is not true that sales of coal rose in 1902.", "denied"),
    ("Sales of coal rose in 1902.", "Some believed that sales of coal rose in 1902.", "reservation"),
    ("Norway kept 12 ships in the bay that year.", "Sweden kept 12 ships in the bay that year.", "Norway"),
    ("The ships that Norway kept lay in the bay.", "The ships lay in the bay, kept by its owner.", "Norway"),
    ("It is possible to swim in the lake.", "It is impossible to swim in the lake.", "opposite"),
    ("All houses of the town burned down.", "Almost all houses of the town burned down.", "reservation"),
    ("The second bell weighs much more.", "The first bell weighs much more.", "first"),
    ("It was opened on 5 March 1999.", "It was opened on 3 May 1999, after 5 years.", "March"),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "page", "why"), REFUSED)
def test_what_is_turned_in_another_way_is_refused_and_says_why(claim, page, why):
    found = find(claim, page, "en")

    assert isinstance(found, str), found
    assert why in found


@pytest.mark.parametrize(
    ("claim", "quote", "is_turned"),
    [
        ("Die Ausfuhr stieg 1902 nicht.", "Exports rose in 1902.", True),
        ("Die Ausfuhr stieg 1902.", "Exports did not rise in 1902.", True),
        ("Die Ausfuhr sank 1902.", "Exports rose in 1902.", True),
        ("Die Ausfuhr stieg 1902.", "Exports may have risen in 1902.", True),
        ("Alle Häuser brannten ab.", "Some houses burned down.", True),
        ("Die Ausfuhr stieg 1902.", "Exports rose in 1902.", False),
        ("Nicht nur die Ausfuhr stieg 1902.", "Exports were one of the things that rose in 1902.", False),
        (
            "Die Ausfuhr stieg.",
            "Exports rose, which the guild of the merchants did not expect at all.",
            False,
        ),
    ],
)
def test_a_quote_in_another_language_is_compared_by_its_single_words(claim, quote, is_turned):
    across = meaning.turned(claim, quote, "en", share=0.0) or meaning.turned_across(claim, "de", quote, "en")

    assert bool(across) == is_turned, across
