"""The API's answers, over a real server."""

import asyncio
import io

from docx import Document

from app.domain import commands as c
from tests.api.finished import finished
from tests.api.sse import read
from tests.steps import as_worker, completed_job, running_job, submitted_job, until


async def failed_job(writer):
    job = await running_job(writer)
    failure = c.FailAttempt(
        job.epoch, "auth", "the key was refused", is_retryable=False, retry_at=job.updated_at
    )
    return await as_worker(writer, job, failure)


async def test_a_submission_says_where_to_look(http):
    response = await http.post("/jobs", json={"query": "why?"})

    body = response.json()
    job_id = body["job_id"]
    assert response.status_code == 201
    assert response.headers["location"] == f"/jobs/{job_id}"
    assert (body["status"], body["progress"]) == ("pending", 0)
    assert body["stream_url"] == f"/jobs/{job_id}/stream"
    for url in (body["url"], body["events_url"]):
        assert (await http.get(url)).status_code == 200


async def test_a_finished_job_shows_its_result(http):
    job_id = (await http.post("/jobs", json={"query": "boil?", "tags": ["a"]})).json()["job_id"]

    job = await finished(http, job_id)

    assert (job["progress"], job["steps_completed"], job["tags"]) == (100, 4, ["a"])
    result = job["result"]
    assert result["report_url"] == f"/jobs/{job_id}/report"
    assert [source["number"] for source in result["sources"]] == [1, 2]
    assert "boils at 100 degrees" in result["final_answer"]
    assert result["stop_reason"] == "answered"
    assert result["metrics"]["search_operations"] == 2
    assert result["metrics"]["api_calls_made"] == 8
    assert set(job["usage"]) >= {"calls", "input_tokens", "cost_usd"}


async def test_the_report_comes_in_three_formats(http):
    job_id = (await http.post("/jobs", json={"query": "boil?"})).json()["job_id"]
    await finished(http, job_id)
    url = f"/jobs/{job_id}/report"

    markdown = await http.get(url)
    html = await http.get(url, headers={"Accept": "text/html,*/*"})
    as_json = await http.get(f"{url}?format=json", headers={"Accept": "text/html"})

    assert markdown.headers["content-type"].startswith("text/markdown")
    assert "boils at 100 degrees" in markdown.text
    assert html.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in html.headers["content-security-policy"]
    assert "<script" not in html.text
    assert as_json.json()["final_answer"]


async def test_the_report_and_its_sources_are_exported(http):
    job_id = (await http.post("/jobs", json={"query": "boil?"})).json()["job_id"]
    job = await finished(http, job_id)
    url = f"/jobs/{job_id}/report"
    cited = {claim["number"] for claim in job["result"]["claims"]}

    docx = await http.get(url, params={"format": "docx"})
    bib = await http.get(url, headers={"Accept": "application/x-bibtex"})
    csl = (await http.get(url, params={"format": "csl"})).json()

    words = Document(io.BytesIO(docx.content))
    assert docx.headers["content-disposition"] == f'attachment; filename="dossier-{job_id}.docx"'
    assert any("boils at 100 degrees" in paragraph.text for paragraph in words.paragraphs)
    assert f"/browse/jobs/{job_id} · " in words.sections[0].footer.paragraphs[0].text
    assert bib.text.count("@online{") == len(csl) == len(cited)
    assert {item["URL"] for item in csl} == {
        source["url"] for source in job["result"]["sources"] if source["number"] in cited
    }


async def test_jobs_are_listed_newest_first_in_pages_and_by_filter(api, house):
    made = [await completed_job(house.writer, tags=("even",) if n % 2 == 0 else ()) for n in range(5)]
    ids = [str(job.id) for job in reversed(made)]

    seen, cursor = [], ""
    while True:
        page = (await api.get(f"/jobs?limit=2{cursor}")).json()
        seen += [job["job_id"] for job in page["jobs"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert seen == ids
    even = (await api.get("/jobs?tags=even")).json()["jobs"]
    assert [job["job_id"] for job in even] == ids[::2]
    assert (await api.get("/jobs?status=running")).json()["jobs"] == []
    assert len((await api.get("/jobs?status=completed")).json()["jobs"]) == 5


async def test_cancelling_a_waiting_a_running_and_a_cancelled_job_is_200(http, house):
    house.model.pause = 30
    running = (await http.post("/jobs", json={"query": "why?"})).json()["job_id"]
    waiting = (await http.post("/jobs", json={"query": "why?", "priority": -100})).json()["job_id"]

    async def works():
        return (await http.get(f"/jobs/{running}")).json()["status"] == "running"

    await until(works)

    for job_id in (waiting, running, running):
        response = await http.delete(f"/jobs/{job_id}")
        assert response.status_code == 200
        assert response.json()["status"] == "cancelled"
        assert response.json()["cancelled_at"]
    assert (await read(http, running))[-1].event == "job_cancelled"


async def test_a_cancel_that_takes_longer_says_that_it_is_under_way(api, house):
    job = await running_job(house.writer)  # claimed by a worker that does not answer

    response = await api.delete(f"/jobs/{job.id}")

    assert (response.status_code, response.json()["status"]) == (202, "cancelling")


async def test_the_openapi_document_describes_every_route_with_an_example(http):
    document = (await http.get("/schema")).json()

    assert {
        "/jobs", "/jobs/{job_id}", "/jobs/{job_id}/stream", "/jobs/{job_id}/events",
        "/jobs/{job_id}/report", "/health/live", "/health/ready",
    } <= set(document["paths"])  # fmt: skip
    body = document["paths"]["/jobs"]["post"]["requestBody"]["content"]["application/json"]
    assert "with statement" in str(body)
    for path in document["paths"].values():
        for operation in path.values():
            assert operation["summary"]


async def test_health_tells_liveness_from_readiness(http):
    assert (await http.get("/health/live")).json()["status"] == "ok"
    ready = await http.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "ok")


async def test_readers_that_ask_together_get_their_own_job(api, house):
    jobs = [await completed_job(house.writer, query=f"q{n}") for n in range(12)]

    answers = await asyncio.gather(*(api.get(f"/jobs/{job.id}") for job in jobs * 3))

    assert [answer.json()["query"] for answer in answers] == [f"q{n}" for n in range(12)] * 3


async def listed(http, **wanted):
    return [job["job_id"] for job in (await http.get("/jobs", params=wanted)).json()["jobs"]]


async def test_a_list_shows_only_the_jobs_of_which_this_came(api, house):
    await completed_job(house.writer)  # without a report, so nothing is known of it
    await submitted_job(house.writer)
    failed = await failed_job(house.writer)

    assert await listed(api, outcome="not_researched") == [str(failed.id)]
    assert await listed(api, outcome="not_researched", status="completed") == []
    assert await listed(api, outcome="answered") == []
    assert (await api.get("/jobs", params={"outcome": "good"})).json()["errors"][0]["field"] == "outcome"


async def test_a_list_finds_a_job_by_the_outcome_that_it_shows(http):
    job = await finished(http, (await http.post("/jobs", json={"query": "why?"})).json()["job_id"])

    assert await listed(http, outcome=job["outcome"]) == [job["job_id"]]
    assert await listed(http, outcome="not_researched") == []


async def test_a_failed_job_says_what_was_done_before(api, house):
    job = await failed_job(house.writer)

    view = (await api.get(f"/jobs/{job.id}")).json()

    assert (view["status"], view["outcome"]) == ("failed", "not_researched")
    assert view["error"]["outcome_reason"] == "nothing was searched for"
