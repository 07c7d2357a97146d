"""The list of jobs shows every ending for what it is.

None looks like a success that it is not.
"""

from datetime import timedelta

import pytest

from app.domain import events as e
from app.store import log as store
from dossier.job_types import Claim
from tests.conftest import FAST, TestHouse, serving
from tests.folds.logs import PLAN, SEARCH, STARTED, SUBMITTED, T0, called, told, turn
from tests.page.conftest import watching

BEGUN = (SUBMITTED, STARTED, *turn(1, PLAN), *turn(2, SEARCH))
SEARCHED = called("2/search/1", cost=None)
FOUND = e.SourceFound(1, "https://example.com/a", "A", "", "2/search/1")
READ = (*called("2/read/1"), e.PageRead(1, "ab" * 32, 3, "2/read/1"))
NOTHING = e.ReportWritten("A title", "Nothing of it is in the pages.", "low", (), 0.0, 0.0)
CLAIM = Claim("It is.", 1, "It is.", 0, 6, 1.0)
TOLD = e.ReportWritten("A title", "It is [1].", "low", (CLAIM,), 1.0, 1.0)
AWAY = e.Away("tavily", T0, "HTTP 503: away")
WAITS = e.AttemptReleased(1, "provider_unavailable", T0 + timedelta(days=9999), away=AWAY)
# The events that end it, and whether its bar may be green.
ENDINGS = {
    "Completed": ((*SEARCHED, FOUND, *READ, TOLD, e.JobCompleted("answered", "answered")), True),
    "Done in part": ((*SEARCHED, FOUND, *READ, TOLD, e.JobCompleted("deadline", "partial")), True),
    "Nothing found": ((*SEARCHED, FOUND, *READ, NOTHING, e.JobCompleted("no_evidence", "not_found")), False),
    "Not researched": ((*SEARCHED, NOTHING, e.JobCompleted("model_failed", "not_researched")), False),
    "Failed": ((*SEARCHED, e.JobFailed("auth", "The key was refused.", is_retryable=False)), False),
    "Cancelled": ((*SEARCHED, e.CancelRequested(), e.JobCancelled()), False),
    "Waiting": ((WAITS,), True),
}


@pytest.fixture
async def server(database_url, engine):
    logs = [told(f"page: {name}", *BEGUN, *ending) for name, (ending, _) in ENDINGS.items()]
    await store.submit(engine, [log.change for log in logs])
    async with serving(TestHouse(FAST, database_url), workers=0) as url:
        yield url


async def test_each_ending_is_named_and_only_work_that_counts_is_green(browser, server):
    async with watching(browser, server) as watched:
        await watched.go("/browse/jobs")
        for name, (_, is_green) in ENDINGS.items():
            await watched.sees("#rows .state", name)
            row = watched.find("#rows > *").filter(has=watched.find(".state", has_text=name))
            assert await row.locator(".bar.spent").count() == (0 if is_green else 1), name
            assert "quick effort" in await row.inner_text() or "standard effort" in await row.inner_text()
            if name == "Cancelled":
                cancelled = row
        await cancelled.get_by_role("link").first.click()
        await watched.sees("#no-sources", "No page was found.")  # and not "yet"
        watched.check()
