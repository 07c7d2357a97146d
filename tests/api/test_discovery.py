"""A server says what it offers and what a job would take."""

import gzip

import pytest
from msgspec.structs import replace

from app.api.compression import takes_gzip
from app.configuration import offered_by
from app.settings import Settings
from dossier import AsyncDossier
from tests.conftest import FAST, TestHouse, serving
from tests.steps import completed_job

KNOWN = Settings(openai_api_key="k", model="gpt-x", search="wikipedia")


async def test_capabilities_name_models_engines_and_efforts(database_url):
    house = TestHouse(replace(FAST, openai_api_key="k", model="gpt-x", search="wikipedia"), database_url)
    await completed_job(house.writer)
    async with serving(house, workers=0) as url, AsyncDossier(url) as dossier:
        offered = await dossier.capabilities()
    assert offered.models == ("gpt-x",)
    assert offered.default_model == "gpt-x"
    assert (offered.search_engines, offered.default_search) == (("wikipedia",), "web")
    assert {one.effort: one.past is not None for one in offered.efforts} == {
        "quick": False,
        "standard": True,
        "deep": False,
    }
    assert offered.limits.waiting_jobs == house.settings.queue_limit


def test_without_settings_nothing_is_offered_that_is_not_there():
    assert offered_by(Settings()).models == ()
    assert offered_by(Settings()).default_search == "corpus"
    assert offered_by(KNOWN).default_search == "web"


async def test_an_estimate_is_judged_by_jobs_of_the_same_effort_and_model(api, house):
    for _ in range(3):
        await completed_job(house.writer)
    same = (await api.post("/estimate", json={"query": "why?"})).json()
    assert same["past"]["jobs"] == 3
    assert same["past"]["calls"]["p50"] <= same["past"]["calls"]["p90"]
    assert same["past"]["seconds"]["p50"] >= 0

    for other in ({"effort": "deep"}, {"model": "another"}):
        assert (await api.post("/estimate", json={"query": "why?", **other})).json()["past"] is None


async def test_an_estimate_keeps_to_the_limits_of_the_request_and_submits_nothing(api):
    limits = {"max_calls": 7, "deadline_seconds": 33, "max_cost_usd": 0.5}
    body = (await api.post("/estimate", json={"query": "why?", "limits": limits})).json()
    assert (body["max_calls"], body["deadline_seconds"], body["max_cost_usd"]) == (7, 33, 0.5)
    assert (await api.get("/jobs")).json()["jobs"] == []
    assert (await api.post("/estimate", json={"query": ""})).status_code == 400


async def test_a_job_links_to_what_can_be_asked_about_it(http):
    made = (await http.post("/jobs", json={"query": "why?"})).json()
    at_first = (await http.get(made["url"], params={"at": 1})).json()["links"]
    assert at_first.keys() == {"self", "stream", "events", "bundle"}

    async with AsyncDossier(str(http.base_url)) as dossier:
        await dossier.result(made["job_id"])
    links = (await http.get(made["url"])).json()["links"]
    assert links.keys() == {"self", "stream", "events", "bundle", "report", "claims"}
    for path in links.values():
        assert (await http.get(path)).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "is_taken"),
    [
        ("gzip", True),
        ("br;q=1.0, GZIP; q=0.8, *;q=0.1", True),
        ("gzip;q=0.001", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, identity", False),
        ("identity", False),
        ("not-gzip-at-all", False),
        ("", False),
    ],
)
def test_gzip_is_sent_to_those_who_take_it(accepted, is_taken):
    assert takes_gzip(accepted) == is_taken


async def test_what_is_short_or_has_no_body_is_not_compressed(api, house):
    job = await completed_job(house.writer)
    for method, path in (("GET", "/health"), ("HEAD", f"/jobs/{job.id}"), ("GET", "/jobs/00000000")):
        reply = await api.request(method, path, headers={"Accept-Encoding": "gzip"})
        assert "content-encoding" not in reply.headers


async def test_json_is_compressed_for_those_who_ask_and_streams_are_not(api, house):
    jobs = [await completed_job(house.writer) for _ in range(20)]
    packed = await api.get("/jobs", headers={"Accept-Encoding": "gzip"})
    plain = await api.get("/jobs", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept, Accept-Encoding, Authorization, Cookie"
    assert len(gzip.compress(plain.content)) < len(plain.content)
    stream = await api.get(f"/jobs/{jobs[0].id}/stream", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in stream.headers
