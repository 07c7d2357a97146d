"""A deep threaded job with any model is as good as without."""

import json

import pytest

from app.agent.extractive import Extractive
from app.agent.ports import ModelReply, TextReply
from app.domain import tools
from app.domain.events import Usage
from benchmarks.depth.rule_model import REASONING
from tests.agent.course import played
from tests.agent.library import QUERY, Library
from tests.threads.threaded import Threaded

PLAN = tools.GeneratePlan("the bridge", ("why did it collapse", "when did it collapse"), ("search", "read"))
LIE = "The bridge was hit by a comet in 1912. Ninety people were hurt by it."
FOUND = [
    "It collapsed because wind of 64 km/h made its deck twist until the hangers broke.",
    "Aeroelastic flutter made the Tacoma Narrows bridge collapse.",
]
THREAD = {"queries": ["Tacoma Narrows bridge collapse"], "read": [1, 2], "done": False, "finding": ""}
DONE = {"queries": [], "read": [], "done": True, "finding": "nothing"}
EXTRACT = {"passages": [{"quote": quote, "note": "why"} for quote in FOUND]}
OUTLINE = {
    "title": "Tacoma",
    "answer": "wind",
    "evidence": [1],
    "sections": [{"heading": "Why", "points": "causes", "evidence": [1, 2]}],
    "confidence": "high",
}
USUAL = {
    "thread": THREAD,
    "extract": EXTRACT,
    "outline": OUTLINE,
    "section": LIE,
    "critique": {"problems": []},
}
KINDS = {
    "sections from memory": {},
    "sections say that nothing was found": {"section": "Nothing was found."},
    "sections are empty": {"section": ""},
    "nothing is extracted": {"extract": {"passages": []}},
    "what is extracted is invented": {"extract": {"passages": [{"quote": LIE, "note": "x"}]}},
    "threads are done at once": {"thread": DONE},
    "useless queries": {"thread": THREAD | {"queries": ["zzzz"], "read": []}},
    "the wrong page is read": {"thread": THREAD | {"queries": ["capital France"], "read": [3]}},
    "an outline without sections": {"outline": OUTLINE | {"sections": []}},
    "an outline of evidence that is not there": {
        "outline": OUTLINE
        | {"evidence": [99], "sections": [{"heading": "Why", "points": "", "evidence": [99]}]}
    },
    "no reply is JSON": dict.fromkeys(USUAL, "I cannot do that."),
}


class Pieces:
    """A model whose plan is good, and whose pieces are as told."""

    name = "pieces"

    def __init__(self, said):
        self.said = USUAL | said

    async def next_step(self, ask, texts, writing=None):
        function = PLAN if "generate_plan" in ask.menu else tools.Answer("Nothing was found.", "failed")
        return ModelReply(tools.NextStep(REASONING, function))

    async def fulfil(self, brief, texts, writing=None):
        said = self.said[brief.task]
        return TextReply(said if isinstance(said, str) else json.dumps(said), Usage(cost_usd=0.0))


@pytest.fixture
async def extractive():
    return (await played(Extractive(), Library(), query=QUERY, effort="deep")).research.report


@pytest.mark.parametrize("kind", KINDS)
async def test_a_threaded_job_with_any_model_is_at_least_as_good_as_one_without(house, extractive, kind):
    threaded = Threaded(house, model=Pieces(KINDS[kind]))
    threaded.world = Library()
    threaded.world.question = QUERY

    job, _, _ = await threaded.whole()

    report = job.research.report
    part = report.parts[0] if report.parts else report
    assert job.loop == "threads"
    assert part.coverage >= extractive.coverage == 1.0
    assert {claim.text for claim in report.claims} >= {claim.text for claim in extractive.claims}
    assert "comet" not in report.content[: report.parts[0].end if report.parts else None]


async def test_the_first_thread_searches_for_the_question_as_it_was_asked(house):
    threaded = Threaded(house, model=Pieces({}))
    threaded.world = Library()
    threaded.world.question = QUERY

    await threaded.whole()

    assert {*PLAN.planned_steps, QUERY} <= set(threaded.world.searches)
