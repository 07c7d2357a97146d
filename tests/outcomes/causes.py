"""Play every way in which a job ends, with real workers.

Each says what happens, and what must be said of it everywhere.
"""

import asyncio
from typing import Any

from msgspec import Struct, field

from app.agent.extractive import Extractive
from app.agent.ports import Hit, ModelReply, PageReply, SearchReply
from app.domain import tools
from app.domain.events import Usage
from app.errors import ProviderError
from app.worker.providers import Tools
from tests.conftest import TestHouse
from tests.scripted import PAGES, PLAN, REASONING, REPORT

QUESTION = "At what temperature does water boil at sea level?"
FOR_EVER = 600.0  # seconds; the job is ended while this waits
READ = tools.ReadPages(tuple(PAGES))
SEARCH = tools.WebSearch(("boiling point", "everest"))
NOTHING = tools.Answer("Nothing of it is known.", "failed")


class Cause(Struct, frozen=True):
    """Hold what happens to a job, and what must be said."""

    script: tuple[tools.AnyTool, ...] = (PLAN, SEARCH, READ, REPORT)
    request: dict[str, Any] = field(default_factory=dict)
    searches_fail: int = 0  # the last so many of them
    refused: bool = False  # the searches fail because the key is wrong
    hits: bool = True
    reads_fail: bool = False
    silent_page: bool = False  # pages that have nothing to do with the question
    model_fails_at: int = 0  # turn
    model_hangs_at: int = 0
    hangs_for_good: bool = False  # also where it is asked for the report alone
    then: str = ""  # "cancel" or "finish", once the model hangs
    status: str = "completed"
    stop_reason: str | None = "answered"
    outcome: str | None = "answered"
    exit_code: int = 0
    badge: str = "Completed"
    written_by: str = "model"
    says: str = "2 searches, 2 pages found, 2 read"


NOT_FOUND = {"outcome": "not_found", "exit_code": 4, "badge": "Nothing found"}
NOT_RESEARCHED = {"outcome": "not_researched", "exit_code": 5, "badge": "Not researched"}
PARTIAL = {"outcome": "partial", "badge": "Done in part"}
FAILED = {
    "status": "failed",
    "stop_reason": None,
    "outcome": "not_researched",
    "exit_code": 1,
    "badge": "Failed",
}
AWAY, REFUSED = "HTTP 503", "The key was refused."

CAUSES = {
    "all goes well": Cause(),
    # An outage of the search
    "one of three searches fails": Cause(
        (PLAN, tools.WebSearch(("boiling point", "everest", "summit")), READ, REPORT),
        searches_fail=1,
        says="1 of 3 searches failed, 2 pages found, 2 read",
    ),
    "most searches fail": Cause(
        (PLAN, tools.WebSearch(("boiling point", "everest", "summit")), READ, REPORT),
        searches_fail=2,
        says="2 of 3 searches failed, 2 pages found, 2 read",
        **PARTIAL,
    ),
    "all searches fail": Cause(
        (PLAN, SEARCH, NOTHING),
        written_by="stand_in",
        searches_fail=2,
        says="searches failed",
        stop_reason="model_failed",
        **NOT_RESEARCHED,
    ),
    "the key of the search is refused": Cause(
        searches_fail=2, refused=True, says="2 of 2 searches failed", **FAILED
    ),
    # Pages
    "no page is found": Cause(
        (PLAN, SEARCH, NOTHING),
        hits=False,
        says="searches, no page found",
        stop_reason="no_evidence",
        **NOT_FOUND,
    ),
    "no page can be read": Cause(
        (PLAN, SEARCH, READ, NOTHING),
        reads_fail=True,
        says="searches, 2 pages found, none could be read",
        stop_reason="no_evidence",
        **NOT_RESEARCHED,
    ),
    "the pages say nothing of it": Cause(
        (PLAN, SEARCH, READ, NOTHING),
        silent_page=True,
        says="searches, 2 pages found, 2 read",
        stop_reason="no_evidence",
        **NOT_FOUND,
    ),
    "nothing may be searched for": Cause(
        (PLAN, NOTHING),
        request={"limits": {"max_searches": 0}},
        says="nothing was searched for",
        stop_reason="no_evidence",
        **NOT_RESEARCHED,
    ),
    # An outage of the model
    "the model never answers": Cause(
        model_fails_at=1, says=f"nothing was searched for, the model failed once: {AWAY}", **FAILED
    ),
    "the key of the model is refused": Cause(
        model_fails_at=1,
        refused=True,
        says="nothing was searched for, the model failed once: The key was refused",
        **FAILED,
    ),
    "the model fails before a page is found": Cause(
        written_by="stand_in",
        model_fails_at=3,
        hits=False,
        stop_reason="model_failed",
        says="searches, no page found, the model failed",
        **NOT_RESEARCHED,
    ),
    "the model fails with pages read": Cause(
        written_by="stand_in",
        model_fails_at=4,
        stop_reason="model_failed",
        says="searches, 2 pages found, 2 read, the model failed",
        **PARTIAL,
    ),
    # Limits
    "the budget ends before a search": Cause(
        request={"limits": {"max_calls": 2}},
        stop_reason="budget_reached",
        says="nothing was searched for",
        **NOT_RESEARCHED,
    ),
    "the budget ends with pages read": Cause(
        (PLAN, SEARCH, READ, PLAN, REPORT),
        request={"limits": {"max_calls": 8}},
        stop_reason="budget_reached",
        **PARTIAL,
    ),
    "the deadline comes before the model answers": Cause(
        model_hangs_at=1,
        request={"limits": {"deadline_seconds": 5}},
        hangs_for_good=True,
        hits=False,
        says="the model failed once: Cut off by the deadline",
        **FAILED,
    ),
    "the deadline comes with pages read": Cause(
        model_hangs_at=4,
        request={"limits": {"deadline_seconds": 30}},
        stop_reason="deadline",
        **PARTIAL,
    ),
    # The caller
    "cancelled while it works": Cause(
        model_hangs_at=3,
        then="cancel",
        status="cancelled",
        stop_reason=None,
        outcome=None,
        exit_code=3,
        badge="Cancelled",
        says="",
    ),
    "finished before a search": Cause(
        written_by="stand_in",
        model_hangs_at=2,
        then="finish",
        stop_reason="finish_requested",
        says="nothing was searched for",
        **NOT_RESEARCHED,
    ),
    "finished before a page was read": Cause(
        written_by="stand_in",
        model_hangs_at=3,
        then="finish",
        stop_reason="finish_requested",
        says="2 searches, 2 pages found, none read",
        **NOT_RESEARCHED,
    ),
    "finished with pages read": Cause(
        model_hangs_at=4, then="finish", stop_reason="finish_requested", **PARTIAL
    ),
}  # fmt: skip


def _error(*, is_refused: bool) -> ProviderError:
    return ProviderError(
        "auth" if is_refused else "network", REFUSED if is_refused else AWAY, retryable=False
    )


class CausedModel:
    """Plays the script of the question's cause."""

    def __init__(self, name: str) -> None:
        self.name = name  # of its cause: what fails in one job is no outage for the others

    async def next_step(self, ask, texts, writing=None):
        cause = CAUSES[self.name]
        is_last = set(ask.menu) <= {"write_report", "answer"}
        if ask.step == cause.model_hangs_at and (cause.hangs_for_good or not is_last):
            await asyncio.sleep(FOR_EVER)
        if cause.model_fails_at and ask.step >= cause.model_fails_at:
            raise _error(is_refused=cause.refused)
        tool = cause.script[-1 if is_last else min(ask.step, len(cause.script)) - 1]
        if is_last and not any(source.sha256 for source in ask.sources):
            tool = NOTHING
        return ModelReply(tools.NextStep(REASONING, tool), Usage(100, 20, cost_usd=0.001))


class CausedSearch:
    """Finds and reads pages as the cause has it."""

    scope = "web"

    def __init__(self, name: str) -> None:
        self.name, self._cause = f"search, {name}", CAUSES[name]
        [queries] = [one.queries for one in self._cause.script if isinstance(one, tools.WebSearch)] or [()]
        self._all_fail = 0 < len(queries) <= self._cause.searches_fail
        self._failing = set(queries[len(queries) - self._cause.searches_fail :])

    async def search(self, query, limit, *, allowed=(), blocked=(), **_):
        if query in self._failing or self._all_fail:
            raise _error(is_refused=self._cause.refused)
        found = PAGES if self._cause.hits else {}
        return SearchReply(tuple(Hit(url, f"Page {url[-1]}", text[:40], 0.9) for url, text in found.items()))

    async def read(self, url):
        if self._cause.reads_fail:
            raise ProviderError("validation", "The page is gone.", retryable=False)
        return PageReply("A yak is an ox with long hair." if self._cause.silent_page else PAGES[url])


class CausedHouse(TestHouse):
    """A house in which the question says what happens."""

    __test__ = False

    def tools(self):
        searches = {name: CausedSearch(name) for name in CAUSES}
        model, stand_in = CausedModel("model"), Extractive()
        return Tools(model, stand_in, lambda job: searches[job.request.tags[0]], CausedModel)
