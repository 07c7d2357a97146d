"""A paired, seeded bootstrap interval is as wide as the questions differ."""

from random import Random

import pytest

from app.domain.paired_bootstrap import interval, paired_difference


def test_the_same_seed_gives_the_same_interval():
    random = Random(3)
    differences = [random.random() for _ in range(30)]

    assert interval(differences, 7) == interval(differences, 7)
    assert interval(differences, 7) != interval(differences, 8)


def test_a_difference_that_every_question_shows_is_clear():
    found = paired_difference("rubric", [(0.2, 0.5), (0.4, 0.7), (0.1, 0.4)])

    assert (found.difference, found.low, found.high) == (0.3, 0.3, 0.3)
    assert found.is_clear


def test_pairs_that_go_both_ways_may_be_chance():
    assert not paired_difference("rubric", [(0.0, 1.0), (1.0, 0.0), (0.5, 0.5), (0.2, 0.3)]).is_clear


def test_without_pairs_there_is_no_difference():
    assert paired_difference("rubric", []) is None


@pytest.mark.parametrize("size", [20, 60])
def test_the_interval_holds_the_true_difference_in_about_19_of_20_runs(size):
    random = Random(1)
    held = 0
    for run in range(100):
        low, high = interval([random.gauss(0.5, 1.0) for _ in range(size)], run)
        held += low <= 0.5 <= high
    assert 88 <= held <= 100
