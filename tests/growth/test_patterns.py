"""Every pattern takes time linear in the text, whatever it contains."""

import re

import pytest

from tests.growth.measure import MOST, repeated, steepest
from tests.growth.patterns import compiled_in, is_anchored, module_names, worst_texts

# Patterns with more than one open end, and why they meet no long text.
BOUNDED = {
    "app.agent.extractive.plan.PAIRS": "a question of at most 4,000 characters, its white space folded",
    "app.text.not_found._NOT_FOUND": "a sentence of at most 600 characters",
    "app.agent.extractive.plan.HOW_DONE": "a step of at most 4,000 characters",
}


def is_bounded(name: str) -> bool:
    return name.partition("[")[0] in BOUNDED


def growth_of(name: str, pattern: re.Pattern) -> tuple[float, str]:
    is_text, begins = isinstance(pattern.pattern, str), is_anchored(name)

    def look(text):
        sent = text if is_text else text.encode()
        if begins:
            pattern.match(sent), pattern.fullmatch(sent)
        else:
            for _ in pattern.finditer(sent):
                pass

    return steepest(look, [repeated(piece, end) for piece, end in worst_texts(pattern)])


@pytest.mark.parametrize("module", module_names())
def test_the_patterns_of_a_module_are_linear(module):
    grown = {name: growth_of(name, pattern) for name, pattern in compiled_in(module) if not is_bounded(name)}

    steep = [
        f"{name}: {ratio:.1f} times the CPU for eight times {text!r}…"
        for name, (ratio, text) in grown.items()
        if ratio > MOST
    ]
    assert steep == []


def test_the_walk_finds_what_is_compiled_and_what_is_written_in_calls():
    names = {name for module in module_names() for name, _ in compiled_in(module)}

    assert len(names) > 150
    assert any(":" in name for name in names)
    assert set(BOUNDED) <= {name.partition("[")[0] for name in names}


def test_a_quadratic_pattern_is_found():
    pattern = re.compile(r"\s+x")

    ratio, text = steepest(pattern.search, [repeated(piece, end) for piece, end in worst_texts(pattern)])

    assert ratio > MOST
    assert text[:50].isspace()
