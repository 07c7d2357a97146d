"""Prefer pages of the kind of thing that a question asks for.

The question names the kind, its answer seldom does.
"""

import pytest

from app.agent.extractive import Extractive
from tests.agent.course import played
from tests.scripted import ScriptedSearch


@pytest.mark.parametrize(
    "question", ["At what temperature does water boil?", "Which temperature has boiling water?"]
)
async def test_a_page_that_has_the_value_without_the_noun_answers(question):
    job = await played(Extractive(), ScriptedSearch(), query=question)

    assert "Water boils at 100 degrees" in job.research.report.content
    assert job.stop_reason == "answered"


@pytest.mark.parametrize(
    "question", ["At what temperature does milk boil?", "At what temperature does iron melt?"]
)
async def test_a_page_about_something_else_does_not(question):
    job = await played(Extractive(), ScriptedSearch(), query=question)

    assert job.stop_reason == "no_evidence"
