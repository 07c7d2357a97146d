"""Forks, reviews, drains and absent providers of jobs with threads."""

import asyncio

from app import handle
from app.domain import commands as c
from app.domain import events as e
from app.errors import ProviderError
from benchmarks.depth.rule_model import RuleModel, values_in
from dossier.request import Changes
from tests.steps import claimed_job, until, whole_log
from tests.threads.threaded import THREADED, Threaded, events
from tests.worker.working import over, working


async def test_a_fork_goes_on_with_one_thread_and_pays_no_page_again(house):
    threaded = Threaded(house, names=1, long=2_000)
    job, _, _ = await threaded.whole()
    read = len(threaded.world.reads)

    forked, _ = await handle.fork(
        house.writer, job.id, None, Changes(instruction="And its staff?"), tenant="default", terms=THREADED
    )
    done = await threaded.run()

    assert done.id == forked.id
    assert done.status == "completed"
    assert done.loop is None
    assert not done.research.work.threads
    assert len(threaded.world.reads) == read
    assert done.research.report.claims


async def test_a_fork_from_the_middle_of_the_threads_keeps_what_was_read(house):
    threaded = Threaded(house, names=2, long=2_000)
    job, rows, _ = await threaded.whole()
    reads = [row.seq for row in rows if row.type == "page_read"]

    forked, _ = await handle.fork(house.writer, job.id, reads[3], Changes(), tenant="default", terms=THREADED)

    assert sum(source.sha256 is not None for source in forked.research.sources) == 4
    done = await threaded.run()
    assert done.status == "completed"


async def test_the_caller_edits_the_plan_before_threads_open(house):
    threaded = Threaded(house, names=2, long=2_000)
    house.tools = threaded.tools
    job = await threaded.submitted(plan_review=True)
    steps = ("length of the Arvel bridge", "height of the Bodra bridge")
    async with working(house):
        await until(lambda: waits(house, job))
        job = await handle.load(house.writer, job.id)
        review = c.ProvideInput((), plan=steps)
        await handle.handle(house.writer, job, review, actor="api", epoch=None)
        await over(house, job.id)

    opened = events(await whole_log(house.engine, job.id), e.ThreadOpened)
    assert tuple(event.question for event in opened[:2]) == steps


async def waits(house, job):
    return (await handle.load(house.writer, job.id)).status == "input_required"


async def test_the_headings_that_the_caller_wants_are_those_of_the_report(house):
    job, _, _ = await Threaded(house, names=2, long=2_000).whole(outline=("Bodra", "Arvel"))

    content = job.research.report.content
    assert content.index("## Bodra") < content.index("## Arvel")


class Flaky(RuleModel):
    """Fails once in each task."""

    def __init__(self):
        super().__init__()
        self.failed = set()

    async def fulfil(self, brief, texts, writing=None):
        if brief.task not in self.failed:
            self.failed.add(brief.task)
            raise ProviderError("network", "Connection reset.", retryable=True)
        return await super().fulfil(brief, texts, writing)


async def test_a_passing_error_of_a_piece_is_tried_again(house):
    job, rows, _ = await Threaded(house, names=1, long=2_000, model=Flaky()).whole()

    assert job.stop_reason == "answered"
    assert [event for event in events(rows, e.CallFailed) if event.retryable]
    assert len(values_in(job.research.report.content)) == 5


async def test_a_worker_that_leaves_hands_the_job_on_and_the_next_one_ends_it(house):
    threaded = Threaded(house, names=2, long=2_000, model=RuleModel(pause=0.02))
    house.tools = threaded.tools
    job = await threaded.submitted()
    async with working(house):
        await until(lambda: has_read(house, job))
    between = await handle.load(house.writer, job.id)
    assert between.status in ("pending", "completed")

    done = between if between.is_over else await threaded.run(await claimed_job(house.writer))

    completed = [event.key for event in events(await whole_log(house.engine, job.id), e.CallCompleted)]
    assert done.status == "completed"
    assert len(completed) == len(set(completed))
    await asyncio.sleep(0)


async def has_read(house, job):
    return any(row.type == "page_read" for row in await whole_log(house.engine, job.id))
