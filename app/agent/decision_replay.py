"""Compare today's decisions with those in a recorded job.

The log is walked once. What came from outside is given: claims, losses, cancels, answers, the outcomes of
calls, and that the deadline cut in, because that was the clock's doing. What the agent made of it is
decided again from the recorded replies, and compared: the calls that it announces and what it asks in
them, the words of its prompts, what it learns from a turn, the limit that it reaches, and why it ends.
The first point where the two part is all that can be said, because after it the runs are different runs.

In a fork, what was copied from its origin is given too: it was decided there, under another request.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol
from uuid import UUID

import msgspec
from msgspec.structs import replace

from app.agent import interpret, limits, thread_lessons, threads, turns
from app.agent.calls import BriefCall, Call, DecidingCall, ModelCall, Reply, StageCall
from app.agent.finishing import to_cut
from app.agent.judging import JudgeCall
from app.agent.matching import EmbedCall
from app.agent.ports import Ask, BadReply, ModelReply
from app.agent.prompt_hash import brief_wording, wording
from app.agent.replies import decoded_of
from app.domain import events as e
from app.domain import tools
from app.domain.change import as_stored
from app.domain.event_kinds import LESSONS
from app.domain.job import Job, evolve
from app.domain.outcome import outcome
from app.errors import DatabaseUnavailable
from dossier.replayed import Missing

Outcome = e.CallCompleted | e.CallFailed


class Parted(Exception):
    """The first point where today's code goes another way.

    `recorded` is None where nothing was, `today` where today's code writes nothing; `ask` is what it
    would ask a model instead.
    """

    def __init__(
        self, seq: int, what: str, recorded: e.Event | None, today: e.Event | None, ask: Ask | None = None
    ) -> None:
        super().__init__(what)
        self.seq = seq
        self.what = what
        self.recorded = recorded
        self.today = today
        self.ask = ask


def replies_of(recorded: Iterable[e.Recorded]) -> Iterator[str]:
    """Return the blobs that a replay needs: replies, with pages' texts."""
    for fact in recorded:
        event = fact.event
        if isinstance(event, e.CallCompleted) or (isinstance(event, e.CallFailed) and event.reply_sha256):
            yield event.reply_sha256 or ""


class Bodies(Protocol):
    """Replies and pages by sha256, of which some may be forgotten."""

    def __contains__(self, name: object, /) -> bool: ...

    def __getitem__(self, name: str, /) -> bytes: ...


class Replay:
    """One run, walked event by event."""

    def __init__(self, job_id: UUID, blobs: Bodies) -> None:
        self.job = Job(job_id)
        self.compared = 0
        self.missing: list[Missing] = []
        self.given: list[int] = []  # seqs of decisions that were the clock's
        self._blobs = blobs
        self._lessons: deque[e.Event] = deque()  # that today's code writes next
        self._is_unknown = False  # whatever was learnt is given, because a reply is missing
        self._gone: list[Missing] = []  # pages that the report may have needed
        self._turn: tuple[Job, Call, Outcome] | None = None  # a turn that was just settled, and by what
        self._may_announce = False  # a whole batch of calls comes next; else only another try of one
        self._owed: dict[str, Call] = {}  # calls of the batch that are not announced yet
        self._made: dict[str, Call] = {}  # calls in flight
        self._was_cut = False  # the clock has just cut calls, perhaps of threads that lag

    def walk(self, recorded: Iterable[e.Recorded]) -> Parted | None:
        """Walk a whole log, returning the first decision that differs."""
        return self.follow(recorded) or self.end()

    def follow(self, recorded: Iterable[e.Recorded]) -> Parted | None:
        """Walk the next events, returning the first decision that differs."""
        for fact in recorded:
            if parted := _parted(fact, lambda: self._see(fact)):  # noqa: B023 - called at once
                return parted
        return None

    def end(self) -> Parted | None:
        """Return what today's code would also have written, or None."""
        return _parted(None, self._end)

    def _see(self, fact: e.Recorded) -> None:
        event = fact.event
        if isinstance(event, e.Unrecognised):
            raise Parted(fact.seq, f"{event.type} is of a newer version, which alone knows it.", event, None)
        is_decided = not isinstance(event, e.CallProgressed)  # how fast a model wrote, nobody decided
        if is_decided and (self.job.epoch or isinstance(event, e.AttemptStarted)):  # else a fork's copies
            self._compare(fact)
        self.job = evolve(self.job, fact)

    def _compare(self, fact: e.Recorded) -> None:
        event = fact.event
        if isinstance(event, LESSONS):
            self._lesson(fact.seq, event)
            return
        self._is_unknown = self._was_cut = False
        if self._lessons:
            raise self._instead(fact.seq, event, self._lessons[0])
        self._conclude(fact.seq, event)
        if not isinstance(event, e.CallRequested):
            self._owed.clear()  # a call whose provider is away is announced once it is back
        match event:
            case e.CallRequested():
                self._announce(fact.seq, event)
            case e.CallCompleted() | e.CallFailed():
                self._settle(fact, event)
            case e.AttemptStarted():
                self._may_announce = True
                self._made.clear()

    def _end(self) -> None:
        """Return the missing end of what today's code would have appended."""
        seq, research_ = self.job.seq + 1, self.job.research
        owed = list(self._lessons)
        if not owed and self._turn and research_.report and isinstance(self._turn[1], DecidingCall):
            owed = [self._reason(self._turn[0], self._turn[1])]
        if owed:
            raise Parted(seq, f"The log ends; today's code also writes {owed[0].type}.", None, owed[0])

    # What a turn taught

    def _settle(self, fact: e.Recorded, outcome: Outcome) -> None:
        before, call = self.job, self._made.get(outcome.key)
        is_cut = isinstance(outcome, e.CallFailed) and outcome.error_type == "aborted"
        if before.research.is_finishing and is_cut:
            self._cut(fact, outcome.key)
            return
        if call is None or before.status == "cancelling":
            return  # the bill of what was cut off
        if isinstance(outcome, e.CallFailed) and (outcome.retryable or outcome.error_type == "aborted"):
            self._may_announce = self._was_cut = not outcome.retryable
            return
        after = evolve(before, fact)
        if threads.is_on(before):
            self._lessons = deque(self._learn_piece(after, call, fact.seq, outcome))
        elif isinstance(call, ModelCall):
            self._lessons = deque(self._learn_step(after, call, fact.seq, outcome))
        elif turns.is_open(after):
            return
        elif isinstance(call, JudgeCall):
            self._lessons = deque(self._learn_verdicts(after, call, fact.seq))
        elif isinstance(call, EmbedCall):
            self._lessons = deque(self._learn_matches(after, fact.seq))
        else:
            self._lessons = deque(self._learn_calls(after, fact.seq))
        if self._is_unknown:
            self._lessons.clear()
        self._turn, self._may_announce = (before, call, outcome), True

    def _cut(self, fact: e.Recorded, key: str) -> None:
        """See a call cut for a finish, and what its turn taught."""
        call, after = self.job.research.call(key), evolve(self.job, fact)
        is_of_turn = call is not None and call.kind in turns.TOOL_KINDS and not threads.is_on(self.job)
        if self.job.status != "cancelling" and is_of_turn and not to_cut(after):
            self._lessons = deque(self._learn_calls(after, fact.seq))
            if self._is_unknown:
                self._lessons.clear()
        self._may_announce = True

    def _learn_step(self, after: Job, call: ModelCall, seq: int, outcome: Outcome) -> tuple[e.Event, ...]:
        if not outcome.reply_sha256:
            return ()  # there was no step in the reply, or no reply
        reply = self._reply(seq, call, outcome.reply_sha256)
        if not isinstance(reply, ModelReply):
            return ()
        texts = self._texts(after, seq) if isinstance(reply.step.function, REPORT_TOOLS) else {}
        try:
            learnt = interpret.learn_step(after, call, reply, texts)
        except BadReply as error:
            return self._refused(seq, outcome, str(error))
        if isinstance(outcome, e.CallFailed):
            taken = e.CallCompleted(call.key, outcome.usage, 0, outcome.reply_sha256, 0)
            raise Parted(seq, f"Today's code takes the reply of {call.key}.", outcome, taken)
        return learnt

    def _refused(self, seq: int, outcome: Outcome, why: str) -> tuple[e.Event, ...]:
        today = e.CallFailed(outcome.key, "validation", why, False, outcome.usage, outcome.reply_sha256)
        if isinstance(outcome, e.CallCompleted):
            raise Parted(seq, f"Today's code refuses the reply of {outcome.key}.", outcome, today)
        self._same(seq, outcome, today)
        return ()

    def _learn_piece(self, after: Job, call: Call, seq: int, outcome: Outcome) -> tuple[e.Event, ...]:
        """Return what a call of a threaded job taught."""
        reply = self._reply(seq, call, outcome.reply_sha256) if outcome.reply_sha256 else None
        if outcome.reply_sha256 and reply is None:
            return ()
        if isinstance(call, StageCall):
            texts = self._texts(after, seq)
        else:
            wanted = thread_lessons.pages_of(call)
            texts = {name: self._blobs[name].decode() for name in wanted if name in self._blobs}
        try:
            learnt = thread_lessons.learn(after, call, reply, texts)
        except BadReply as error:
            self._refused(seq, outcome, str(error))
            return thread_lessons.learn(after, call, None, texts)
        if isinstance(outcome, e.CallFailed) and outcome.reply_sha256:
            taken = e.CallCompleted(call.key, outcome.usage, 0, outcome.reply_sha256, 0)
            raise Parted(seq, f"Today's code takes the reply of {call.key}.", outcome, taken)
        return learnt

    def _learn_calls(self, after: Job, seq: int) -> tuple[e.Event, ...]:
        return interpret.learn_calls(after, dict(self._replies(after, seq)))

    def _learn_verdicts(self, after: Job, call: JudgeCall, seq: int) -> tuple[e.Event, ...]:
        return interpret.learn_verdicts(after, call, dict(self._replies(after, seq)), self._texts(after, seq))

    def _learn_matches(self, after: Job, seq: int) -> tuple[e.Event, ...]:
        return interpret.learn_matches(after, dict(self._replies(after, seq)), self._texts(after, seq))

    def _leave(self, seq: int) -> None:
        """Expect what follows where the clock left threads behind."""
        self._was_cut = False
        names = thread_lessons.unseen(self.job)
        gone = [Missing(seq, "page of a thread", name) for name in names if name not in self._blobs]
        self.missing += gone
        self._is_unknown = bool(gone)
        texts = {name: self._blobs[name].decode() for name in names if name in self._blobs}
        self._lessons = deque(thread_lessons.leave(self.job, texts))
        self.given.append(seq)

    def _is_of_older_rules(self, event: e.Event) -> bool:
        """Return True for what an older citation check made."""
        if isinstance(event, e.ReportWritten | e.ReportDrafted):
            return event.rules < e.RULES
        draft = self.job.research.draft
        return isinstance(event, e.PassagesMatched) and draft is not None and draft.rules < e.RULES

    def _lesson(self, seq: int, event: e.Event) -> None:
        if self._was_cut and not self._lessons:
            self._leave(seq)
        if self._is_unknown:
            self._lessons.clear()
            return
        if self._is_of_older_rules(event):
            self._lessons.clear()
            self.given.append(seq)
            return
        today = self._lessons.popleft() if self._lessons else None
        if today is None or type(today) is not type(event):
            waiting = () if today else turns.pending(self.job)
            raise self._instead(seq, event, self._intent(waiting[0]) if waiting else today)
        if self._gone and isinstance(event, e.ReportWritten | e.ReportDrafted) and event != as_stored(today):
            self.missing += self._gone
            return
        self._same(seq, event, today)

    # What follows from a turn

    def _conclude(self, seq: int, event: e.Event) -> None:
        """Compare what follows a turn: the job's end, a limit, or nothing."""
        if self._turn is None:
            due = None
        else:
            before, call, outcome = self._turn
            self._turn = None
            if self.job.research.report and isinstance(call, DecidingCall):
                today = self._reason(before, call)
                if isinstance(event, e.JobCompleted) and event.outcome is None:  # of before there was one
                    today = replace(today, outcome=None)
                self._expect(seq, event, today)
                return
            due = None if self.job.research.is_ending else limits.reached(self.job)
            if due and isinstance(outcome, e.CallFailed) and isinstance(event, LETS_GO):
                return  # the call failed so that the attempt ended with it
        if isinstance(event, e.BudgetReached) and event.limit == "deadline_seconds" and not due:
            self.given.append(seq)
            self._may_announce = True
        elif due or isinstance(event, e.BudgetReached):
            self._expect(seq, event, due)
        elif isinstance(event, e.JobCompleted):
            raise self._instead(seq, event, self._intent(turns.next_calls(self.job)[0]))

    def _reason(self, before: Job, call: DecidingCall) -> e.JobCompleted:
        reason = interpret.stop_reason(before, self.job.research, call)
        return e.JobCompleted(reason, outcome(self.job.research, reason, self.job.agent_rules))

    def _announce(self, seq: int, event: e.CallRequested) -> None:
        if threads.is_on(self.job):
            self._owed = {call.key: call for call in turns.next_calls(self.job)}
        elif not self._owed:
            calls = {call.key: call for call in turns.next_calls(self.job)}
            known = calls.get(event.key)
            alone = {event.key: known} if known else {}
            self._owed = calls if self._may_announce else alone
            self._may_announce = False
        call = self._owed.pop(event.key, None)
        if call is None:
            others = next(iter(self._owed.values()), None)
            raise self._instead(seq, event, self._intent(others) if others else None, f"call {event.key}")
        self._made[call.key] = call
        self._same_intent(seq, event, call)

    def _same_intent(self, seq: int, event: e.CallRequested, call: Call) -> None:
        """Compare two intents, apart from provider and try."""
        today = replace(self._intent(call), provider=event.provider)
        if event.about.startswith("try "):
            today = replace(today, about=event.about)
        ask = call.ask if isinstance(call, ModelCall) else None
        if today.input_sha256 != event.input_sha256:
            raise Parted(seq, f"Call {event.key} asks something else.", event, today, ask)
        if ask and event.prompt_sha256 and event.prompt_sha256 != (told := wording(ask).sha256):
            today = replace(today, prompt_sha256=told)
            raise Parted(seq, f"The prompt of call {event.key} is worded differently.", event, today, ask)
        if isinstance(call, BriefCall) and event.prompt_sha256 != (told := brief_wording(call.brief).sha256):
            today = replace(today, prompt_sha256=told)
            raise Parted(seq, f"The prompt of call {event.key} is worded differently.", event, today)
        self._same(seq, replace(event, prompt_sha256=None), today)

    def _intent(self, call: Call) -> e.CallRequested:
        return turns.intent(self.job, call, "")

    # Comparing

    def _expect(self, seq: int, event: e.Event, today: e.Event | None) -> None:
        if today is None or type(event) is not type(today):
            raise self._instead(seq, event, today)
        self._same(seq, event, today)

    def _same(self, seq: int, event: e.Event, today: e.Event) -> None:
        if event != today and event != (today := as_stored(today)):
            names = ", ".join(differing(event, today))
            raise Parted(seq, f"{_name(event)} differs in {names}.", event, today)
        self.compared += 1

    def _instead(self, seq: int, event: e.Event, today: e.Event | None, name: str = "") -> Parted:
        if today is None:
            not_done = f"make {name}" if name else f"write {_name(event)}"
            return Parted(seq, f"Today's code does not {not_done}.", event, None)
        return Parted(
            seq, f"The log has {_name(event)}, but today's code writes {_name(today)}.", event, today
        )

    # What was kept

    def _texts(self, job: Job, seq: int) -> dict[str, str]:
        read = {source.sha256: source.number for source in job.research.sources if source.sha256}
        self._gone = [
            Missing(seq, f"page of source {number}", name)
            for name, number in read.items()
            if name not in self._blobs
        ]
        return {name: self._blobs[name].decode() for name in read if name in self._blobs}

    def _replies(self, after: Job, seq: int) -> Iterator[tuple[str, Reply]]:
        for call in turns.tool_calls(after):
            known = after.research.call(call.key)
            if known and known.reply_sha256 and (reply := self._reply(seq, call, known.reply_sha256)):
                yield call.key, reply

    def _reply(self, seq: int, call: Call, name: str) -> Reply | None:
        if name in self._blobs:
            return decoded_of(call, self._blobs[name])
        self.missing.append(Missing(seq, call.key, name))
        self._is_unknown = True
        return None


def _parted(fact: e.Recorded | None, step: Callable[[], None]) -> Parted | None:
    """Return where a step of the walk parts, or None."""
    try:
        step()
    except Parted as parted:
        return parted
    except DatabaseUnavailable:  # no body could be read: that is not the code's doing
        raise
    except Exception as error:  # noqa: BLE001 - code of today that crashes is a difference as well
        seq, event = (fact.seq, fact.event) if fact else (0, None)
        return Parted(seq, f"Today's code fails here: {type(error).__name__}: {error}", event, None)
    return None


REPORT_TOOLS = (tools.WriteReport, tools.Answer)
LETS_GO = (e.AttemptFailed, e.AttemptReleased, e.JobFailed, e.LeaseExpired)


def differing(recorded: e.Event, today: e.Event) -> list[str]:
    """Return the fields that differ between two events of one type."""
    before, after = msgspec.to_builtins(recorded), msgspec.to_builtins(today)
    return [name for name in {**after, **before} if before.get(name) != after.get(name)]


def _name(event: e.Event) -> str:
    """An event in words: its type, and which one it is."""
    which = getattr(event, "key", "") or getattr(event, "number", "") or getattr(event, "limit", "")
    return f"{event.type} {which}".strip()
