"""Return a threaded job's next calls, as a function of the log.

The plan, which is the first turn, becomes threads. Each searches, reads, has evidence extracted, and decides
for itself when it is done. The lead then outlines the report from all evidence, or opens further threads;
sections are written at the same time; a critique may open threads once more. What calls bring is in
`thread_lessons`.

A call is made again after a crash exactly as it was asked: a brief holds nothing that other calls in flight
change. Where threads cannot go on, the one thread of turns does.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from app.agent import thread_briefs as briefs
from app.agent.brief import Brief
from app.agent.calls import BriefCall, Call, ReadCall, SearchCall, StageCall
from app.agent.effects import query_key
from app.agent.limits import RESERVE, bounds, thread_bounds
from app.agent.menu import has_only_asked
from app.domain.events import PlannedSection
from app.domain.job import Job
from app.domain.research import Call as ResearchCall
from app.domain.research import Research
from app.domain.threaded_work import Thread, ThreadStep, is_thread_key

CLARIFIED_RULES = 9  # agent_rules from which the agent's questions may precede the plan of threads
FOR_REPORT = 0.2  # of the calls is kept for outline, sections and critique
FLIGHTS = 6  # calls in flight for each thread that may work at once
SECOND_TRY = frozenset({"validation", "aborted"})  # types of errors after which a call is asked once more


def is_on(job: Job) -> bool:
    """Return True while threads decide what comes next."""
    research = job.research
    if job.loop != "threads" or not _has_just_planned(job) or research.author != "model":
        return False
    is_written = research.draft is not None or research.set_aside is not None
    return not is_written and not ThreadBoard(job).is_stuck


def _has_just_planned(job: Job) -> bool:
    """Return True after the plan, which questions to the caller may precede."""
    research = job.research
    if not research.plan or not research.turns:
        return False
    before = research.turns[:-1]
    return not before or (job.agent_rules >= CLARIFIED_RULES and has_only_asked(before))


def next_calls(job: Job) -> list[Call]:
    """Return the calls in flight, and those that may begin."""
    return ThreadBoard(job).calls()


class ThreadBoard:
    """A threaded job, and what of it is open."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.research: Research = job.research
        self.turn = len(job.research.turns)  # that planned, with which the keys of its calls begin
        self.work = job.research.work
        self.known: dict[str, ResearchCall] = {call.key: call for call in job.research.calls}
        self.bounds, self.most = bounds(job), thread_bounds(job)

    # What to do

    def calls(self) -> list[Call]:
        """Return the calls of the phase that the job is in."""
        if not self.work.threads:
            return [StageCall(f"{self.turn}/open", "open")]
        if self.researching:
            return self._within(self.researching, self.reserve)
        if lead := self.lead():
            return self._within([lead], self.reserve)
        if writing := self._within(self.writing(), 0.0):
            return writing
        if critique := self.critique():
            return self._within([critique], self.reserve) or [StageCall(f"{self.turn}/report", "report")]
        return [StageCall(f"{self.turn}/report", "report")]

    @cached_property
    def is_stuck(self) -> bool:
        """True where there is nothing to write from, or nobody wrote.

        Then the one thread of turns goes on, which knows how to end without a model.
        """
        work, is_ending = self.work, self.research.is_ending
        is_busy = not is_ending and any(thread.closed is None for thread in work.threads)
        if not work.threads or work.sections or is_busy or self.researching:
            return False
        if not self.work.evidence:
            return is_ending
        return not self.lead() and not self._within(self.writing(), 0.0)

    @cached_property
    def researching(self) -> list[Call]:
        """The open calls of the threads that may work."""
        working = [thread for thread in self.work.threads if thread.closed is None]
        found, count = dict[str, Call](), 0
        for thread in working:
            calls = self.thread_calls(thread)
            count += bool(calls)
            if count > self.most.at_once:
                break
            found |= {call.key: call for call in calls}  # two threads may wait for one page
        return list(found.values())

    def thread_calls(self, thread: Thread) -> list[Call]:
        """Return a thread's open calls, none once it can only close."""
        step = thread.steps[-1]
        calls = [*self.searches(thread, step), *self._reads(thread), *self._extractions(thread)]
        if self.may_research:
            return calls or self._decision(thread)
        asked = [*calls, *self._decision(thread)]
        return [call for call in asked if self.is_open(call.key)]

    def searches(self, thread: Thread, step: ThreadStep) -> list[Call]:
        """Return the searches of a step that are not settled."""
        keys = [
            f"{self.turn}/search/t{thread.number}.{step.step}.{n}" for n in range(1, len(step.queries) + 1)
        ]
        return [
            SearchCall(key, query[:400], self.bounds.hits)
            for key, query in zip(keys, step.queries, strict=True)
            if not self.is_settled(key)
        ]

    def _reads(self, thread: Thread) -> list[Call]:
        """A page is read once, for whichever threads want it."""
        wanted = [self.research.sources[number - 1] for number in thread.reads]
        return [
            ReadCall(f"{self.turn}/read/{source.number}", source.number, source.url)
            for source in wanted
            if source.sha256 is None and not self.is_settled(f"{self.turn}/read/{source.number}")
        ]

    def _extractions(self, thread: Thread) -> list[Call]:
        calls = list[Call]()
        for number in thread.reads:
            source = self.research.sources[number - 1]
            if source.sha256 is None or number in thread.extracted:
                continue
            brief = briefs.extraction(self.job, thread, source)
            calls += self._asked(self.extract_key(thread, number), brief)
        return calls

    def _decision(self, thread: Thread) -> list[Call]:
        """The model's call that decides what a thread does next."""
        step = len(thread.steps) + 1
        if step > self.most.steps or thread.steps[-1].finding is not None:
            return []
        brief = briefs.decision(self.job, thread, self.unread(thread), self.most.steps - step + 1)
        return self._asked(self.decision_key(thread), brief)

    def extract_key(self, thread: Thread, number: int) -> str:
        """Return the key of the call that takes evidence from a source."""
        return f"{self.turn}/extract/t{thread.number}.{number}"

    def decision_key(self, thread: Thread) -> str:
        """Return the key of the call for a thread's next step."""
        return f"{self.turn}/model/t{thread.number}.{len(thread.steps) + 1}"

    def unread(self, thread: Thread) -> tuple[int, ...]:
        """Return the wanted sources that could not be read."""
        return tuple(n for n in thread.reads if self.research.sources[n - 1].sha256 is None)

    def lead(self) -> Call | None:
        """Return the call for an outline, if one is wanted."""
        if self.work.outline or self.research.is_ending:
            return None
        brief = briefs.outline(self.job, self.gaps())
        return next(iter(self._asked(f"{self.turn}/outline/{self.work.outlines + 1}", brief)), None)

    def gaps(self) -> int:
        """Return how many threads the lead may still open."""
        if self.work.outlines >= self.most.rounds or not self.may_research or not self.searches_left():
            return 0
        return max(0, min(self.most.at_once, self.most.threads - len(self.work.threads)))

    def planned(self) -> Sequence[PlannedSection]:
        """Return the sections of the outline, else one from all evidence."""
        if self.work.outline:
            return self.work.outline.sections
        if not self.work.evidence:
            return ()
        return (PlannedSection("", "", tuple(one.id for one in self.work.evidence)),)

    def writing(self) -> list[Call]:
        """Return the calls for the sections that are not written."""
        calls = list[Call]()
        for number, planned in enumerate(self.planned()):
            written, version = self.work.version(number), self.version(number)
            if written and written.version >= version:
                continue
            key = f"{self.turn}/section/{number}" + (f".{version}" if version > 1 else "")
            # What a critique wants is done where there is still room, or where it is being done.
            if not written or not self.research.is_ending or self.is_open(key):
                brief = briefs.section(self.job, self.planned(), number, planned, is_again=version > 1)
                calls += self._asked(key, brief)
        return calls

    def version(self, number: int) -> int:
        """Return the version that is wanted of a section."""
        problems = self.work.critique.problems if self.work.critique else ()
        return 2 if any(problem.section == number for problem in problems) else 1

    def critique(self) -> Call | None:
        """Return the call for a critique, if one is wanted."""
        work = self.work
        is_due = work.outline and work.sections and work.critique is None and not self.research.is_ending
        if not is_due or not self.most.critics or not self.may_research:
            return None
        return next(
            iter(self._asked(f"{self.turn}/critique/1", briefs.critique(self.job, self.critics()))), None
        )

    def critics(self) -> int:
        """Return how many threads a critique may open."""
        return self.most.critics if self.searches_left() else 0

    # What may be done

    @property
    def reserve(self) -> float:
        """The share of money and tokens that is kept for the report."""
        return 0.0 if self.research.is_ending else RESERVE

    @cached_property
    def may_research(self) -> bool:
        """True while no limit and no request leaves only the report."""
        if self.research.is_ending:
            return False
        kept = max(2, round(FOR_REPORT * self.bounds.calls))
        return self.research.bill.calls < self.bounds.calls - kept

    def searches_left(self) -> int:
        """Return the searches that no thread has made or chosen."""
        chosen = sum(
            len(self.searches(thread, step)) for thread in self._open() for step in thread.steps[-1:]
        )
        return max(0, self.bounds.searches - self.research.bill.searches - chosen)

    def reads_left(self) -> int:
        """Return the pages that no thread has read or chosen."""
        chosen = {call.key for thread in self._open() for call in self._reads(thread)}
        return max(0, self.bounds.reads - self.research.bill.reads - len(chosen))

    def _open(self) -> Iterator[Thread]:
        return (thread for thread in self.work.threads if thread.closed is None)

    def searched(self) -> set[tuple[str, ...]]:
        """Return the queries of all threads."""
        steps = (step for thread in self.work.threads for step in thread.steps)
        return {query_key(query) for step in steps for query in step.queries}

    # What was done

    def is_settled(self, key: str) -> bool:
        """Return True if nothing more will come of this call."""
        known = self.known.get(key)
        return known is not None and known.settled

    def is_open(self, key: str) -> bool:
        """Return True if the call was announced and is not settled."""
        known = self.known.get(key)
        return known is not None and not known.settled

    def has_failed(self, key: str) -> bool:
        """Return True if the call and its second try came to nothing."""
        return self.is_settled(key) and self._second(key) is None and not self._is_answered(key)

    def _is_answered(self, key: str) -> bool:
        return any(name in self.known and self.known[name].reply_sha256 for name in (key, f"{key}/2"))

    def _second(self, key: str) -> str | None:
        """Return the key of a second try, if it is wanted."""
        error = self.known[key].error
        if error is None or error.error_type not in SECOND_TRY or self.is_settled(f"{key}/2"):
            return None
        return None if self.research.is_late else f"{key}/2"

    def _asked(self, key: str, brief: Brief) -> list[Call]:
        """Return the call of a brief, or its second try."""
        if not self.is_settled(key):
            return [BriefCall(key, brief)]
        second, error = self._second(key), self.known[key].error
        if second is None or error is None:
            return []
        told = (error.error_message,) if error.error_type == "validation" else ()
        return [BriefCall(second, briefs.corrected(brief, told))]

    # What is affordable

    def _within(self, calls: Iterable[Call], reserve: float) -> list[Call]:
        """Return the calls in flight, and others within limits and room.

        Each call of a model is taken to be as dear as the dearest so far, also those in flight.
        """
        asked = list(calls)
        flying = [call for call in asked if self.is_open(call.key)]
        waiting = [call for call in asked if not self.is_open(call.key)]
        others = self._flying_elsewhere({call.key for call in flying})
        models = others + sum(isinstance(call, BriefCall) for call in flying)
        room = max(1, FLIGHTS * self.most.at_once) - len(flying)
        chosen = list[Call]()
        for call in waiting[: max(0, room)]:
            is_model = isinstance(call, BriefCall)
            if not self._fits(models + is_model if is_model else 0, len(flying) + len(chosen) + 1, reserve):
                continue
            models += is_model
            chosen.append(call)
        return [*flying, *chosen]

    def _flying_elsewhere(self, keys: set[str]) -> int:
        """Count a model's calls in flight that are in no list."""
        open_ = (call for call in self.known.values() if not call.settled and call.kind == "model")
        return sum(call.key not in keys and is_thread_key(call.key) for call in open_)

    def _fits(self, models: int, calls: int, reserve: float) -> bool:
        """Return True if so many calls more stay within the limits."""
        bill, limits = self.research.bill, self.job.request.limits
        cost, tokens = limits.max_cost_usd, limits.max_tokens
        return (
            (not models or cost is None or bill.cost_usd + models * bill.dearest_call <= cost * (1 - reserve))
            and (
                not models
                or tokens is None
                or bill.tokens + models * bill.longest_call <= tokens * (1 - reserve)
            )
            and bill.calls + calls <= self.bounds.calls
            and not (models and self.research.is_late)
        )
