"""Another tenant's job is not there, whatever is asked about its past."""

import httpx
import pytest

from app import handle
from dossier.request import ResearchRequest
from tests.audit.conftest import researched
from tests.conftest import FAST, TestHouse, serving
from tests.scripted import PAGES
from tests.steps import until

CALLS = {
    "GET /jobs/{theirs}": {},
    "GET /jobs/{theirs}?at=1": {},
    "GET /jobs/{theirs}/report": {},
    "GET /jobs/{theirs}/events": {},
    "GET /jobs/{theirs}/stream": {},
    "GET /jobs/{theirs}/sources/1": {},
    "GET /jobs/{theirs}/claims": {},
    "GET /jobs/{theirs}/bundle": {},
    "GET /jobs/{theirs}/diff/{ours}": {},
    "GET /jobs/{ours}/diff/{theirs}": {},
    "POST /jobs/{theirs}/fork": {"json": {}},
    "POST /jobs/{theirs}/replay": {},
    "POST /jobs/{theirs}/input": {"json": {"answers": ["yes"]}},
    "DELETE /jobs/{theirs}": {},
}


@pytest.fixture
async def theirs(database_url) -> str:
    """A whole run of another tenant."""
    house = TestHouse(FAST, database_url)
    job, _ = await handle.submit(house.writer, ResearchRequest("When does water boil?"), tenant="other")

    async def over():
        return (await handle.load(house.writer, job.id)).status == "completed"

    async with serving(house):
        await until(over)
    return str(job.id)


async def test_another_tenants_job_is_not_there_on_any_path(theirs, house, database_url):
    ours = await researched(TestHouse(FAST, database_url))

    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url, timeout=90) as http:
        for call, options in CALLS.items():
            method, path = call.format(theirs=theirs, ours=ours).split()
            answer = await http.request(method, path, **options)
            assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found"), call
        listed = (await http.get("/jobs")).json()["jobs"]
        uses = (await http.get("/sources", params={"url": next(iter(PAGES))})).json()["jobs"]
        events = (await http.get("/events", params={"limit": 1000})).json()["events"]

    assert [job["job_id"] for job in listed] == [ours]
    assert [use["job_id"] for use in uses] == [ours]
    assert {entry["event"]["job_id"] for entry in events} == {ours}
