"""Performing the agent's calls: intent before, result after, both under the fence.

`next_calls` says what to do, this does it, and `learn` says what it meant. What a reply led to and
the intents of the next calls go into one append.
"""

import asyncio
import math
from collections.abc import Mapping, Sequence
from hashlib import sha256

from msgspec.structs import replace

from app import tracing
from app.agent import interpret, limits, thread_lessons, threads, turns
from app.agent.calls import BriefCall, Call, DecidingCall, ModelCall, Reply, input_of, is_free
from app.agent.finishing import to_cut
from app.agent.judging import JudgeCall
from app.agent.lagging import lag_ends
from app.agent.matching import EmbedCall
from app.agent.ports import BadReply, ModelReply, PageReply
from app.agent.prompt_hash import Wording, brief_wording, wording
from app.agent.replies import decoded, encoded
from app.domain import commands as c
from app.domain import events as e
from app.domain.job import Job
from app.domain.outcome import outcome
from app.errors import FinishPending, ProviderAway, ProviderError, ResearchFailed
from app.worker import crash
from app.worker.attempt import Attempt
from app.worker.call_maker import CallMaker
from app.worker.providers import Tools
from app.worker.stored_pages import StoredPages, stored_pages

TURN_EVENTS = tuple[e.Event, ...]
SLACK = 0.01  # seconds that a timer may be early


class Researcher:
    """Performs the research of one attempt."""

    def __init__(self, tools: Tools, attempt: Attempt) -> None:
        self._tools = tools
        self._attempt = attempt
        self._caller = CallMaker(tools, attempt, self._announce_one)
        self._announced = set[str]()  # keys of calls that this attempt announced and has not tried yet
        self._replies: dict[str, Reply] = {}  # of the current turn; what is missing is in the blobs
        self._kept = set[str]()  # messages of this job that this attempt has kept
        self._flying = set[str]()  # keys of calls that are being made

    async def run(self) -> None:
        """Take turns until the report is written or the job waits.

        Raises what stops the attempt.
        """
        attempt = self._attempt
        self._tools.require_model(attempt.job)  # raises where there is none: before anything is paid
        await attempt.in_turn(self._begin)
        while attempt.job.status == "running" and (calls := turns.next_calls(attempt.job)):
            # What was announced is made: handed back, it would have to be announced again, as a repeat.
            announced = any(call.key in self._announced for call in calls)
            if attempt.draining and not announced:
                await attempt.carry_out(c.ReleaseAttempt(attempt.epoch))
                return
            self._require_model(calls)
            await self._in_time(calls)
            if to_cut(attempt.job):
                await attempt.in_turn(self._cut_off)

    async def _begin(self) -> None:
        """Announce the first calls, and end those that a finish cut off."""
        if to_cut(self._attempt.job):
            await self._cut_for_finish(self._attempt.job)
            return
        try:
            await self._announce()
        except FinishPending:  # somebody asked for the report just now
            await self._cut_for_finish(self._attempt.job)

    # Intents

    async def _announce(self, *, last: bool = False) -> None:
        """Announce the next calls, only within `in_turn`.

        Calls that were in flight when a worker died are announced again, as repeats. Calls to a provider
        that is away are not, unless they are the `last`: they are announced one by one, when it is tried.
        """
        job = self._attempt.job
        calls = [
            call
            for call in turns.next_calls(job)
            if not _is_hopeless(job, call) and (last or not self._is_away(job, call))
        ]
        if calls:
            intents = await self._intents(job, calls)
            await self._attempt.write(c.RecordEvents(self._attempt.epoch, intents))

    def _is_away(self, job: Job, call: Call) -> bool:
        return self._tools.breaker(self._tools.name(job, call)).is_open

    async def _announce_one(self, call: Call, about: str) -> None:
        """Announce one try of a call whose provider may be asked."""
        await self._attempt.in_turn(lambda: self._write_intent(call, about))

    async def _write_intent(self, call: Call, about: str) -> None:
        job = self._attempt.job
        if job.research.is_finishing and all(call.key != other.key for other in turns.next_calls(job)):
            raise FinishPending(f"Call {call.key} is not needed any more.")
        [intent] = await self._intents(self._attempt.job, [call])
        intent = replace(intent, about=about or intent.about)
        await self._attempt.write(c.RecordEvents(self._attempt.epoch, (intent,)))

    async def _intents(
        self, job: Job, calls: list[Call], bodies: Sequence[bytes] = ()
    ) -> tuple[e.CallRequested, ...]:
        """Return the calls' announcements, once their inputs are stored with `bodies`."""
        wordings = {call.key: told for call in calls if (told := _told(call))}
        new = {
            name: text for told in wordings.values() for name, text in told.texts if name not in self._kept
        }
        await self._attempt.writer.keep([*bodies, *_inputs(calls), *map(str.encode, new.values())])
        self._kept |= new.keys()
        self._announced |= {call.key for call in calls}
        return tuple(self._intent(job, call, wordings.get(call.key)) for call in calls)

    def _intent(self, job: Job, call: Call, told: Wording | None) -> e.CallRequested:
        provider = self._tools.name(job, call)
        intent = turns.intent(job, call, provider, told.sha256 if told else None)
        known = job.research.call(call.key)
        if known is not None and known.input_sha256 != intent.input_sha256:
            message = f"Call {call.key} was announced with another input; this code asks something else."
            raise ProviderError("internal", message, retryable=False)
        return intent

    # Calls

    async def _in_time(self, calls: list[Call]) -> None:
        """Make the calls of one turn together, within the deadline."""
        left = self._left()
        # What stands in for the model asks nobody, so it is the one call that is never cut off.
        last = any(map(is_free, calls))
        try:
            async with asyncio.timeout(None if last else left) as patience:
                self._attempt.patience = None if last else patience
                with tracing.span("turn", {"dossier.calls": len(calls)}):
                    await self._together(calls)
        except (TimeoutError, FinishPending):  # the job's time is over, or the report is wanted
            await self._attempt.in_turn(self._cut_off)
        except ProviderAway as error:
            if not self._attempt.job.research.is_finishing:
                raise
            said = str(error)
            await self._attempt.in_turn(lambda: self._note_away(calls, said))
        finally:
            self._attempt.patience = None

    async def _together(self, calls: list[Call]) -> None:
        """Make these calls, and of threads those that follow from each.

        The first fatal error ends them all.

        A provider that is away ends none: its probe may be among them. If it is back by then, the calls
        that had to wait are made in the next round. Raises ProviderAway where it is not.
        """
        away = list[ProviderAway]()
        try:
            async with asyncio.TaskGroup() as group:
                self._start(group, calls, away)
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        for error in away:
            if self._tools.breaker(error.provider).is_open:
                raise error

    def _start(self, group: asyncio.TaskGroup, calls: list[Call], away: list[ProviderAway]) -> None:
        for call in calls:
            self._flying.add(call.key)
            group.create_task(self._make_in(group, call, away))

    async def _make_in(self, group: asyncio.TaskGroup, call: Call, away: list[ProviderAway]) -> None:
        """Make a call, and begin what a thread does next.

        No thread waits for another.
        """
        was_away = len(away)
        try:
            await self._unless_away(call, away)
        finally:
            self._flying.discard(call.key)
        job = self._attempt.job
        if is_free(call) or len(away) > was_away or not threads.is_on(job) or job.status != "running":
            return  # free calls are made beyond the deadline, and what follows them is not
        self._renew_patience()
        # What was not announced has to wait: its provider is away, or this worker leaves.
        ready = self._announced - self._flying
        self._start(group, [one for one in turns.next_calls(job) if one.key in ready], away)

    def _renew_patience(self) -> None:
        """Renew the time that the calls in flight have.

        A limit gives the report its reserve of time, and threads that end leave others behind.
        """
        patience = self._attempt.patience
        if patience is not None and not patience.expired() and not to_cut(self._attempt.job):
            patience.reschedule(asyncio.get_running_loop().time() + self._left())

    def _left(self) -> float:
        """Return for how many seconds the calls in flight may go on."""
        job = self._attempt.job
        return max(0.0, min(limits.seconds_left(job, self._worked()), self._lag_left(job)))

    def _lag_left(self, job: Job) -> float:
        """Return for how many seconds those that lag are waited for."""
        ends = lag_ends(job)
        return (ends - self._attempt.now()).total_seconds() if ends else math.inf

    async def _unless_away(self, call: Call, away: list[ProviderAway]) -> None:
        try:
            await self._make(call)
        except ProviderAway as error:
            away.append(error)

    async def _make(self, call: Call) -> None:
        crash.reached("after_intent")
        texts = await self._texts_for(call)
        announced = call.key in self._announced
        try:
            outcome, reply = await self._caller.make(call, texts, announced=announced)
        finally:
            self._announced.discard(call.key)
        crash.reached("after_call")
        await self._attempt.in_turn(lambda: self._settle(call, outcome, reply, texts))

    async def _cut_off(self) -> None:
        """End the calls in flight: late, not wanted, or lagging."""
        job = await self._attempt.refresh()
        if job.status != "running":
            return
        left, lag = limits.seconds_left(job, self._worked()), self._lag_left(job)
        if job.research.is_finishing and left > 0:
            await self._cut_for_finish(job)
        elif min(left, lag) > SLACK:
            return  # something moved while this waited for its turn
        elif lag < left:
            await self._leave_behind(job)
        else:
            await self._cut_late(job)

    async def _leave_behind(self, job: Job) -> None:
        """Go on without what lags behind."""
        said = await self._attempt.keep_writings()
        cut: TURN_EVENTS = turns.aborted(job, "Cut off: the others had ended, and this took too long.", said)
        after = self._attempt.preview(job, cut) if cut else job
        texts = await self._pages(thread_lessons.unseen(after))
        left = await asyncio.to_thread(thread_lessons.leave, after, texts)
        await self._attempt.write(c.RecordEvents(self._attempt.epoch, (*cut, *left)))
        self._announced.clear()
        await self._announce()

    async def _cut_late(self, job: Job) -> None:
        said = await self._attempt.keep_writings()
        events: TURN_EVENTS = turns.aborted(job, "Cut off by the deadline.", said)
        if job.research.tripped is None:
            events = (*events, limits.overrun(job, self._worked()))
        if events:
            await self._attempt.write(c.RecordEvents(self._attempt.epoch, events))
        self._announced.clear()
        await self._announce(last=True)

    async def _cut_for_finish(self, job: Job) -> None:
        """Cut the calls, learn from what came, announce the report."""
        cut = to_cut(job)
        said = await self._attempt.keep_writings()
        happened: TURN_EVENTS = turns.aborted(
            job, "Cut off: the report is wanted.", said, {call.key for call in cut}
        )
        if any(call.kind in turns.TOOL_KINDS for call in cut) and not threads.is_on(job):
            after = self._attempt.preview(job, happened)
            happened = (*happened, *interpret.learn_calls(after, await self._all_replies(after)))
        self._announced.clear()
        knowing = self._attempt.preview(job, happened) if happened else job
        calls = [call for call in turns.next_calls(knowing) if not self._is_away(knowing, call)]
        intents = await self._intents(knowing, calls)
        if happened or intents:
            await self._attempt.write(c.RecordEvents(self._attempt.epoch, (*happened, *intents)))
        self._replies.clear()

    async def _note_away(self, calls: list[Call], said: str) -> None:
        """Record that a model is away, so that the stand-in finishes."""
        job = self._attempt.job
        waiting = [call for call in calls if isinstance(call, ModelCall) and not call.fallback]
        for call in waiting:
            known = job.research.call(call.key)
            intents = () if known and not known.settled else await self._intents(job, [call])
            failure = e.CallFailed(call.key, "network", said, retryable=True)
            self._announced.discard(call.key)
            if known is None or known.error is None:
                await self._attempt.write(c.RecordEvents(self._attempt.epoch, (*intents, failure)))

    def _require_model(self, calls: list[Call]) -> None:
        """Raise ResearchFailed if no call of a model has succeeded.

        Only the stand-in is left then.
        """
        job = self._attempt.job
        error = turns.model_failure(job)
        if error is not None and any(_is_hopeless(job, call) for call in calls):
            raise ResearchFailed(error.error_type, error.error_message, retryable=error.retryable)

    def _worked(self) -> float:
        """Seconds of work so far."""
        since = self._attempt.job.working_since
        return max(0.0, (self._attempt.now() - since).total_seconds()) if since else 0.0

    async def _texts_for(self, call: Call) -> StoredPages:
        """Return a call's pages: those of its brief, or all."""
        if not isinstance(call, DecidingCall):
            return await self._pages(thread_lessons.pages_of(call))
        read = [source.sha256 for source in self._attempt.job.research.sources if source.sha256]
        return await self._pages(read)

    async def _pages(self, names: Sequence[str]) -> StoredPages:
        return await stored_pages(self._attempt.writer, names, self._tools.recent_pages)

    # Outcomes

    async def _settle(
        self,
        call: Call,
        outcome: e.CallCompleted | e.CallFailed,
        reply: Reply | None,
        texts: Mapping[str, str],
    ) -> None:
        """Write an outcome, and after a turn's last one what follows.

        It is worked out again if the report was wanted in between.
        """
        while True:
            try:
                await self._settle_knowing(call, outcome, reply, texts)
            except FinishPending:  # decided again, with the request in view
                continue
            return

    async def _settle_knowing(
        self,
        call: Call,
        outcome: e.CallCompleted | e.CallFailed,
        reply: Reply | None,
        texts: Mapping[str, str],
    ) -> None:
        known = self._attempt.job.research.call(call.key)
        if known is None or known.settled:  # cut off while its outcome waited to be written
            return
        bodies = [encoded(reply)] if reply is not None else []
        if reply is not None:
            self._replies[call.key] = reply
        before, after = self._attempt.job, self._attempt.preview(self._attempt.job, (outcome,))
        try:
            if threads.is_on(before):
                learnt: TURN_EVENTS | None = await asyncio.to_thread(
                    thread_lessons.learn, after, call, reply, texts
                )
            else:
                learnt = await self._learn(call, after, reply, texts)
        except BadReply as error:
            [refused] = map(sha256, bodies)
            outcome = e.CallFailed(
                call.key, "validation", str(error), False, error.usage, refused.hexdigest()
            )
            after, learnt = self._attempt.preview(before, (outcome,)), ()
            if threads.is_on(before):
                learnt = await asyncio.to_thread(thread_lessons.learn, after, call, None, texts)
        if learnt is None:
            await self._attempt.writer.keep(bodies)
            await self._attempt.write(c.RecordEvents(self._attempt.epoch, (outcome,)))
            if isinstance(reply, PageReply):
                del self._replies[call.key]  # read again with the turn's last reply, minutes away perhaps
            return
        await self._conclude(call, before, bodies, (outcome, *learnt), self._attempt.preview(after, learnt))
        self._replies.clear()

    async def _conclude(
        self, call: Call, before: Job, bodies: list[bytes], happened: TURN_EVENTS, knowing: Job
    ) -> None:
        """End a turn: report, question, or the next calls."""
        epoch = self._attempt.epoch
        if knowing.research.report is not None and isinstance(call, DecidingCall):
            await self._attempt.writer.keep(bodies)
            reason = interpret.stop_reason(before, knowing.research, call)
            came = outcome(knowing.research, reason, knowing.agent_rules)
            await self._attempt.write(c.CompleteJob(epoch, reason, happened, came))
            return
        if not knowing.research.is_ending and (tripped := limits.reached(knowing)):
            happened = (*happened, tripped)
            knowing = self._attempt.preview(knowing, (tripped,))
        # A worker that is leaving makes no more calls, so it does not announce any.
        parked = self._attempt.draining or knowing.status != "running"
        coming = [] if parked else turns.next_calls(knowing)
        calls = [
            following
            for following in coming
            if not _is_hopeless(knowing, following)
            and not self._is_away(knowing, following)
            and not self._is_under_way(knowing, following)
        ]
        intents = await self._intents(knowing, calls, bodies)
        await self._attempt.write(c.RecordEvents(epoch, (*happened, *intents)))

    def _is_under_way(self, job: Job, call: Call) -> bool:
        """Return True if this attempt has announced the call of a thread."""
        known = job.research.call(call.key)
        return known is not None and not known.settled and call.key in self._flying | self._announced

    async def _learn(
        self, call: Call, after: Job, reply: Reply | None, texts: Mapping[str, str]
    ) -> TURN_EVENTS | None:
        """Return what the turn taught, or None while calls are out."""
        if isinstance(call, ModelCall):
            if not isinstance(reply, ModelReply):
                return ()
            # Checking the citations of a long report can take a second of CPU.
            return await asyncio.to_thread(interpret.learn_step, after, call, reply, texts)
        if turns.is_open(after):
            return None
        replies = await self._all_replies(after)
        if isinstance(call, JudgeCall):
            return await asyncio.to_thread(interpret.learn_verdicts, after, call, replies, texts)
        if isinstance(call, EmbedCall):
            return await asyncio.to_thread(interpret.learn_matches, after, replies, texts)
        return interpret.learn_calls(after, replies)

    async def _all_replies(self, job: Job) -> dict[str, Reply]:
        """Return the turn's replies, earlier workers' from the blobs."""
        missing = [
            (call, call.reply_sha256)
            for call in job.research.calls
            if call.reply_sha256 and call.kind != "model" and call.key not in self._replies
        ]
        bodies = await self._attempt.writer.recall([name for _, name in missing])
        stored = {call.key: decoded(call.kind, bodies[name]) for call, name in missing if name in bodies}
        return {**self._replies, **stored}


def _is_hopeless(job: Job, call: Call) -> bool:
    """Return True for a stand-in's call if the model never answered.

    Where the cause may pass, the job fails with it: asked later, the model may answer.
    """
    if not isinstance(call, ModelCall) or not call.fallback:
        return False
    error = turns.model_failure(job)
    return error is not None and (error.retryable or job.agent_rules < 2)


def _told(call: Call) -> Wording | None:
    """Return what a model is told.

    What stands in for it is told nothing in words.
    """
    if isinstance(call, BriefCall):
        return brief_wording(call.brief)
    return wording(call.ask) if isinstance(call, ModelCall) and not call.fallback else None


def _inputs(calls: list[Call]) -> list[bytes]:
    """Return the model's inputs to store.

    Other inputs are in the event.
    """
    return [input_of(call) for call in calls if isinstance(call, DecidingCall | BriefCall)]
