"""A job's completion, row, list and report say what came of it."""

from app.domain import tools
from app.errors import ProviderError
from app.text.report_evidence import evidence
from tests.scripted import PAGES, PLAN, ScriptedModel
from tests.steps import submitted_job, whole_log
from tests.worker.working import over, working

READS = (PLAN, tools.WebSearch(("boiling",)), tools.ReadPages(tuple(PAGES)), tools.Answer("No.", "failed"))


async def test_pages_that_could_not_be_read_are_no_search_that_found_nothing(api, house):
    async def fail(url):
        raise ProviderError("validation", "The page is gone.", retryable=False)

    house.search.read = fail
    house.model = ScriptedModel(READS)
    job = await submitted_job(house.writer)
    async with working(house):
        job = await over(house, job.id)

    view = (await api.get(f"/jobs/{job.id}")).json()
    [listed] = (await api.get("/jobs")).json()["jobs"]
    log = await whole_log(house.engine, job.id)
    assert view["outcome"] == listed["outcome"] == log[-1].recorded().event.outcome == "not_researched"
    assert view["result"]["outcome_reason"] == "2 searches, 2 pages found, none could be read"
    assert (view["usage"]["pages_read"], view["usage"]["failed_tries"]) == (0, 2)
    assert view["progress"] < 100


async def test_a_report_whose_pages_were_read_does_not_say_that_no_evidence_was_found(house):
    from app.domain.view import result

    house.model = ScriptedModel(READS)
    job = await submitted_job(house.writer)
    async with working(house):
        job = await over(house, job.id)

    said = " ".join(evidence(result(job)))
    assert "No sentence could be tied to a page that was read." in said
    assert result(job).outcome == "not_found"
