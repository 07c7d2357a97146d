"""Every route refuses, negotiates and lists its methods in the same way."""

import json
import re

import pytest

from app.api.contract import accepted
from tests.api.problems import assert_problem
from tests.documented import routes
from tests.steps import completed_job, rows

EVERY_GET = [
    "/jobs", "/jobs/{id}", "/jobs/{id}/events", "/jobs/{id}/report", "/jobs/{id}/claims", "/jobs/{id}/bundle",
    "/jobs/{id}/sources/1", "/jobs/{id}/diff/{id}", "/events", "/sources?url=https://a.example/", "/overview",
    "/health/live", "/health/ready", "/schema",
]  # fmt: skip


async def test_all_that_is_wrong_with_a_body_is_named_at_once(http, house):
    body = {"query": "", "colour": 1, "priority": 101, "limits": {"max_calls": "x"}, "tags": ["", 3]}

    answer = await http.post("/jobs", json=body)

    assert answer.status_code == 400
    assert {error["field"]: error["code"] for error in answer.json()["errors"]} == {
        "query": "too_short", "colour": "unknown_field", "priority": "out_of_range",
        "limits.max_calls": "wrong_type", "tags[0]": "too_short", "tags[1]": "wrong_type",
    }  # fmt: skip
    assert not any("`" in error["message"] for error in answer.json()["errors"])
    assert await rows(house.engine) == {}


async def test_an_answer_names_a_bounded_number_of_errors(http):
    answer = await http.post("/jobs", json={f"field{number}": 1 for number in range(900)})

    assert len(answer.json()["errors"]) == 50


@pytest.mark.parametrize("path", EVERY_GET)
async def test_an_unknown_query_parameter_is_refused_by_name_on_every_route(api, house, path):
    if path == "/schema":
        return
    job = await completed_job(house.writer)
    url = path.format(id=job.id)
    sign = "&" if "?" in url else "?"

    assert_problem(await api.get(f"{url}{sign}colour=red"), 400, "unknown_parameter", "colour")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/jobs?limit=1&limit=2", "limit"),
        ("/jobs?status=failed&status=failed", "status"),
        ("/events?after=0-0&after=0-1", "after"),
        ("/sources?url=a&url=b", "url"),
    ],
)
async def test_a_single_value_given_twice_is_refused(http, path, name):
    assert_problem(await http.get(path), 400, "repeated_parameter", name)


async def test_all_that_is_wrong_with_a_query_is_named_at_once(http):
    answer = await http.get("/jobs?limit=0&colour=red&status=happy&tags=")

    assert {error["field"] for error in answer.json()["errors"]} == {"limit", "colour", "status", "tags[0]"}


@pytest.mark.parametrize(
    "path", ["/jobs?tags=%00", "/sources?url=%00", "/jobs?limit=%00", "/events?types=%00"]
)
async def test_a_query_with_u0000_is_refused(http, path):
    assert (await http.get(path)).status_code == 400


async def test_lists_are_repeated_and_types_may_still_be_separated_by_commas(api, house):
    await completed_job(house.writer)

    repeated = await api.get("/events?types=job_submitted&types=job_completed&limit=1000")
    by_comma = await api.get("/events?types=job_submitted,job_completed&limit=1000")

    assert repeated.json()["events"] == by_comma.json()["events"]
    assert {entry["event"]["type"] for entry in repeated.json()["events"]} == {
        "job_submitted",
        "job_completed",
    }
    assert_problem(await api.get("/events?types=job_submitted&types=lunch"), 400, "wrong_type", "types")


@pytest.mark.parametrize("path", ["/jobs", "/sources?url=https://a.example/"])
async def test_one_code_for_a_bad_cursor(http, path):
    sign = "&" if "?" in path else "?"
    assert_problem(await http.get(f"{path}{sign}cursor=zzz"), 400, "malformed_cursor", "cursor")


@pytest.mark.parametrize("path", ["/jobs", "/jobs/{id}/input", "/jobs/{id}/fork"])
@pytest.mark.parametrize(
    "body", [b'{"query": "\xff"}', b'{"query": "\\ud800"}', b"[" * 60_000, b"\x00", b"{"]
)
async def test_a_body_that_is_not_json_in_utf8_is_refused(api, house, path, body):
    job = await completed_job(house.writer)
    headers = {"Content-Type": "application/json"}

    answer = await api.post(path.format(id=job.id), content=body, headers=headers)

    # No decoder follows so many brackets, legal or not.
    assert_problem(answer, 400, "too_deep" if body.startswith(b"[[") else "malformed_json", "body")


@pytest.mark.parametrize("path", [*EVERY_GET, "/", "/jobs/{id}/stream"])
async def test_head_answers_as_get_without_a_body(api, house, path):
    job = await completed_job(house.writer)
    url = path.format(id=job.id)

    head = await api.head(url)
    async with api.stream("GET", url) as get:
        assert head.status_code == get.status_code
        assert head.headers["content-type"] == get.headers["content-type"]
    assert head.content == b""
    assert (await api.get("/health/live")).json()["status"] == "ok"  # on the same connection


async def test_405_and_options_name_the_methods(http):
    refused = await http.put("/jobs")
    options = await http.options("/jobs")

    assert_problem(refused, 405, "method_not_allowed")
    assert refused.headers["allow"] == options.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert (await http.head("/jobs/1/replay")).headers["allow"] == "OPTIONS, POST"


async def test_options_name_the_methods_of_each_route(http):
    methods = {}
    for method, path in routes():
        methods.setdefault(re.sub(r"\{[^}]*\}", "1", path), {"OPTIONS"}).add(method)

    for path, known in methods.items():
        expected = known | ({"HEAD"} if "GET" in known else set())
        assert (await http.options(path)).headers["allow"] == ", ".join(sorted(expected)), path


class Asking:
    """A request, as far as its Accept header goes."""

    def __init__(self, accept: str) -> None:
        self.headers = {"accept": accept}


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("text/html;q=0.1, application/json", "application/json"),
        ("application/json;q=0.1, text/html;q=0.2", "text/html"),
        ("text/html", "text/html"),
        ("*/*", "text/markdown"),
        ("text/markdown;q=0, */*", "text/html"),
        ("text/html;q=0", None),
        ("image/png", None),
        ("", None),
        ("text/html;q=inf", "text/markdown"),
        ("text/html;q=x", "text/html"),
        (";;,,;q", None),
    ],
)
def test_the_media_type_is_chosen_by_quality(header, chosen):
    assert accepted(Asking(header), "text/markdown", "text/html", "application/json") == chosen


async def test_titles_fit_their_status(http):
    from app.api.problem_details import CODES

    for code, (status, title) in CODES.items():
        assert ("valid" in title) <= (status == 400), code
    assert json.loads((await http.get("/nothing")).content)["title"] == "This route does not exist"


HOSTILE_ACCEPTS = (
    "*/*;q=inf",
    "text/html;q=inf",
    "text/html;q=nan",
    "q=inf",
    ";;q=1e999,",
    "a/b;q=-inf",
    "/",
)


async def test_no_accept_header_makes_the_server_fail(api):
    for path in (*EVERY_GET, "/", "/nowhere"):
        for accept in HOSTILE_ACCEPTS:
            answer = await api.get(path.replace("{id}", "x"), headers={"Accept": accept})

            assert answer.status_code < 500, (path, accept, answer.text)
