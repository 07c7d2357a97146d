"""A half of a merged search that fails is told everywhere.

That is the log, the model and the result.
"""

from app.domain import events as e
from app.domain.view import job_view
from app.errors import ProviderError
from app.providers.merged import MergedSearch
from tests.scripted import ScriptedSearch
from tests.steps import submitted_job, whole_log
from tests.worker.working import over, working


class FailingSearch:
    """A search that the provider refuses."""

    name = "tavily"
    scope = "web"

    async def search(self, query, limit, *, allowed=(), blocked=(), **_):
        raise ProviderError("network", "Tavily answered 503.", retryable=True)

    async def read(self, url):
        raise ProviderError("network", "Tavily answered 503.", retryable=True)


class Documents(ScriptedSearch):
    name = "corpus"
    scope = "corpus"


async def test_the_half_that_fails_is_in_the_log_told_to_the_model_and_said_in_the_result(house):
    house.search = MergedSearch([FailingSearch(), Documents()])

    job = await submitted_job(house.writer)
    async with working(house):
        job = await over(house, job.id)

    events = [row.recorded().event for row in await whole_log(house.engine, job.id)]
    searched = [event for event in events if isinstance(event, e.CallCompleted) and "/search/" in event.key]
    part = e.FailedPart("tavily", "network", "Tavily answered 503.", True)
    assert [event.failed_parts for event in searched] == [(part,)] * 2
    assert any("tavily failed: Tavily answered 503." in line for line in house.model.asks[-1].turns[1].failed)
    result = job_view(job).result
    assert "tavily failed 2 times: Tavily answered 503, " in result.outcome_reason
    assert result.outcome == "partial", "the web was asked for, and never answered"


async def test_the_half_that_fails_counts_for_its_own_breaker(house):
    house.search = MergedSearch([FailingSearch(), Documents()])
    tools = house.tools()
    house.tools = lambda: tools

    for _ in range(2):
        job = await submitted_job(house.writer)
        async with working(house):
            await over(house, job.id)

    assert tools.breaker("tavily").is_open
    assert not tools.breaker("corpus").is_open
