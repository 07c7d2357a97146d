"""A critique speaks of sections that are there."""

from uuid import uuid4

import pytest

from app.agent import thread_lessons
from app.agent.brief import Brief, CritiqueReply, SectionProblem
from app.agent.calls import BriefCall
from app.domain import events as e
from app.domain.job import Job
from app.domain.research import Research
from app.domain.threaded_work import ThreadedWork

SECTIONS = tuple(e.PlannedSection(heading, "", ()) for heading in ("Introduction", "Bridges"))
OUTLINE = e.OutlineDrafted("Bridges", SECTIONS, confidence="medium")
REPLY = CritiqueReply(tuple(SectionProblem(at, "It has no year.", "") for at in (-1, 0, 1, 2)))


@pytest.mark.parametrize(("rules", "known"), [(10, [-1, 0, 1]), (11, [0, 1])])
def test_a_section_that_is_not_there_has_no_problem(rules, known):
    job = Job(uuid4(), agent_rules=rules, research=Research(work=ThreadedWork(outline=OUTLINE)))
    call = BriefCall(
        "1/critique", Brief(task="critique", about="", query="Which bridge?", today="", effort="deep")
    )
    [criticised] = thread_lessons._criticised(job, call, REPLY)

    assert [problem.section for problem in criticised.problems] == known
