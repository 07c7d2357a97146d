"""The wishes, answers and remarks of a caller reach threads and sections."""

import pytest

from app import handle
from app.agent.ports import ModelReply
from app.domain import commands as c
from app.domain import events as e
from app.domain import tools
from benchmarks.depth.rule_model import REASONING, RuleModel
from benchmarks.depth.world import NAMES
from dossier.request import Changes
from tests.steps import until, whole_log
from tests.threads.threaded import Threaded, events
from tests.worker.working import over, working

QUESTION = tools.Clarify(("Which bridge?",), ("bridge",), ("All of them.",))


class Asking(RuleModel):
    """Asks first where it may, and keeps the briefs that it gets."""

    def __init__(self):
        super().__init__()
        self.briefs, self.asks = [], []

    async def next_step(self, ask, texts, writing=None):
        self.asks.append(ask)
        if "clarify" in ask.menu:
            return ModelReply(tools.NextStep(REASONING, QUESTION))
        return await super().next_step(ask, texts, writing)

    async def fulfil(self, brief, texts, writing=None):
        self.briefs.append(brief)
        return await super().fulfil(brief, texts, writing)


async def answered(house, model, *answers, **fields):
    """Play a job that asks as often as there are answers."""
    threaded = Threaded(house, names=1, long=2_000, model=model)
    house.tools = threaded.tools
    job = await threaded.submitted(**fields)
    async with working(house):
        for answer in answers:
            await until(lambda: waits(house, job))
            await handle.handle(house.writer, await handle.load(house.writer, job.id), answer, actor="api")
        done = await over(house, job.id)
    return done, await whole_log(house.engine, job.id)


async def waits(house, job):
    return (await handle.load(house.writer, job.id)).status == "input_required"


async def test_a_remark_on_the_plan_reaches_every_piece_of_work(house):
    model = Asking()

    await answered(house, model, c.ProvideInput(("Mind the toll.",)), plan_review=True)

    assert {brief.task for brief in model.briefs} >= {"thread", "extract", "outline", "section", "critique"}
    assert {brief.remarks for brief in model.briefs} == {("Mind the toll.",)}


async def test_after_a_question_the_plan_is_reviewed_and_threads_research_it(house):
    model = Asking()
    first, second = c.ProvideInput(("Arvel.",)), c.ProvideInput(plan=("toll of the Arvel bridge",))

    job, rows = await answered(house, model, first, second, clarify=True, plan_review=True)

    opened = events(rows, e.ThreadOpened)
    assert job.stop_reason == "answered"
    assert [ask.menu for ask in model.asks] == [("clarify", "generate_plan"), ("generate_plan",)]
    assert opened[0].question == "toll of the Arvel bridge"
    assert {brief.answers for brief in model.briefs} == {("Arvel.",)}
    assert {event.key.partition("/")[0] for event in events(rows, e.CallRequested)[2:]} == {"2"}


async def test_under_older_rules_one_thread_goes_on_after_a_question(house, monkeypatch):
    monkeypatch.setattr(e, "AGENT_RULES", 8)

    job, rows = await answered(house, Asking(), c.ProvideInput(("Arvel.",)), clarify=True)

    assert job.status == "completed"
    assert not events(rows, e.ThreadOpened)


async def test_a_fork_of_a_job_that_asked_and_had_threads_keeps_what_was_read(house):
    job, rows = await answered(house, Asking(), c.ProvideInput(("Arvel.",)), clarify=True)
    reads = [row.seq for row in rows if row.type == "page_read"]

    forked, _ = await handle.fork(house.writer, job.id, reads[1], Changes(), tenant="default")

    assert sum(source.sha256 is not None for source in forked.research.sources) == 2


async def test_all_headings_of_a_long_outline_are_in_the_report(house):
    wanted = (*(f"{name} today" for name in NAMES), *(f"{name} before" for name in NAMES))

    job, rows, _ = await Threaded(house, names=1, long=2_000).whole(outline=wanted)

    [*_, outline] = events(rows, e.OutlineDrafted)
    assert tuple(section.heading for section in outline.sections[1:]) == wanted
    said = [line[3:] for line in job.research.report.content.splitlines() if line.startswith("## ")]
    assert tuple(said) == wanted


@pytest.mark.parametrize("length", [None, 900])
async def test_without_a_wished_length_a_section_is_no_longer_than_its_passages_carry(house, length):
    model = Asking()

    await Threaded(house, names=1, long=2_000, model=model).whole(length=length)

    sections = [brief for brief in model.briefs if brief.task == "section"]
    most = [max(60, 60 * len(brief.evidence)) for brief in sections]
    assert sections
    assert all(brief.words <= room for brief, room in zip(sections, most, strict=True)) == (length is None)
