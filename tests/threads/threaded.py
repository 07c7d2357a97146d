"""A house whose jobs are researched by threads in a seeded world."""

import asyncio

from app import handle
from app.agent.extractive import Extractive
from app.handle import Terms
from app.worker.attempt import Attempt
from app.worker.providers import Helpers, Tools
from app.worker.researcher import Researcher
from benchmarks.depth.rule_model import RuleModel
from benchmarks.depth.world import World
from dossier.request import ResearchRequest
from tests.steps import claimed_job, whole_log
from tests.worker.crashes import DyingWriter

THREADED = Terms(threaded=frozenset({"standard", "deep"}))


class Threaded:
    """Hold a world, a model, and a house's database for a job."""

    def __init__(self, house, *, names=3, seed=1, model=None, long=20_000):
        self.house = house
        self.world = World(seed, names, long=long)
        self.model = model or RuleModel()

    def tools(self):
        helpers = Helpers(briefed=lambda _job, _task: self.model)
        times = self.house.times()
        return Tools(self.model, Extractive(), lambda _job: self.world, None, helpers, times)

    def request(self, **fields):
        return ResearchRequest(self.world.question, **{"effort": "deep", **fields})

    async def submitted(self, **fields):
        request = self.request(**fields)
        job, _ = await handle.submit(self.house.writer, request, tenant="default", terms=THREADED)
        return job

    async def run(self, job=None, writer=None):
        """Work on a claimed job until its attempt ends."""
        job = job or await claimed_job(self.house.writer)
        attempt = Attempt(writer or self.house.writer, job, "w")
        await Researcher(self.tools(), attempt).run()
        return attempt.job

    async def whole(self, **fields):
        """Play a job to its report, returning job, log and appends."""
        await self.submitted(**fields)
        claimed = await claimed_job(self.house.writer)
        writer = DyingWriter(self.house.writer, 10**9, before_commit=False)
        job = await self.run(claimed, writer)
        await asyncio.sleep(0)
        return job, await whole_log(self.house.engine, job.id), writer.appends


def events(rows, kind):
    """The events of one type, in order."""
    return [row.recorded().event for row in rows if row.type == kind.type]
