"""Only allowed origins may call the API and read its answers."""

import httpx
import pytest
from msgspec.structs import replace

from app.store.api_keys import add_key
from tests.conftest import FAST, TestHouse, serving
from tests.steps import completed_job

OURS = "https://app.example.com"
OTHER = "https://evil.example"


@pytest.fixture
async def listed(database_url):
    """A client of a server that lists one origin."""
    house = TestHouse(replace(FAST, allowed_origins=f"{OURS}/, http://127.0.0.1:3000"), database_url)
    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url) as http:
        http.house = house
        yield http


def preflight(origin, method="POST", names="authorization,content-type,idempotency-key,x-stainless-os"):
    return {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": names,
    }


def granted(answer):
    return {name for name in answer.headers if name.startswith("access-control-")}


async def test_a_preflight_of_a_listed_origin_is_answered_without_a_key(listed, engine):
    await add_key(engine, "one", ("read",), None)
    for path in ("/jobs", "/v1/responses", f"/jobs/{'0' * 32}/stream", "/mcp"):
        answer = await listed.options(path, headers=preflight(OURS))
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == OURS
        assert (
            answer.headers["access-control-allow-headers"] == preflight("")["Access-Control-Request-Headers"]
        )
        assert "DELETE" in answer.headers["access-control-allow-methods"]
        assert "Origin" in answer.headers["vary"]


async def test_another_origin_gets_no_permission_anywhere(listed):
    for origin in (OTHER, "null", f"{OURS}.evil.example", "http://app.example.com", ""):
        asked = await listed.options("/jobs", headers=preflight(origin))
        assert asked.headers["allow"]  # the plain answer to OPTIONS
        read = await listed.get("/jobs", headers={"Origin": origin})
        assert granted(asked) | granted(read) == set()
        assert "Origin" in read.headers["vary"]


async def test_a_listed_origin_reads_answers_errors_and_streams(listed):
    job = await completed_job(listed.house.writer)
    for path in ("/jobs", "/jobs/0", "/nowhere", f"/jobs/{job.id}/stream", f"/jobs/{job.id}/report"):
        answer = await listed.get(path, headers={"Origin": OURS})
        assert answer.headers["access-control-allow-origin"] == OURS
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert "Location" in answer.headers["access-control-expose-headers"]


async def test_a_header_that_would_end_the_line_is_not_repeated(listed):
    answer = await listed.options("/jobs", headers=preflight(OURS, names="x-a;b, c\td"))
    assert "access-control-allow-headers" not in answer.headers


async def test_any_origin_may_be_listed_but_never_with_cookies(database_url):
    house = TestHouse(replace(FAST, allowed_origins="*"), database_url)
    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url) as http:
        answer = await http.get("/jobs", headers={"Origin": OTHER})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


async def test_without_the_setting_nothing_is_said_about_origins(api):
    answer = await api.get("/jobs", headers={"Origin": OURS})
    assert granted(answer) == set()
    assert "Origin" not in answer.headers["vary"]
