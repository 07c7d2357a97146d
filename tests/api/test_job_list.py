"""Lists show the right jobs in the right order, page by page."""

import json
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from app.store.database import fetch
from tests.steps import completed_job, submitted_job

WRITE = """
    UPDATE jobs SET query = $2::text, result = $3::json, created_at = $4::timestamptz
    WHERE job_id = $1::uuid"""
JOB_ID = "0199d2a4-5c3b-7000-8000-3f1a5b7c9d00"
START = datetime.fromisoformat("2026-11-01T12:00:00+00:00")

REPORTS = {
    "How hot is boiling water?": ("Boiling points", "It's 100 °C at sea level; O'Hara's kettles differ [1]."),
    "Was kochen Häuser?": ("Häuser", "Er kochte gestern in großen Wohnungen [1]."),
    "Что такое контекст?": ("Контексты", "Менеджеры контекстов закрывают файлы [1]."),
    "水の沸点は?": ("沸点", "水は100度で沸騰する。[1]"),
    "¿Qué es un contexto?": ("Contextos", "Los contextos cierran archivos [1]."),
}


async def told(owner, job, query="q", cost=None, title="", text="", created_at=START):
    """Set these columns in the job's row, and leave its log alone."""
    result = {"title": title, "final_answer": text, "metrics": {"estimated_cost_usd": cost}}
    await fetch(owner, WRITE, job.id, query, json.dumps(result), created_at)


@pytest.fixture
async def reports(owner, writer):
    """Jobs that are over, by their questions."""
    jobs = {query: await completed_job(writer) for query in REPORTS}
    for query, (title, text) in REPORTS.items():
        await told(owner, jobs[query], query, title=title, text=text)
    return {str(job.id): query for query, job in jobs.items()}


async def asked(api, **query) -> dict:
    answer = await api.get("/jobs", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ids(api, **query) -> list[str]:
    return [job["job_id"] for job in (await asked(api, **query))["jobs"]]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("boils", ["How hot is boiling water?"]),
        ("BOILING kettle", ["How hot is boiling water?"]),
        ("o'hara's", ["How hot is boiling water?"]),
        ("gekocht kochen", []),
        ("kochen wohnung", ["Was kochen Häuser?"]),
        ("менеджер контекста", ["Что такое контекст?"]),
        ("沸点", ["水の沸点は?"]),
        ("水", ["水の沸点は?"]),
        ("沸水", []),
        ("contexto archivo", ["¿Qué es un contexto?"]),
        ("' | :* & \\ ! ()", []),
        ("boiling ' & !water:*", ["How hot is boiling water?"]),
        ("tea", []),
    ],
)
async def test_words_find_questions_and_reports_in_every_language(api, reports, words, found):
    assert [reports[job_id] for job_id in await ids(api, q=words)] == found


async def test_a_search_is_narrowed_by_every_other_filter(api, reports):
    [boiling] = await ids(api, q="boiling")

    assert await ids(api, q="boiling", status="completed", id_prefix=boiling[:13]) == [boiling]
    assert await ids(api, q="boiling", status="failed") == []
    assert await ids(api, q="boiling", tags="none") == []
    assert await ids(api, q="boiling", created_before=START.isoformat()) == []


async def test_what_is_not_over_is_not_searched(api, writer):
    await submitted_job(writer, query="How hot is boiling water?")

    assert await ids(api, q="boiling") == []


async def test_a_long_report_in_one_run_of_characters_is_indexed_in_time_that_grows_with_it(owner, writer):
    job = await completed_job(writer)
    run = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(60_000))

    await told(owner, job, run[:4000], title=run[:2000], text=run)
    [(count,)] = await fetch(owner, "SELECT length(job_lexemes(query, result)) FROM jobs")
    assert count == 20_000


@pytest.mark.parametrize(
    "text",
    [
        "At what temperature does water boil?",
        "boil-\ning at 71.5 C, see https://example.org/a?b=1&c=2 or mail a@b.example",
        "'quoted' \\ back/slash x_y -3.5e-7 <b>tag</b> don't",
        "",
    ],
)
async def test_an_ascii_text_is_indexed_by_the_words_that_it_has_among_others(owner, text):
    """The fast path for ASCII agrees with the general one."""
    alone = "SELECT job_lexemes($1::text, NULL)::text"
    among = "SELECT ts_delete(job_lexemes($1::text || ' \u6c34\u6cb8', NULL), '\u6c34\u6cb8'::text)::text"
    assert await fetch(owner, alone, text) == await fetch(owner, among, text)


@pytest.fixture
async def priced(owner, writer):
    """Make twelve jobs over twelve days, with costs.

    Every third has no known cost, and some cost the same.
    """
    jobs = [await completed_job(writer) for _ in range(12)]
    for day, job in enumerate(jobs):
        cost = None if day % 3 == 2 else (day // 4 + 1) / 8
        await told(owner, job, cost=cost, created_at=job.created_at + timedelta(seconds=day))
    return [str(job.id) for job in jobs]


async def walked(api, **query) -> list[dict]:
    """All pages, of three jobs each."""
    found, cursor = [], None
    while True:
        page = await asked(api, limit=3, **query, **({"cursor": cursor} if cursor else {}))
        assert len(page["jobs"]) == 3 or not page["next_cursor"]
        found += page["jobs"]
        cursor = page["next_cursor"]
        if not cursor:
            return found


@pytest.mark.parametrize("more", [{}, {"status": "completed"}, {"outcome": "answered"}, {"q": "same"}])
@pytest.mark.parametrize("sort", ["newest", "oldest"])
async def test_every_page_of_an_order_by_time_follows_the_one_before(api, owner, priced, sort, more):
    sql = "UPDATE jobs SET query = 'same', result = (result::jsonb || '{\"outcome\":\"answered\"}')::json"
    await fetch(owner, sql)

    found = [job["job_id"] for job in await walked(api, sort=sort, **more)]
    assert found == (priced if sort == "oldest" else priced[::-1])


@pytest.mark.parametrize("sort", ["costliest", "cheapest"])
async def test_every_page_of_an_order_by_cost_follows_the_one_before(api, owner, priced, sort):
    costs = dict(
        await fetch(
            owner, "SELECT job_id::text, (result -> 'metrics' ->> 'estimated_cost_usd')::float8 FROM jobs"
        )
    )

    found = [job["job_id"] for job in await walked(api, sort=sort)]
    assert sorted(found) == sorted(job_id for job_id, cost in costs.items() if cost is not None)
    keys = [(costs[job_id], job_id) for job_id in found]
    assert all((one > two) is (sort == "costliest") for one, two in pairwise(keys))


async def test_costs_have_bounds(api, priced):
    cheap = set(await ids(api, max_cost=0.125))

    assert cheap
    assert cheap == set(await ids(api, min_cost=0.125, max_cost=0.125, sort="cheapest"))
    assert cheap | set(await ids(api, min_cost=0.126)) == set(await ids(api, min_cost=0))


async def test_times_have_bounds(api, owner, priced):
    times = [row[0] for row in await fetch(owner, "SELECT created_at FROM jobs ORDER BY job_id")]

    since, until = times[3].isoformat(), times[7].isoformat()
    assert await ids(api, created_after=since, created_before=until, sort="oldest") == priced[3:7]


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ({"created_after": "yesterday"}, "malformed_at", "created_after"),
        ({"created_before": "2026-11-23T16:22:30"}, "malformed_at", "created_before"),
        ({"min_cost": "nan"}, "wrong_type", "min_cost"),
        ({"min_cost": "-1"}, "out_of_range", "min_cost"),
        ({"max_cost": "1e3"}, "wrong_type", "max_cost"),
        ({"sort": "best"}, "wrong_type", "sort"),
        ({"q": ""}, "too_short", "q"),
        ({"q": "x" * 401}, "too_long", "q"),
        ({"q": "a\0"}, "invalid_character", "q"),
        (
            {"sort": "cheapest", "cursor": JOB_ID},
            "malformed_cursor",
            "cursor",
        ),
        ({"cursor": f"0.5_{JOB_ID}"}, "malformed_cursor", "cursor"),
        (
            {"sort": "cheapest", "cursor": f"nan_{JOB_ID}"},
            "malformed_cursor",
            "cursor",
        ),
        (
            {"sort": "cheapest", "cursor": f"_{JOB_ID}"},
            "malformed_cursor",
            "cursor",
        ),
    ],
)
async def test_what_is_malformed_is_refused_by_its_field(api, query, code, field):
    answer = await api.get("/jobs", params=query)

    assert answer.status_code == 400
    assert [(fault["code"], fault["field"]) for fault in answer.json()["errors"]] == [(code, field)]


async def test_a_family_is_the_first_origin_and_all_its_forks(api, writer):
    origin, alone = await completed_job(writer), await completed_job(writer)
    forks = []
    for below in (str(origin.id), str(origin.id), None):
        made = await api.post(f"/jobs/{below or forks[0]}/fork", json={})
        assert made.status_code == 201, made.text
        forks.append(made.json()["job_id"])
    family = sorted([str(origin.id), *forks])

    for member in family:
        assert await ids(api, family=member, sort="oldest") == family
    assert await ids(api, family=family[0], sort="oldest", limit=2) == family[:2]
    assert await ids(api, family=str(alone.id)) == [str(alone.id)]
    assert await ids(api, family=JOB_ID) == []
    assert (await api.get("/jobs", params={"family": "mine"})).json()["errors"][0]["field"] == "family"
