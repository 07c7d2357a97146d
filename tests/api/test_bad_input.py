"""Promise 13: bad input gets a clear error and changes nothing.

The error names the field, and is never a 500.
"""

from uuid import uuid4

import httpx
import pytest

from tests.api.problems import assert_problem
from tests.conftest import serving
from tests.steps import rows


@pytest.fixture(scope="module")
async def refusing(front_house):
    """A client of one server for all requests that are refused."""
    async with serving(front_house, workers=0) as url, httpx.AsyncClient(base_url=url, timeout=90) as http:
        yield http


LONG = "x" * 4001


def nested(depth: int) -> dict:
    value = []
    for _ in range(depth):
        value = [value]
    return {"a": value}


BODIES = [
    ({"query": ""}, 400, "too_short", "query"),
    ({"query": "   "}, 400, "too_short", "query"),
    ({"query": LONG + "x" * 999}, 400, "too_long", "query"),
    ({"query": "why?", "colour": "red"}, 400, "unknown_field", "colour"),
    ({"query": "why?", "limits": {"max_money": 1}}, 400, "unknown_field", "limits.max_money"),
    ({"query": 7}, 400, "wrong_type", "query"),
    ({"query": None}, 400, "wrong_type", "query"),
    ([], 400, "wrong_type", "body"),
    ({}, 400, "missing_field", "query"),
    ({"query": "why?", "priority": 101}, 400, "out_of_range", "priority"),
    ({"query": "why?", "priority": -101}, 400, "out_of_range", "priority"),
    ({"query": "why?", "tags": [str(n) for n in range(11)]}, 400, "too_many_items", "tags"),
    ({"query": "why?", "tags": ["x" * 51]}, 400, "too_long", "tags[0]"),
    ({"query": "why?", "effort": "heroic"}, 400, "wrong_type", "effort"),
    ({"query": "why?", "limits": {"max_cost_usd": -1}}, 400, "out_of_range", "limits.max_cost_usd"),
    ({"query": "why?", "metadata": {"x": "y" * 10_240}}, 400, "metadata_too_large", "metadata"),
    ({"query": "nul \x00"}, 400, "invalid_character", "query"),
    ({"query": "why?", "metadata": {"a": ["\x00"]}}, 400, "invalid_character", "metadata.a[0]"),
    ({"query": "why?", "metadata": nested(33)}, 400, "too_deep", "metadata.a" + "[0]" * 30),
    ({"query": "why?", "priority": True}, 400, "wrong_type", "priority"),
    ({"query": "why?", "priority": 1.5}, 400, "wrong_type", "priority"),
    ({"query": "why?", "priority": 10**40}, 400, "out_of_range", "priority"),
    ({"query": "why?", "sources": {"allowed_domains": "a"}}, 400, "wrong_type", "sources.allowed_domains"),
    (
        {"query": "why?", "sources": {"published_after": "soon"}},
        400,
        "out_of_range",
        "sources.published_after",
    ),
    (
        {"query": "why?", "sources": {"published_after": "2026-02-01", "published_before": "2026-01-31"}},
        400,
        "out_of_range",
        "sources",
    ),
    ({"query": "why?", "sources": {"region": "Austria"}}, 400, "out_of_range", "sources.region"),
    ({"query": "why?", "clarify": None}, 400, "wrong_type", "clarify"),
    ({"query": "why?", "language": "German, please"}, 400, "out_of_range", "language"),
    ({"query": "why?", "language": "de\n"}, 400, "out_of_range", "language"),
    ({"query": "why?", "length": "epic"}, 400, "wrong_type", "length"),
    ({"query": "why?", "length": ["short"]}, 400, "wrong_type", "length"),
    ({"query": "why?", "length": True}, 400, "wrong_type", "length"),
    ({"query": "why?", "length": 20}, 400, "out_of_range", "length"),
    ({"query": "why?", "length": 1.5}, 400, "wrong_type", "length"),
    ({"query": "why?", "instructions": "x" * 4001}, 400, "too_long", "instructions"),
    ({"query": "why?", "outline": ["x"] * 31}, 400, "too_many_items", "outline"),
    ({"query": "why?", "output_schema": {"type": "array"}}, 400, "unsupported_schema", "output_schema"),
    ({"query": "why?", "output_schema": []}, 400, "wrong_type", "output_schema"),
    ({"query": "why?", "outline": [" "]}, 400, "too_short", "outline[0]"),
]


@pytest.mark.parametrize(("body", "status", "code", "field"), BODIES)
async def test_a_bad_submission_is_refused_by_name_and_changes_nothing(
    refusing, front_house, body, status, code, field
):
    before = await rows(front_house.engine)

    assert_problem(await refusing.post("/jobs", json=body), status, code, field)

    assert await rows(front_house.engine) == before


async def test_malformed_json_is_refused(refusing):
    for text in (b"{", b"", b'{"query": "x"', b"\xff\xfe", b"query=why"):
        response = await refusing.post("/jobs", content=text, headers={"Content-Type": "application/json"})
        assert_problem(response, 400, "missing_body" if not text else "malformed_json", "body")


async def test_another_content_type_is_refused(refusing, front_house):
    before = await rows(front_house.engine)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
        response = await refusing.post("/jobs", content=b'{"query":"why?"}', headers={"Content-Type": kind})
        assert_problem(response, 415, "unsupported_media_type", "Content-Type")
    # Whatever a page of another site can have a browser send without asking the server first.
    assert_problem(
        await refusing.post("/jobs", content=b'{"query":"why?"}'),
        415,
        "unsupported_media_type",
        "Content-Type",
    )
    assert await rows(front_house.engine) == before


async def test_a_body_that_is_too_large_is_refused(refusing):
    assert_problem(
        await refusing.post("/jobs", json={"query": "why?", "metadata": {"x": "y" * 100_000}}),
        413,
        "body_too_large",
    )


@pytest.mark.parametrize("path", ["", "/stream", "/events", "/report"])
async def test_an_unknown_or_malformed_job_id_is_refused_on_every_path(refusing, path):
    assert_problem(await refusing.get(f"/jobs/{uuid4()}{path}"), 404, "job_not_found")
    assert_problem(await refusing.get(f"/jobs/not-a-uuid{path}"), 400, "malformed_job_id", "job_id")


async def test_cancelling_an_unknown_job_is_refused(refusing):
    assert_problem(await refusing.delete(f"/jobs/{uuid4()}"), 404, "job_not_found")
    assert_problem(await refusing.delete("/jobs/1"), 400, "malformed_job_id", "job_id")


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "9999999999", "١"])
@pytest.mark.parametrize("path", ["stream", "events"])
async def test_a_malformed_cursor_is_refused(refusing, over, path, cursor):
    assert_problem(
        await refusing.get(f"/jobs/{over}/{path}?after={cursor}"), 400, "malformed_cursor", "after"
    )
    header = {"Last-Event-ID": cursor.encode()}
    response = await refusing.get(f"/jobs/{over}/{path}", headers=header)
    assert_problem(response, 400, "malformed_cursor", "Last-Event-ID")


async def test_a_malformed_list_cursor_is_refused(refusing):
    assert_problem(await refusing.get("/jobs?cursor=zzz"), 400, "malformed_cursor", "cursor")


@pytest.mark.parametrize("limit", ["0", "10000", "-1"])
async def test_a_page_size_out_of_range_is_refused(refusing, over, limit):
    assert_problem(await refusing.get(f"/jobs?limit={limit}"), 400, "page_size_out_of_range", "limit")
    assert_problem(
        await refusing.get(f"/jobs/{over}/events?limit={limit}"), 400, "page_size_out_of_range", "limit"
    )


async def test_a_filter_of_no_such_status_is_refused(refusing):
    assert_problem(await refusing.get("/jobs?status=happy"), 400, "wrong_type", "status")


async def test_cancelling_a_finished_job_is_a_conflict_and_changes_nothing(refusing, front_house, over):
    before = await rows(front_house.engine)

    assert_problem(await refusing.delete(f"/jobs/{over}"), 409, "job_already_over")
    assert await rows(front_house.engine) == before


async def test_a_key_used_for_another_request_is_a_conflict(http, house):
    key = {"Idempotency-Key": "k"}
    first = await http.post("/jobs", json={"query": "why?"}, headers=key)
    again = await http.post("/jobs", json={"query": "why?"}, headers=key)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["job_id"] == first.json()["job_id"]
    assert_problem(await http.post("/jobs", json={"query": "how?"}, headers=key), 409, "idempotency_conflict")
    assert len(await rows(house.engine)) == 1


async def test_routes_and_methods_that_are_not_there_are_problems_too(http):
    assert_problem(await http.get("/nothing"), 404, "not_found")
    assert_problem(await http.put("/jobs"), 405, "method_not_allowed")


async def test_a_report_that_is_not_there_yet_is_not_found(http, house):
    house.model.pause = 30
    job_id = (await http.post("/jobs", json={"query": "why?"})).json()["job_id"]

    assert_problem(await http.get(f"/jobs/{job_id}/report"), 404, "report_not_ready", "job_id")


async def test_a_full_queue_refuses_politely(house):
    import msgspec

    house.settings = msgspec.structs.replace(house.settings, queue_limit=2)

    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url) as http:
        for _ in range(2):
            assert (await http.post("/jobs", json={"query": "why?"})).status_code == 201
        import asyncio

        await asyncio.sleep(1.1)  # the count is up to a second old
        response = await http.post("/jobs", json={"query": "why?"})
    assert_problem(response, 429, "queue_full")
    assert int(response.headers["Retry-After"]) > 0
    assert len(await rows(house.engine)) == 2


async def test_a_fault_of_ours_is_logged_and_answered_without_a_word_of_it(api, house, monkeypatch, caplog):
    async def crash(*_args, **_kwargs):
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr("app.store.job_lists.page", crash)

    response = await api.get("/jobs")

    assert_problem(response, 500, "internal_error")
    assert "hunter2" not in response.text
    assert "hunter2" in caplog.text


async def test_a_statement_past_its_timeout_is_503_not_a_fault(engine):
    from app.errors import DatabaseUnavailable
    from app.store.database import fetch

    await fetch(engine, "SELECT set_config('statement_timeout', '50', false)")
    with pytest.raises(DatabaseUnavailable):
        await fetch(engine, "SELECT pg_sleep(5)")
