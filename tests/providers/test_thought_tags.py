"""Thoughts are removed however marked, from replies and from reports."""

import pytest

from app.providers.step_text import without_thoughts
from app.text.wrapping import unwrap

MARKS = [
    ("<think>", "</think>"),
    ("<Thinking>", "</Thinking>"),
    ("◁think▷", "◁/think▷"),
    ("[THINK]", "[/THINK]"),
]


@pytest.mark.parametrize(("begins", "ends"), MARKS)
def test_a_thought_is_left_out(begins, ends):
    said = f'{begins}\nIs it {{"tool": "answer"}}?\n{ends}\nThe sky is blue.'

    assert without_thoughts(said).strip() == "The sky is blue."
    assert "".join(unwrap(said, 1000).lines) == "The sky is blue."
