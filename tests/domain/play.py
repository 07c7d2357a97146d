"""Play a job by the real rules, without a database.

`decide` and `change` write its log.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from app.domain import commands as c
from app.domain import events as e
from app.domain import tools
from app.domain.chain import GENESIS, link
from app.domain.change import change
from app.domain.decide import decide
from app.domain.history.job_evidence import CancelAnswer, History, Projection, ReaderRecord, StoredLease
from app.domain.history.reading import Reading
from app.domain.job import Job
from app.domain.row import Row
from app.errors import Refused
from app.store.projections import returned_row
from dossier.request import ResearchRequest
from tests.domain.given_jobs import JOB, T0
from tests.scripted import PLAN, REASONING

ASKING = e.InputRequested(("Which one?",), ("Mercury",), ("The planet.", "Its diameter."), 600)


class Play:
    """Hold one job and its stored log, a second for each action."""

    def __init__(self, max_attempts: int = 3) -> None:
        self.job = Job(JOB)
        self.rows: list[Row] = []
        self.now: datetime = T0
        self.cancels: list[CancelAnswer] = []
        self.called = ("", 0)  # key and epoch of the newest announcement
        self.do(c.SubmitJob(ResearchRequest("why?", tags=("a", "b")), "default", max_attempts))

    def do(self, command: c.Command, actor: str = "api", epoch: int | None = None) -> bool:
        """Carry out the command, or return False if the rules refuse it."""
        self.now += timedelta(seconds=1)
        try:
            events = decide(command, self.job)
        except Refused:
            return False
        written = change(self.job, events, self.now, actor, epoch)
        self.job = written.job
        self.rows += written.rows
        return bool(events)

    # A worker, which holds the newest epoch or, as a zombie, an older one

    def claim(self) -> bool:
        return self.do(c.StartAttempt("w"), "worker:w", self.job.epoch + 1)

    def as_worker(self, command: c.Command) -> bool:
        return self.do(command, "worker:w", command.epoch)

    def record(self, *events: e.Event, epoch: int | None = None) -> bool:
        return self.as_worker(c.RecordEvents(self.job.epoch if epoch is None else epoch, events))

    def announce(self) -> bool:
        """Announce this turn's call, as a repeat if one was in flight.

        An attempt before this one may have left it so.
        """
        key = f"{len(self.job.research.turns) + 1}/model"
        known = self.job.research.call(key)
        in_flight = known is not None and known.error is None
        if in_flight and self.called == (key, self.job.epoch):
            return False
        self.called = (key, self.job.epoch)
        repeat = (known.repeat + in_flight) if known else 0
        return self.record(e.CallRequested(key, "model", "scripted", "00", "turn", repeat))

    def reply(self) -> bool:
        """The result of the turn's call, and what it teaches."""
        step = len(self.job.research.turns) + 1
        function = PLAN if step == 1 else tools.WebSearch((f"q{step}",))
        return self._announced() and self.record(
            e.CallCompleted(f"{step}/model", e.Usage(10, 5, cost_usd=0.01), 7, "ab" * 32, 3),
            e.StepReasoned(step, REASONING, function),
        )

    def stumble(self) -> bool:
        """The turn's call fails in a way that another try may cure."""
        key = f"{len(self.job.research.turns) + 1}/model"
        return self._announced() and self.record(e.CallFailed(key, "network", "gone", retryable=True))

    def _announced(self) -> bool:
        known = self.job.research.call(f"{len(self.job.research.turns) + 1}/model")
        return known is not None and known.error is None

    def ask(self) -> bool:
        return self.record(ASKING)

    def complete(self) -> bool:
        return self.as_worker(c.CompleteJob(self.job.epoch, "answered"))

    def release(self) -> bool:
        return self.as_worker(c.ReleaseAttempt(self.job.epoch))

    def fail(self) -> bool:
        later = self.now + timedelta(seconds=2)
        return self.as_worker(c.FailAttempt(self.job.epoch, "network", "gone", True, later))

    def confirm(self) -> bool:
        bills = [e.CallFailed(call.key, "aborted", "cut", False) for call in self.job.research.calls]
        return self.as_worker(c.ConfirmCancel(self.job.epoch, tuple(bills)))

    # Everybody else

    def expire(self) -> bool:
        return self.do(c.ExpireLease(self.job.epoch, "silent"), "rescue:r")

    def answer(self) -> bool:
        return self.do(c.ProvideInput(("The planet.",)))

    def cancel(self) -> bool:
        """As DELETE does, with what it answers."""
        done = self.do(c.RequestCancel("enough"))
        if done:
            code = 200 if self.job.is_over else 202
            self.cancels.append(CancelAnswer(code, self.job.completed_at))
        elif self.job.is_over and self.job.status != "cancelled":
            self.cancels.append(CancelAnswer(409))
        return done

    def history(self) -> History:
        """Return all that is known of the job.

        That is the tables, and what a client and two readers saw.
        """
        lines = tuple((row.seq, row.line()) for row in self.rows)
        early = ReaderRecord(lines[: len(lines) // 2])
        return History(
            JOB,
            rows=tuple(self.rows),
            projection=Projection(returned_row(self.job), returned_row),
            leases=(StoredLease(self.job.epoch, "w"),) if self.job.is_leased else (),
            acknowledged=(self.rows[0].occurred_at,),
            cancels=tuple(self.cancels),
            readers=(early, ReaderRecord(lines, ended=self.job.is_over), ReaderRecord(lines[1:], after=1)),
            at_rest=self.job.is_over,
        )


MOVES = (
    Play.claim, Play.announce, Play.reply, Play.stumble, Play.ask, Play.answer, Play.complete, Play.release,
    Play.fail, Play.confirm, Play.expire, Play.cancel,
)  # fmt: skip


def played(*moves) -> Play:
    """The play after these moves, each of which the rules must allow."""
    play = Play()
    for move in moves:
        assert move(play), f"{move.__name__} was refused: the job is {play.job.status}."
    return play


def whole_play() -> Play:
    """Play a job through crash, repeat, retry, question and hand-back to completion."""
    p = Play
    return played(
        p.claim, p.announce, p.expire,
        p.claim, p.announce, p.stumble, p.announce, p.reply, p.ask, p.answer,
        p.claim, p.announce, p.release,
        p.claim, p.announce, p.reply, p.complete,
    )  # fmt: skip


def failed_play() -> Play:
    """A job whose workers died until its attempts were spent."""
    return played(*(Play.claim, Play.expire) * 3)


def cancelled_play() -> Play:
    """A job that was cancelled while a call was in flight."""
    return played(Play.claim, Play.announce, Play.reply, Play.announce, Play.cancel, Play.confirm)


def running_play() -> Play:
    """A job that a worker holds, in its second attempt."""
    return played(Play.claim, Play.announce, Play.expire, Play.claim, Play.announce, Play.reply)


def hashed(history: History) -> History:
    """Give events hashes, and a row and readers that agree with them.

    That is what a wrong writer would leave.
    """
    rows, head = [], GENESIS
    for row in history.rows:
        digest = link(head, row.schema_version, row.actor, row.epoch, row.line())
        rows.append(replace(row, prev_hash=head, hash=digest))
        head = digest
    seen = (ReaderRecord(tuple((row.seq, row.line()) for row in rows)),)
    after = replace(history, rows=tuple(rows), readers=seen)
    job = Reading(after).job
    return replace(after, projection=Projection(returned_row(job), returned_row)) if job else after


def retold(history: History, rows) -> History:
    """Replace the rows, renumbered, rehashed, and with the statuses that follow."""
    numbered = [replace(row, seq=seq) for seq, row in enumerate(rows, 1)]
    steps_ = Reading(replace(history, rows=tuple(numbered))).steps
    assert len(steps_) == len(numbered)
    told = [replace(step.row, status=step.job.status, progress=step.job.progress) for step in steps_]
    return hashed(replace(history, rows=tuple(told)))
