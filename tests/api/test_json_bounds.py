"""JSON that only some decoders accept is refused by every route."""

import msgspec
import pytest

from app.mcp_server.mount import MAX_MESSAGE, McpMount
from app.store.database import fetch
from app.text.json_bounds import MAX_JSON_DEPTH, excesses, is_nested
from tests.api.problems import assert_problem
from tests.conftest import serving
from tests.steps import rows, submitted_job

JSON = {"Content-Type": "application/json"}


def nest(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


@pytest.mark.parametrize("levels", [32, 970, 990, 1_050, 5_000])
async def test_metadata_that_nests_is_refused_however_deep(api, house, levels):
    body = f'{{"query": "why?", "metadata": {nest(levels)}}}'

    response = await api.post("/jobs", content=body, headers=JSON)

    assert_problem(response, 400, "too_deep")
    assert await rows(house.engine) == {}
    assert (await api.get("/jobs")).status_code == 200


async def test_the_deepest_metadata_that_is_taken_is_shown(api):
    body = f'{{"query": "why?", "metadata": {nest(MAX_JSON_DEPTH - 1)}}}'
    job = (await api.post("/jobs", content=body, headers=JSON)).json()

    assert (await api.get(job["url"])).json()["metadata"] == msgspec.json.decode(nest(MAX_JSON_DEPTH - 1))
    assert (await api.get("/jobs")).json()["jobs"][0]["job_id"] == job["job_id"]


@pytest.mark.parametrize(
    ("metadata", "code"),
    [({str(n): 1 for n in range(1_001)}, "too_many_items"), ({"k" * 201: 1}, "too_long")],
)
async def test_keys_have_bounds(api, metadata, code):
    assert_problem(await api.post("/jobs", json={"query": "why?", "metadata": metadata}), 400, code)


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/chat/completions"])
@pytest.mark.parametrize("levels", [40, 5_000])
async def test_openai_s_protocols_have_the_same_bounds(api, path, levels):
    body = f'{{"input": "why?", "messages": [], "metadata": {nest(levels)}}}'
    response = await api.post(path, content=body, headers=JSON)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "too_deep")


@pytest.mark.parametrize("path", ["fork", "input"])
async def test_every_other_body_has_them_too(api, house, path):
    job = await submitted_job(house.writer)
    body = f'{{"changes": {{"metadata": {nest(970)}}}, "answers": [{nest(970)}]}}'
    assert_problem(await api.post(f"/jobs/{job.id}/{path}", content=body, headers=JSON), 400, "too_deep")


@pytest.mark.parametrize(
    ("body", "status"), [(nest(40), 400), (nest(5_000), 400), ('"' + "x" * MAX_MESSAGE + '"', 413)]
)
async def test_a_message_of_the_model_context_protocol_has_bounds(house, body, status):
    import httpx

    plain = house.app
    house.app = lambda workers: plain(workers, {"/mcp": McpMount()})
    accepts = {**JSON, "Accept": "application/json, text/event-stream"}
    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url) as http:
        assert (await http.post("/mcp", content=body, headers=accepts)).status_code == status


async def test_a_job_of_before_that_cannot_be_shown_leaves_the_list_whole(api, house, owner):
    jobs = [await submitted_job(house.writer) for _ in range(3)]
    request = f'{{"query": "why?", "metadata": {nest(970)}}}'
    await fetch(owner, "UPDATE jobs SET request = $1::json WHERE job_id = $2::uuid", request, jobs[1].id)

    whole = (await api.get("/jobs")).json()
    first = (await api.get("/jobs?limit=2")).json()
    second = (await api.get(f"/jobs?limit=2&cursor={first['next_cursor']}")).json()

    assert [job["job_id"] for job in whole["jobs"]] == [str(jobs[2].id), str(jobs[0].id)]
    assert [job["job_id"] for job in first["jobs"] + second["jobs"]] == [str(jobs[2].id), str(jobs[0].id)]
    assert second["next_cursor"] is None
    assert (await api.get(f"/jobs/{jobs[0].id}")).status_code == 200


def test_brackets_in_strings_do_not_nest():
    text = msgspec.json.encode({"a": "[{" * 1_000 + '\\"' + "[" * 1_000})
    assert not is_nested(text)
    assert is_nested(b"[" * 33)
    assert not list(excesses(msgspec.json.decode(text)))
