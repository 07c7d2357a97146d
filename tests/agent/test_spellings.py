"""A page is found by number, or by its URL however spelled."""

import pytest

from app.agent.spellings import Spellings
from app.domain.research import Source
from app.text.urls import normalise

ADDRESS = "https://www.example.com/guide/boiling?page=2"
ODD = normalise("https://evil.example.com/<svg/onload=alert(6)>")


@pytest.fixture
def spellings():
    made = (Source(1, ADDRESS, "Boiling", "", "1/search/1"), Source(2, ODD, "Odd", "", "1/search/1"))
    return Spellings(made)


@pytest.mark.parametrize(
    ("spelled", "number"),
    [
        ("1", 1),
        ("[1]", 1),
        ("source 2", 2),
        (ADDRESS, 1),
        (f"<{ADDRESS}>", 1),
        (f"[Boiling]({ADDRESS})", 1),
        ("example.com/guide/boiling?page=2", 1),
        ("http://example.com/guide/boiling?page=2/", 1),
        ("/guide/boiling?page=2", 1),
        ("Boiling", 1),
        ("https://evil.example.com/<svg/onload=alert(6)>", 2),
        (f"<{ODD}>", 2),
        ("https://example.com/other", None),
        ("7", None),
        ("javascript:alert(3)", None),
    ],
)
def test_a_source_is_found_however_it_is_spelled(spellings, spelled, number):
    found = spellings.find(spelled)
    assert (found.number if found else None) == number
