"""Splitting a question takes time linear in its length, whatever it contains."""

import time

import pytest

from app.agent.extractive.plan import QUESTION_ENDS, QUESTION_JOINTS, asked

SMALL, LARGE = 50_000, 200_000  # characters, fifty times what a question may have
MOST = 10.0  # times the CPU for four times the text: linear is 4, quadratic is 16
LEAST = 0.2  # seconds of CPU; less is noise


def cpu(text: str) -> float:
    began = time.process_time()
    QUESTION_ENDS.split(text)
    QUESTION_JOINTS.split(text)
    return time.process_time() - began


@pytest.mark.parametrize("piece", [" ", "\n", "\t\n", ", ", "? ", " and", ". ", "and "])
def test_four_times_the_question_takes_no_more_than_a_wide_margin(piece):
    small, large = (cpu((piece * size)[:size]) for size in (SMALL, LARGE))
    assert large <= MOST * max(small, LEAST)


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("What is tea and  what is rice", ["What is tea?", "What is rice?"]),
        ("What is tea?  And how is it made", ["What is tea?", "How is tea made?"]),
        ("The sea is salt. Why is tea hot?", ["The sea is salt", "Why is tea hot?"]),
    ],
)
def test_questions_that_are_joined_are_parted(question, parts):
    assert list(asked(question)) == parts


@pytest.mark.parametrize(
    "question",
    [
        "On an international level, which industry is affected",
        "The towns of the coast are known to be old, small and what else",
    ],
)
def test_words_that_lead_to_a_question_are_no_question_of_their_own(question):
    assert [part.strip("?") for part in asked(question)] == [question]
