"""Each of docs/reporting.md's twenty questions has the answer worked out by hand."""

import pytest

from tests.reporting.answers import ANSWERS, same
from tests.reporting.questions import QUESTIONS


def test_there_are_twenty_questions_in_order_and_each_has_an_answer():
    assert [question.number for question in QUESTIONS] == list(range(1, 21)) == list(ANSWERS)


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
async def test_the_answer_is_what_happened(analyst, question):
    rows = await analyst.fetch(question.sql)

    assert same(rows) == same(ANSWERS[question.number])


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
async def test_it_can_be_asked_where_nothing_can_be_written(analyst, question):
    async with analyst.transaction(readonly=True):
        await analyst.fetch(question.sql)
        assert await analyst.fetchval("SELECT pg_current_xact_id_if_assigned()") is None
