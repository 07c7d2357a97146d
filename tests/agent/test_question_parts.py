"""Cutting a question into its parts takes as long as the question, whatever is in it."""

import time

import pytest

from app.agent.extractive.plan import QUESTION_PARTS

SMALL, LARGE = 50_000, 200_000  # characters, fifty times what a question may have
MOST = 10.0  # times the CPU for four times the text: linear is 4, quadratic is 16
LEAST = 0.2  # seconds of CPU; less is noise


def cpu(text: str) -> float:
    began = time.process_time()
    QUESTION_PARTS.split(text)
    return time.process_time() - began


@pytest.mark.parametrize("piece", [" ", "\n", "\t\n", ", ", "? ", " and", ". ", "and "])
def test_four_times_the_question_takes_no_more_than_a_wide_margin(piece):
    small, large = (cpu((piece * size)[:size]) for size in (SMALL, LARGE))
    assert large <= MOST * max(small, LEAST)


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("What is tea and  what is rice", ["What is tea", "what is rice"]),
        ("What is tea?  And how is it made", ["What is tea", "how is it made"]),
        ("Tea,   and why is it hot", ["Tea", "why is it hot"]),
    ],
)
def test_parts_are_what_they_were(question, parts):
    assert QUESTION_PARTS.split(question) == parts
