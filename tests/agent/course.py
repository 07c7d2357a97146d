"""Play whole jobs in memory, with the agent's own functions.

A model and a search take the place of the providers. What only the worker does (leases, breakers, the log
on disk) is tested elsewhere.
"""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from app.agent import interpret, limits, turns
from app.agent.calls import ModelCall, ReadCall, SearchCall
from app.agent.decision_replay import Replay
from app.agent.extractive import Extractive
from app.agent.ports import BadReply, ModelReply
from app.agent.replies import decoded, encoded
from app.domain import events as e
from app.domain.job import Job, evolve
from app.domain.outcome import outcome
from app.errors import ProviderError
from app.worker.call_maker import completed
from dossier.request import ResearchRequest

ID = UUID(int=1)
START = datetime(2026, 11, 1, tzinfo=UTC)
TURNS = 200  # a course that is longer does not end


class Course:
    """Play a job to its end.

    Its events are kept in `log`, its stored bodies in `blobs`.
    """

    def __init__(self, model, search, *, rules=e.AGENT_RULES, **fields):
        self.model, self.search, self.stand_in = model, search, Extractive()
        self.job, self.log, self.blobs = Job(ID), [], {}
        request = ResearchRequest(**{"query": "why?"} | fields)
        self.write(e.JobSubmitted(request, "default", 1, agent_rules=rules), e.AttemptStarted(1, "w"))

    def write(self, *events):
        for event in events:
            at = START + timedelta(seconds=len(self.log))
            fact = e.Recorded(ID, len(self.log) + 1, at, "worker:w", 1, event)
            self.log.append(fact)
            self.job = evolve(self.job, fact)

    def keep(self, body):
        name = sha256(body).hexdigest()
        self.blobs[name] = body
        return name

    async def run(self):
        """The folded job, once it has ended."""
        for _ in range(TURNS):
            if self.job.is_over:
                return self.job
            calls = turns.next_calls(self.job)
            self.write(*(turns.intent(self.job, call, self.name(call)) for call in calls))
            for call in calls:
                await self.make(call)
                if self.job.is_over or self.job.research.tripped:
                    break
        raise AssertionError("The job does not end.")

    def name(self, call):
        if isinstance(call, ModelCall):
            return self.stand_in.name if call.fallback else self.model.name
        return self.search.name

    async def perform(self, call):
        match call:
            case ModelCall():
                model = self.stand_in if call.fallback else self.model
                return await model.next_step(call.ask, self.texts())
            case SearchCall():
                return await self.search.search(call.query, call.limit)
            case ReadCall():
                return await self.search.read(call.url)

    def texts(self):
        read = [source.sha256 for source in self.job.research.sources if source.sha256]
        return {name: self.blobs[name].decode() for name in read}

    async def make(self, call):
        before = self.job
        try:
            reply = await self.perform(call)
        except TimeoutError:  # the deadline cuts in
            self.write(*turns.aborted(self.job, "Cut off by the deadline."))
            if not self.job.research.tripped:
                self.write(limits.overrun(self.job, 99.0))
            return
        except BadReply as error:
            self.write(e.CallFailed(call.key, "validation", str(error), False, error.usage))
            return
        except ProviderError as error:
            self.write(e.CallFailed(call.key, error.error_type, str(error), False))
            reply = None
        else:
            self.settle(call, reply)
        if isinstance(call, ModelCall):
            self.teach_step(before, call, reply)
        elif not turns.pending(self.job):
            self.write(*interpret.learn_calls(self.job, self.replies()))
            self.trip()

    def settle(self, call, reply):
        self.keep(encoded(reply))
        self.write(completed(call, reply, 1))

    def teach_step(self, before, call, reply):
        if not isinstance(reply, ModelReply):
            return
        try:
            learnt = interpret.learn_step(self.job, call, reply, self.texts())
        except BadReply as error:
            name = self.log.pop().event.reply_sha256
            self.job = before
            self.write(e.CallFailed(call.key, "validation", str(error), False, error.usage, name))
            return
        self.write(*learnt)
        if self.job.research.report:
            reason = interpret.stop_reason(before, self.job.research, call)
            self.write(e.JobCompleted(reason, outcome(self.job.research, reason, self.job.agent_rules)))
            return
        self.trip()

    def trip(self):
        if self.job.research.tripped is None and (reached := limits.reached(self.job)):
            self.write(reached)

    def replies(self):
        calls = self.job.research.calls
        return {
            call.key: decoded(call.kind, self.blobs[call.reply_sha256]) for call in calls if call.reply_sha256
        }


async def played(model, search, **fields):
    """Play a job to its end, and replay it to the same."""
    course = Course(model, search, **fields)
    job = await course.run()
    replayed(course)
    return job


def replayed(course):
    """Decide everything again from the log."""
    replay = Replay(ID, course.blobs)
    assert replay.walk(course.log) is None
    assert replay.compared
