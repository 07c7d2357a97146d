"""Leave out badges and link farms, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text.main_text import main_text

PROSE = "The bridge fell on 7 November 1940, as [the report](https://example.org/r) of the board says."
MENU = "\n".join(f"- [Section {n}](https://example.org/{n})" for n in range(9))
BADGES = "[![build](https://ci.example/b.svg)](https://ci.example) ![stars](https://img.example/s.svg)"


def test_badges_and_menus_go_and_prose_with_its_links_stays():
    text = main_text(f"{BADGES}\n\n# Bridge\n\n{MENU}\n\n{PROSE}")

    assert PROSE in text
    assert "# Bridge" in text
    assert "Section" not in text
    assert "svg" not in text


def test_a_few_links_are_a_list_of_sources():
    text = f"{PROSE}\n\n- [One](https://example.org/1)\n- [Two](https://example.org/2)"

    assert main_text(text) == text


def test_a_page_that_is_nothing_but_links_stays():
    assert main_text(MENU) == MENU


@pytest.mark.parametrize("text", ["", "a", PROSE, "| a | b |\n|---|---|\n| 1 | 2 |", "f(x)[1](2)"])
def test_what_has_no_farm_is_left_alone(text):
    assert main_text(text) == text


@given(st.text(alphabet="[]()!ab :/\nhtps.", max_size=300))
def test_words_outside_links_are_never_lost(noise):
    assert PROSE in main_text(f"{PROSE}\n{noise}\n{PROSE}")


@pytest.mark.parametrize("unit", ["[", "![", "![a](", "[](", "[a](b)", "https://", "\n[a](b)"])
def test_hostile_pages_take_linear_time(unit):
    main_text(unit * 60_000)
