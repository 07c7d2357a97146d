"""Every pattern of the product takes time that grows as the text does, whatever is in it."""

import re

import pytest

from tests.growth.measure import MOST, repeated, steepest
from tests.growth.patterns import compiled, is_anchored, worst_texts

PATTERNS = compiled()


def test_the_walk_finds_what_is_compiled_and_what_is_written_in_calls():
    assert len(PATTERNS) > 150
    assert any(":" in name for name in PATTERNS)


# Patterns with more than one open end, and why they meet no long text.
BOUNDED = {
    "app.agent.extractive.plan.PAIRS": "a question of at most 4,000 characters, its white space folded",
    "app.text.not_found._NOT_FOUND": "a sentence of at most 600 characters",
    "app.agent.extractive.plan.HOW_DONE": "a step of at most 4,000 characters",
}


def is_bounded(name: str) -> bool:
    return name.partition("[")[0] in BOUNDED


@pytest.mark.parametrize("name", [name for name in PATTERNS if not is_bounded(name)])
def test_a_pattern_is_linear(name):
    pattern = PATTERNS[name]
    is_text, begins = isinstance(pattern.pattern, str), is_anchored(name)

    def look(text):
        sent = text if is_text else text.encode()
        if begins:
            pattern.match(sent), pattern.fullmatch(sent)
        else:
            for _ in pattern.finditer(sent):
                pass

    ratio, text = steepest(look, [repeated(piece, end) for piece, end in worst_texts(pattern)])

    assert ratio <= MOST, f"{ratio:.1f} times the CPU for twice {text!r}…"


def test_what_is_called_bounded_is_there():
    assert set(BOUNDED) <= {name.partition("[")[0] for name in PATTERNS}


def test_a_quadratic_pattern_is_found():
    pattern = re.compile(r"\s+x")

    ratio, text = steepest(pattern.search, [repeated(piece, end) for piece, end in worst_texts(pattern)])

    assert ratio > MOST
    assert text[:50].isspace()
