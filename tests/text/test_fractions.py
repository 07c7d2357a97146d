"""Fractions and decades in words are the values that digits have."""

import pytest

from app.agent import quotes

SAME = [
    ("en", "Three quarters of the boats in Lund were sold.", "75 % of the boats in Lund were sold."),
    ("en", "Two thirds of the boats in Lund were sold.", "67 % of the boats in Lund were sold."),
    ("en", "In Lund 75 % of the boats were sold.", "In Lund three quarters of the boats were sold."),
    ("en", "A quarter of the boats in Lund were sold.", "In Lund 25 percent of the boats were sold."),
    ("en", "Half of the boats in Lund were sold.", "In Lund 50 % of the boats were sold."),
    (
        "en",
        "The mill of Lund was built in the nineteen-twenties.",
        "The mill of Lund was built in the 1920s.",
    ),
    ("en", "The mill of Lund was built in the 1920s.", "The mill of Lund was built in the twenties."),
    ("de", "Drei Viertel der Boote in Lund wurden verkauft.", "75 % der Boote in Lund wurden verkauft."),
    ("de", "Die Hälfte der Boote in Lund wurde verkauft.", "In Lund wurden 50 % der Boote verkauft."),
    (
        "de",
        "Die Mühle in Lund entstand in den zwanziger Jahren.",
        "Die Mühle in Lund entstand in den 1920 Jahren.",
    ),
    ("fr", "Deux tiers des bateaux de Lund ont été vendus.", "67 % des bateaux de Lund ont été vendus."),
    ("fr", "La moitié des bateaux de Lund ont été vendus.", "50 % des bateaux de Lund ont été vendus."),
    ("fr", "Le moulin de Lund date des années vingt.", "Le moulin de Lund date des années 1920."),
    ("es", "Tres cuartos de los barcos de Lund se vendieron.", "El 75 % de los barcos de Lund se vendieron."),
    ("es", "La mitad de los barcos de Lund se vendieron.", "El 50 % de los barcos de Lund se vendieron."),
    ("es", "El molino de Lund es de los años veinte.", "El molino de Lund es de los años 1920."),
]
OTHERS = {
    "75": "35",
    "67": "32",
    "25": "65",
    "50": "40",
    "1920": "1950",
    "three quarters": "two fifths",
    "twenties": "fifties",
}


def is_kept(claim, page, language):
    asked = quotes.claimed(claim, language, spoken=language)
    found = quotes.IndexedPage(page, asked.stems, 100_000, language).find(asked)
    return isinstance(found, quotes.FoundQuotes)


@pytest.mark.parametrize(("language", "claim", "page"), SAME)
def test_a_fraction_or_a_decade_in_words_is_the_number(language, claim, page):
    written = next(number for number in OTHERS if number in page)

    assert is_kept(claim, page, language)
    assert not is_kept(claim, page.replace(written, OTHERS[written]), language)


@pytest.mark.parametrize(
    ("claim", "page"),
    [
        (
            "Sales of the mill grew in the second half of 2020.",
            "In the second half of 2020 sales of the mill grew.",
        ),
        ("In the third quarter sales of the mill grew.", "Sales of the mill grew in the third quarter."),
        ("The mill of Lund had two thirds of the trade.", "Two thirds of the trade had the mill of Lund."),
        ("Half of the boats in Lund were sold.", "In Lund half the boats were sold."),
    ],
)
def test_a_half_or_a_quarter_of_a_year_is_none(claim, page):
    assert is_kept(claim, page, "en")
