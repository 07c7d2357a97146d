"""Every method of the client keeps its promise over a real server."""

import asyncio
import inspect
import threading
from pathlib import Path

import httpx
import msgspec
import pytest

from app.errors import ProviderError
from dossier import AsyncDossier, Dossier, DossierError, Limits, NoResult, Sources, StillRunning
from dossier.comparison import Diff
from dossier.evidence import Claims
from dossier.job_types import JobView
from dossier.replayed import Replayed
from dossier.request import Changes, NewJob
from tests.conftest import serving
from tests.steps import completed_job, submitted_job, until

PUBLIC = {name for name in dir(AsyncDossier) if not name.startswith("_")}


@pytest.fixture
async def dossier(server):
    async with AsyncDossier(server) as dossier:
        yield dossier


def test_the_blocking_client_has_every_method_of_the_other():
    assert {name for name in dir(Dossier) if not name.startswith("_")} == PUBLIC
    for name in PUBLIC:
        ours, theirs = getattr(Dossier, name), getattr(AsyncDossier, name)
        assert inspect.getdoc(ours)
        assert str(inspect.signature(ours)) == str(inspect.signature(theirs))


async def test_an_id_is_one_part_of_a_path():
    asked = []

    def refuse(request):
        asked.append(request.url.raw_path)
        return httpx.Response(404)

    async with AsyncDossier("http://127.0.0.1:1", transport=httpx.MockTransport(refuse)) as dossier:
        calls = (dossier.cancel, dossier.ingestion, dossier.cancel_ingestion, dossier.delete_document)
        for call in (*calls, dossier.get_document, dossier.document_text, dossier.revoke_key):
            with pytest.raises(DossierError):
                await call("../webhooks/1")
    assert all(b"/..%2Fwebhooks%2F1" in path for path in asked)


@pytest.mark.parametrize(
    ("method", "body", "besides"),
    [
        ("submit", NewJob, {"idempotency_key"}),
        ("fork", Changes, {"idempotency_key", "job_id", "after", "callback_url"}),
    ],
)
def test_every_field_of_a_request_is_a_parameter_that_is_documented(method, body, besides):
    function = getattr(AsyncDossier, method)
    parameters = set(inspect.signature(function).parameters) - {"self"}

    assert parameters == set(body.__struct_fields__) | besides
    for name in parameters:
        assert f"\n    {name}: " in inspect.getdoc(function)


async def test_a_request_arrives_as_it_was_given(dossier):
    created = await dossier.submit(
        "boil?", effort="quick", priority=7, tags=["a", "b"], metadata={"x": [1]}, model="m",
        limits=Limits(max_searches=2), sources=Sources(search="web", blocked_domains=("x.org",)),
    )  # fmt: skip
    view = await dossier.job(created.job_id)

    assert (view.query, view.effort, view.priority, view.tags, view.model) == (
        "boil?",
        "quick",
        7,
        ("a", "b"),
        "m",
    )
    assert (view.metadata, view.limits) == ({"x": [1]}, Limits(max_searches=2))
    assert view.sources == Sources(search="web", blocked_domains=("x.org",))


async def test_what_is_left_out_is_left_to_the_server(dossier):
    created = await dossier.submit("boil?")
    view = await dossier.job(created.job_id)

    assert (view.effort, view.priority, view.tags, view.metadata) == ("standard", 0, (), {})
    assert (view.limits, view.sources) == (Limits(), Sources())


async def test_the_same_key_is_the_same_job(dossier):
    first = await dossier.submit("boil?", idempotency_key="k")
    again = await dossier.submit("boil?", idempotency_key="k")

    assert first.job_id == again.job_id


async def test_answers_are_read_as_strictly_as_they_were_written(dossier, server):
    """Reading leniently loses nothing of what this version's server says."""
    job = await dossier.submit("boil?")
    await dossier.result(job.job_id)
    fork = await dossier.fork(job.job_id, instruction="And why?", limits=Limits(max_searches=1))
    await dossier.result(fork.job_id)
    async with httpx.AsyncClient(base_url=server) as http:

        async def strict(kind, path, method="GET"):
            return msgspec.json.decode(
                (await http.request(method, f"/jobs/{job.job_id}{path}")).content, type=kind
            )

        assert await dossier.job(job.job_id) == await strict(JobView, "")
        assert await dossier.claims(job.job_id) == await strict(Claims, "/claims")
        assert await dossier.diff(job.job_id, fork.job_id) == await strict(Diff, f"/diff/{fork.job_id}")
        assert await dossier.replay(job.job_id) == await strict(Replayed, "/replay", "POST")
    assert (await dossier.job(fork.job_id)).forked_from.job_id == job.job_id
    assert (await dossier.report(job.job_id)).startswith("# Boiling water")
    assert (await dossier.bundle(job.job_id)).startswith(b"PK")


async def test_time_is_up_and_the_job_goes_on(dossier, house):
    house.model.pause = 600
    job = await dossier.submit("boil?")

    with pytest.raises(StillRunning, match="continues") as caught:
        await dossier.result(job.job_id, timeout=0.05)
    assert isinstance(caught.value, TimeoutError)
    assert (await dossier.cancel(job.job_id)).status in {"cancelled", "cancelling"}
    with pytest.raises(NoResult):
        await dossier.result(job.job_id, timeout=60)


async def test_iterators_walk_every_page(house, monkeypatch):
    monkeypatch.setattr("dossier.asynchronous.JOBS_PAGE", 2)
    monkeypatch.setattr("dossier.asynchronous.EVENTS_PAGE", 2)
    done = [await completed_job(house.writer) for _ in range(3)]
    waiting = await submitted_job(house.writer)
    async with serving(house, workers=0) as url, AsyncDossier(url) as dossier:

        async def fed():
            found = [event async for event in dossier.iter_feed()]
            return found if len(found) == 10 else None

        everything = await until(fed)
        assert [job.job_id async for job in dossier.iter_jobs()] == [job.id for job in [*done, waiting]][::-1]
        assert [job.job_id async for job in dossier.iter_jobs("completed")] == [job.id for job in done[::-1]]
        assert [event.seq async for event in dossier.iter_events(done[0].id)] == [1, 2, 3]
        assert [event.seq async for event in dossier.iter_events(done[0].id, after=3)] == []
        assert [event.seq async for event in dossier.iter_events(waiting.id)] == [1]
        rest = [event async for event in dossier.iter_feed(everything[3].cursor)]
        assert rest == everything[4:]
        types = [event.type async for event in dossier.iter_feed(types=["job_completed"])]
        assert types == ["job_completed"] * 3


async def test_a_list_is_searched_and_sorted(dossier):
    made = [await dossier.submit(query) for query in ("boil?", "freeze?")]
    for job in made:
        await dossier.result(job.job_id)

    assert [job.query async for job in dossier.iter_jobs(search="freezing")] == ["freeze?"]
    assert [job.query for job in (await dossier.jobs(search="boil?", sort="oldest", limit=1)).jobs] == [
        "boil?"
    ]
    view = await dossier.job(made[1].job_id)
    assert [job.query async for job in dossier.iter_jobs(created_after=view.created_at)] == ["freeze?"]
    assert [job.query async for job in dossier.iter_jobs(created_before=view.created_at)] == ["boil?"]
    assert [job async for job in dossier.iter_jobs(min_cost=1, max_cost=2)] == []


async def test_the_blocking_client_iterates_and_closes(server):
    def work():
        with Dossier(server) as dossier:
            created = dossier.submit("boil?")
            dossier.result(created.job_id, timeout=60)
            listed = [job.job_id for job in dossier.iter_jobs()]
        dossier.close()  # once more: nothing
        with pytest.raises(RuntimeError, match="closed"):
            dossier.job(created.job_id)
        return listed == [created.job_id]

    assert await asyncio.to_thread(work)
    assert not [thread for thread in threading.enumerate() if thread.name == "dossier client"]


async def test_one_blocking_client_serves_several_threads(server):
    with Dossier(server) as dossier:
        created = await asyncio.to_thread(dossier.submit, "boil?")
        results = await asyncio.gather(*(asyncio.to_thread(dossier.result, created.job_id) for _ in range(3)))

    assert len({result.title for result in results}) == 1


async def test_a_provider_that_refuses_ends_in_an_error_with_its_reason(dossier, house):
    house.model.errors = [ProviderError("auth", "The key is wrong.", retryable=False)]
    job = await dossier.submit("boil?")

    with pytest.raises(NoResult, match="key is wrong") as caught:
        await dossier.result(job.job_id)
    assert caught.value.job.error.error_type == "auth"


def test_the_server_is_the_one_of_the_environment(monkeypatch):
    monkeypatch.setenv("DOSSIER_URL", "http://127.0.0.1:7/")

    assert AsyncDossier().url == "http://127.0.0.1:7"
    assert AsyncDossier("http://127.0.0.1:8").url == "http://127.0.0.1:8"


def test_the_documents_name_every_method_and_error():
    text = (Path(__file__).parents[2] / "docs" / "client.md").read_text()
    errors = {
        kind.__name__ for kind in DossierError.__subclasses__() if kind.__module__.startswith("dossier.")
    }

    assert {name for name in PUBLIC if f"`{name}(" not in text} == set()
    assert {name for name in errors if f"| `{name}` |" not in text} == set()
