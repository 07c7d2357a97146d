"""A database that goes away and comes back, with everything running."""

import asyncio
from uuid import uuid4

import httpx
import pytest

from app.store import embedded
from app.store.migrate import migrate
from tests.api.finished import finished
from tests.api.problems import assert_problem
from tests.conftest import FAST, TestHouse, serving
from tests.folders import passable_folder
from tests.steps import until


@pytest.fixture
async def own_postgres():
    """A Postgres that this test may stop."""
    with passable_folder("dossier-test-") as folder:
        server = await asyncio.to_thread(embedded.start, folder)
        await asyncio.to_thread(migrate, server.get_uri())
        yield server
        server.cleanup()


async def test_every_path_says_503_while_the_database_is_away_and_works_again_when_it_is_back(own_postgres):
    house = TestHouse(FAST, own_postgres.get_uri())
    async with serving(house) as url, httpx.AsyncClient(base_url=url, timeout=90) as http:
        job_id = (await http.post("/jobs", json={"query": "before"})).json()["job_id"]
        await finished(http, job_id)

        await asyncio.to_thread(own_postgres.stop)
        for request in (
            http.post("/jobs", json={"query": "meanwhile"}),
            http.get("/jobs"),
            http.get(f"/jobs/{job_id}"),
            http.get(f"/jobs/{uuid4()}"),
            http.delete(f"/jobs/{job_id}"),
            http.get(f"/jobs/{job_id}/events"),
            http.get(f"/jobs/{job_id}/report"),
        ):
            response = await request
            assert_problem(response, 503, "database_unavailable")
            assert int(response.headers["Retry-After"]) > 0
            assert "postgres" not in response.text
        assert (await http.get("/health/live")).status_code == 200
        assert (await http.get("/health/ready")).status_code == 503
        stream = await http.get(f"/jobs/{job_id}/stream")
        assert stream.status_code == 200
        assert "event: reconnect\nretry: " in stream.text

        await asyncio.to_thread(own_postgres.ensure_running)

        async def ready():
            return (await http.get("/health/ready")).status_code == 200

        await until(ready)
        assert (await http.get(f"/jobs/{job_id}")).json()["status"] == "completed"
        again = (await http.post("/jobs", json={"query": "after"})).json()["job_id"]
        await finished(http, again)
