"""Write eight jobs whose every figure is known.

The rules write them, at times that the test chooses. On 2 November 2026, in UTC, unless it says otherwise;
`J[1]` … `J[8]` are their ids.

1  09:00:00  acme, tags eu and paid: plan, search, read, report; answered after 60 s
2  09:10:00  acme, tag eu: enough_data turns back, the plan is adapted; a search fails once and is tried again
3  09:20:00  beta: the first worker is lost with a call in flight, the second completes it
4  10:00:00  beta, limit of 0.05 USD: reaches it, and reports all the same; one page has no price
5  10:30:00  acme: fails at once, the key was refused
6  11:00:00  beta: asks, is answered after 120 s, and completes without evidence
7  23:59:50  acme, tag eu: its calls are on both sides of midnight
8  (3 Nov) 08:00:00  beta: is cancelled with a call in flight
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from app.domain import commands as c
from app.domain import events as e
from app.domain import tools
from app.domain.change import Change, change
from app.domain.decide import decide
from app.domain.job import Job
from app.store import blobs, log
from app.store.blobs import digest
from dossier.job_types import Claim
from dossier.request import Limits, ResearchRequest

DAY = datetime(2026, 11, 2, tzinfo=UTC)
MODEL = "openai:gpt-4.1-mini"
REPLY, PAGE = b"a" * 10, b"b" * 1234


def at(hour: int, minute: int, second: float = 0, days: int = 0) -> datetime:
    return DAY + timedelta(days=days, hours=hour, minutes=minute, seconds=second)


def job_id(moment: datetime, number: int) -> UUID:
    """A uuid v7 of this moment."""
    return UUID(f"{int(moment.timestamp() * 1000):012x}70008000{number:012x}")


BEGIN = {
    1: at(9, 0), 2: at(9, 10), 3: at(9, 20), 4: at(10, 0), 5: at(10, 30), 6: at(11, 0), 7: at(23, 59, 50),
    8: at(8, 0, days=1),
}  # fmt: skip
J = {number: job_id(moment, number) for number, moment in BEGIN.items()}

PLAN = tools.GeneratePlan("goal", ("one", "two", "three"), ("search", "compare"))
ADAPT = tools.AdaptPlan("new goal", ("Two is dropped.",), "It is answered.", ("three", "four"))
REPORT = tools.WriteReport("A title", "", "high")


class Play:
    """Play one job by the second at which each method happens."""

    def __init__(self, number: int, tenant: str, tags: tuple[str, ...] = (), **fields) -> None:
        self._begin = BEGIN[number]
        self.job = Job(J[number])
        self.changes: list[Change] = []
        request = ResearchRequest(f"Question {number}?", tags=tags, **fields)
        self.command(0, c.SubmitJob(request, tenant, 3))

    def command(
        self, second: float, command: c.Command, actor: str = "api", epoch: int | None = None
    ) -> None:
        next_ = change(
            self.job, decide(command, self.job), self._begin + timedelta(seconds=second), actor, epoch
        )
        self.changes.append(replace(next_, epoch=None))
        self.job = next_.job

    def start(self, second: float, worker: str) -> None:
        self._worker = f"worker:{worker}"
        self.command(second, c.StartAttempt(worker), self._worker, self.job.epoch + 1)

    def record(self, second: float, *events: e.Event) -> None:
        self.worker(second, c.RecordEvents(self.job.epoch, events))

    def worker(self, second: float, command: c.Command) -> None:
        self.command(second, command, self._worker, self.job.epoch)

    def ask(self, second: float, key: str, provider: str, about: str = "", **fields) -> None:
        kind = {"model": "model", "fallback": "model"}.get(key.split("/")[1], key.split("/")[1])
        self.record(second, e.CallRequested(key, kind, provider, digest(REPLY), about, **fields))

    def get(self, second: float, key: str, latency_ms: int, **usage) -> None:
        self.record(second, e.CallCompleted(key, e.Usage(**usage), latency_ms, digest(REPLY), len(REPLY)))

    def think(self, second: float, step: int, tool, *, enough=False, cost=0.01, again="") -> None:
        """Complete a step's model call, asked two seconds before.

        It takes 1000 tokens in, 100 out, and 2000 ms.
        """
        key = f"{step}/model{again}"
        self.ask(second - 2, key, MODEL, f"turn {step}")
        self.get(second, key, 2000, input_tokens=1000, output_tokens=100, cost_usd=cost)
        self.reason(second, step, tool, enough=enough)

    def reason(self, second: float, step: int, tool, *, enough: bool = False) -> None:
        reasoning = tools.Reasoning(("a", "b"), "situation", "status", enough, ("go on",), enough)
        self.record(second, e.StepReasoned(step, reasoning, tool))
        if tool is PLAN:
            self.record(second, e.PlanDrafted(PLAN.goal, PLAN.planned_steps, PLAN.search_strategies))
        if tool is ADAPT:
            adapted = e.PlanAdapted(ADAPT.new_goal, ADAPT.next_steps, ADAPT.plan_changes, ADAPT.reason)
            self.record(second, adapted)

    def search(self, second: float, key: str, latency_ms: int) -> None:
        self.ask(second - 1, key, "tavily", "query")
        self.get(second, key, latency_ms, searches=1, cost_usd=0.008)

    def find(self, second: float, number: int, url: str, key: str) -> None:
        self.record(second, e.SourceFound(number, url, f"Title {number}", "excerpt", key))

    def read(self, second: float, key: str, number: int, latency_ms: int = 500, cost=0.0) -> None:
        self.ask(second - 1, key, "tavily", "url")
        self.get(second, key, latency_ms, pages=1, cost_usd=cost)
        self.record(second, e.PageRead(number, digest(PAGE), len(PAGE), key))

    def complete(self, second, reason="answered", *, claims=(), coverage=0.0, support=0.0, **lists) -> None:
        report = e.ReportWritten("A title", "Some text.", "high", claims, coverage, support, **lists)
        self.worker(second, c.CompleteJob(self.job.epoch, reason, (report,)))


def claim(number: int, text: str, score: float = 1.0) -> Claim:
    return Claim(text, number, f"quote of {text}", 10, 30, score)


def straight() -> Play:
    play = Play(1, "acme", ("eu", "paid"), effort="quick")
    play.start(4, "w1")
    play.think(10, 1, PLAN)
    play.think(20, 2, tools.WebSearch(("a", "b")))
    play.search(22, "2/search/1", 400)
    play.search(23, "2/search/2", 600)
    play.find(23, 1, "https://www.example.com/one", "2/search/1")
    play.find(23, 2, "https://example.com/two", "2/search/1")
    play.find(23, 3, "https://docs.example.org:8080/three", "2/search/2")
    play.think(30, 3, tools.ReadPages(("x",)))
    play.read(32, "3/read/1", 1)
    play.read(33, "3/read/3", 3, 900)
    play.think(60, 4, REPORT, enough=True)
    claims = (claim(1, "S1"), claim(1, "S2", 0.75), claim(3, "S3"))
    play.complete(60, claims=claims, coverage=0.75, support=1.0, unverified=("S4",))
    return play


def winding() -> Play:
    play = Play(2, "acme", ("eu",), effort="deep")
    play.start(6, "w1")
    play.think(10, 1, PLAN)
    play.think(20, 2, tools.WebSearch(("a",)), enough=True)
    play.ask(21, "2/search/1", "tavily", "query")
    play.record(25, e.CallFailed("2/search/1", "timeout", "The call took too long.", retryable=True))
    play.ask(26, "2/search/1", "tavily", "try 2")
    play.get(28, "2/search/1", 1500, searches=1, cost_usd=0.008)
    play.find(28, 1, "https://example.com/one", "2/search/1")
    play.think(40, 3, ADAPT)
    play.think(50, 4, tools.ReadPages(("x",)), enough=True)
    play.read(53, "4/read/1", 1)
    play.think(60, 5, tools.WebSearch(("b",)))
    play.search(70, "5/search/1", 800)
    play.find(70, 2, "pydoc:with", "5/search/1")
    play.ask(86, "6/model", MODEL, "turn 6")
    bill = e.Usage(1000, 50, cost_usd=0.004)
    play.record(88, e.CallFailed("6/model", "validation", "No legal step.", retryable=False, usage=bill))
    play.think(96, 6, REPORT, enough=True, again="/2")  # told what was wrong
    lists = {"removed": ("[9]: no such source",), "unverified": ("S2", "S3", "S4")}
    play.complete(96, claims=(claim(1, "S1"),), coverage=0.25, support=0.5, **lists)
    return play


def robbed() -> Play:
    play = Play(3, "beta")
    play.start(10, "w2")
    play.think(15, 1, PLAN)
    play.ask(20, "2/model", MODEL, "turn 2")
    play.command(40, c.ExpireLease(play.job.epoch, "silent"), "rescue:w1")
    play.start(50, "w1")
    play.ask(50, "2/model", MODEL, "turn 2", repeat=1)
    play.get(52, "2/model", 2000, input_tokens=1000, output_tokens=100, cost_usd=0.01)
    play.reason(52, 2, REPORT)
    play.complete(52, "no_evidence")
    return play


def capped() -> Play:
    play = Play(4, "beta", limits=Limits(max_cost_usd=0.05, max_calls=40))
    play.start(2, "w2")
    play.think(10, 1, PLAN, cost=0.02)
    play.think(20, 2, tools.WebSearch(("a",)))
    play.search(22, "2/search/1", 1000)
    play.find(22, 1, "https://example.net/one", "2/search/1")
    play.think(30, 3, tools.ReadPages(("x",)))
    play.read(32, "3/read/1", 1, cost=None)
    play.record(32, e.BudgetReached("max_cost_usd", 0.048, 0.05))
    play.ask(33, "4/fallback", "extractive", "turn 4", fallback=True)
    play.get(34, "4/fallback", 10)
    play.reason(34, 4, REPORT, enough=True)
    claims = (claim(1, "S1"),)
    play.complete(34, "budget_reached", claims=claims, coverage=0.5, support=1.0, unverified=("S2",))
    return play


def refused() -> Play:
    play = Play(5, "acme")
    play.start(1, "w1")
    play.ask(2, "1/model", MODEL, "turn 1")
    play.record(3, e.CallFailed("1/model", "auth", "The key was refused.", retryable=False))
    play.worker(3, c.FailAttempt(play.job.epoch, "auth", "The key was refused.", False, BEGIN[5]))
    return play


def asking() -> Play:
    play = Play(6, "beta", clarify=True)
    play.start(5, "w2")
    play.think(10, 1, tools.Clarify(("Which?",), ("it",), ("The one.", "The other.")))
    play.record(10, e.InputRequested(("Which?",), ("it",), ("The one.", "The other."), 600))
    play.command(130, c.ProvideInput(("The planet.",)))
    play.start(131, "w1")
    play.think(140, 2, REPORT)
    play.complete(140, "no_evidence")
    return play


def nightly() -> Play:
    play = Play(7, "acme", ("eu",))
    play.start(2, "w1")
    play.think(8, 1, PLAN)
    play.think(20, 2, REPORT)
    play.complete(20, coverage=0.5, support=0.5, removed=("[1]: nothing was read",))
    return play


def stopped() -> Play:
    play = Play(8, "beta")
    play.start(1, "w2")
    play.think(5, 1, PLAN)
    play.ask(6, "2/model", MODEL, "turn 2")
    play.command(10, c.RequestCancel("no longer needed"))
    aborted = e.CallFailed("2/model", "aborted", "Cancelled.", retryable=False, usage=e.Usage(cost_usd=None))
    play.worker(12, c.ConfirmCancel(play.job.epoch, (aborted,)))
    return play


STORIES = (straight, winding, robbed, capped, refused, asking, nightly, stopped)


async def write(engine, owner) -> dict[UUID, Job]:
    """Write all of it, and return the folded jobs."""
    await owner.fetch("SELECT make_event_partition($1::timestamptz)", DAY)
    await blobs.put(engine, [REPLY, PAGE])
    plays = [story() for story in STORIES]
    for play in plays:
        first, *rest = play.changes
        assert await log.submit(engine, [first]) == {play.job.id}
        for one in rest:
            assert await log.append(engine, [one]) == {play.job.id}
    return {play.job.id: play.job for play in plays}
