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
    asked(text)
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


@pytest.mark.parametrize(
    "question",
    [
        "How deep is lake No. 2",
        "Who wrote symphony No. 5 in C minor",
        "What did Dr. Emil Roth found in Sandau",
        "What does Art. 12 of the treaty say",
        "What is said in vol. III of the memoirs",
        "How long is road Rte. 66",
        "Wie tief ist der See Nr. 3",
        "Was steht in § 5 Abs. 2 des Gesetzes",
        "Wer gewann die 3. Etappe des Rennens",
        "Was geschah am 1. Mai in Ostheim",
        "Que dit l'art. 12 du traité",
        "¿Qué dice el art. 4 de la ley",
        "¿Quién escribió la sinfonía núm. 5",
        "Cosa dice il cap. 7 del libro",
        "О чём говорит ст. 15 закона",
        "Что сказано в гл. 2 книги",
        "Wat staat er in hfst. 4 van het boek",
    ],
)
def test_an_abbreviation_before_a_number_parts_no_question(question):
    assert [part.strip("? ") for part in asked(f"{question}?")] == [question]


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("The lake is deep. 5 boats sank there. Why?", ["The lake is deep", "5 boats sank there", "Why?"]),
        ("How deep is lake No. 2? Who measured No. 3?", ["How deep is lake No. 2?", "Who measured No. 3?"]),
        ("Der See ist tief. Warum? Wer maß Nr. 3?", ["Der See ist tief?", "Warum?", "Wer maß Nr. 3?"]),
    ],
)
def test_what_ends_a_question_still_parts_it(question, parts):
    assert list(asked(question)) == parts


def test_a_job_of_older_rules_keeps_its_parts():
    assert asked("How deep is lake No. 2?", keeps_dots=False) == ("How deep is lake No?", "2")
