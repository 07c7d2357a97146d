"""Each tenant keeps favourites, notes, collections and filters, changing no log."""

import pytest

from app.domain.caller import Caller
from app.store import forget, library, shares
from app.store.database import TENANT_ROLE, fetch, fetch_fenced, make_engine
from dossier.library_types import JobSearch, MarkChange
from tests.steps import completed_job, submitted_job

ACME = Caller("acme")


async def ids(api, **query):
    answer = await api.get("/jobs", params=query)
    assert answer.status_code == 200, answer.text
    return [job["job_id"] for job in answer.json()["jobs"]]


async def test_a_mark_changes_by_field_and_the_log_stays(api, writer):
    job = await submitted_job(writer)
    path = f"/jobs/{job.id}/mark"
    bare = (await api.get(path)).json()
    assert (bare["favourite"], bare["note"], bare["collections"], bare["changed_at"]) == (False, "", [], None)

    await api.patch(path, json={"note": "For the cookbook.", "collections": ["kitchen", "kitchen", "yaks"]})
    mark = (await api.patch(path, json={"favourite": True})).json()

    assert (mark["favourite"], mark["note"], mark["collections"]) == (
        True,
        "For the cookbook.",
        ["kitchen", "yaks"],
    )
    assert (await api.get(path)).json() == mark
    assert (await api.get("/jobs")).json()["marks"] == [mark]
    assert (await api.get(f"/jobs/{job.id}")).json()["seq"] == 1


async def test_lists_are_filtered_by_marks_and_notes(api, writer):
    kept, noted, other = [await submitted_job(writer) for _ in range(3)]
    over = await completed_job(writer)
    await api.patch(f"/jobs/{kept.id}/mark", json={"favourite": True, "collections": ["küche / 台所"]})
    await api.patch(f"/jobs/{noted.id}/mark", json={"note": "Für Häuser und 水の沸点"})

    assert await ids(api, favourite="true") == [str(kept.id)]
    assert await ids(api, collection="küche / 台所") == [str(kept.id)]
    assert await ids(api, collection="kitchen") == []
    assert await ids(api, q="häuser") == await ids(api, q="沸点") == [str(noted.id)]
    assert await ids(api, q="boil", favourite="true") == []
    assert str(over.id) in await ids(api, favourite="false", status="completed")
    assert str(other.id) in await ids(api, favourite="false")
    assert (await api.get("/jobs", params={"favourite": "1"})).json()["code"] == "wrong_type"

    found = (await api.get("/library")).json()
    assert found["favourites"] == 1
    assert found["collections"] == [{"name": "küche / 台所", "jobs": 1}]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"note": "x" * 4001}, "too_long"),
        ({"note": "a\x00b"}, "invalid_character"),
        ({"collections": ["x"] * 21}, "too_many_items"),
        ({"collections": ["  "]}, "too_short"),
        ({"favourite": "yes"}, "wrong_type"),
        ({"colour": "red"}, "unknown_field"),
    ],
)
async def test_a_mark_has_bounds(api, writer, body, code):
    job = await submitted_job(writer)
    answer = await api.patch(f"/jobs/{job.id}/mark", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)
    assert (await api.get(f"/jobs/{job.id}/mark")).json()["changed_at"] is None


async def test_a_filter_is_saved_replaced_and_deleted(api):
    body = {"name": "dear", "search": {"min_cost": 1, "tags": ["a"], "favourite": True}}
    first = (await api.post("/library/filters", json=body)).json()
    assert first["search"] == body["search"]
    body["search"] = {"q": "yak"}
    second = (await api.post("/library/filters", json=body)).json()
    assert (second["filter_id"], second["search"]) == (first["filter_id"], {"q": "yak"})
    assert (await api.get("/library")).json()["filters"] == [second]

    path = f"/library/filters/{first['filter_id']}"
    assert (await api.delete(path)).status_code == 204
    assert (await api.delete(path)).json()["code"] == "filter_not_found"
    assert (await api.post("/library/filters", json={**body, "search": {"at": 1}})).status_code == 400


async def test_there_are_so_many_filters_and_no_more(engine, monkeypatch):
    monkeypatch.setattr(library, "MAX_FILTERS", 1)
    assert await library.save_filter(engine, ACME, "a", JobSearch())
    assert await library.save_filter(engine, ACME, "a", JobSearch(q="b"))
    assert await library.save_filter(engine, ACME, "b", JobSearch()) is None
    assert await library.save_filter(engine, Caller(), "b", JobSearch())


async def test_a_tenant_sees_and_changes_its_own_marks_alone(engine, writer, database_url):
    job = await submitted_job(writer)
    marked = MarkChange(favourite=True, note="ours", collections=("one",))
    assert await library.change_mark(engine, ACME, job.id, marked) is None
    assert await library.change_mark(engine, Caller(), job.id, marked)
    assert await library.read_marks(engine, ACME, [job.id]) == []
    assert (await library.read_library(engine, ACME)).collections == []

    fenced = make_engine(database_url, role=TENANT_ROLE)
    try:
        for table in ("job_marks", "saved_filters"):  # without the first fence, the condition on the tenant
            assert await fetch_fenced(fenced, ACME, f"SELECT * FROM {table}") == []
        assert len(await fetch_fenced(fenced, Caller(), "SELECT * FROM job_marks")) == 1
    finally:
        await fenced.dispose()


async def test_a_forgotten_job_loses_its_mark_and_its_links(engine, owner, writer):
    job, other = await completed_job(writer), await completed_job(writer)
    tokens = []
    for one in (job, other):
        await library.change_mark(engine, Caller(), one.id, MarkChange(note="private"))
        tokens.append((await shares.add_share(engine, Caller(), one.id, 1))[1])
    assert [row["note"] for row in await fetch(owner, "SELECT note FROM report.marks")] == ["private"] * 2

    await forget.forget(owner, await forget.plan_job(owner, job.id))

    assert [mark.job_id for mark in await library.read_marks(engine, Caller(), [job.id, other.id])] == [
        other.id
    ]
    assert await shares.find_shared(engine, tokens[0]) is None
    assert (await shares.find_shared(engine, tokens[1]))[0] == other.id
