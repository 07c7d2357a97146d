"""Real servers and workers show their metrics to Prometheus."""

import asyncio
import os
import signal
import socket
import sys

import httpx
from prometheus_client.parser import text_string_to_metric_families

from app.agent.calls import SearchCall
from app.api.app import make_side_app
from app.api.server import listen, side_server
from app.domain.events import Usage
from app.errors import ProviderError
from app.metrics import MAX_PROVIDERS, ProcessMetrics
from app.worker.breaker import FAILURES_TO_OPEN, Breaker
from app.worker.call_figures import CallFigures
from tests.conftest import serving
from tests.steps import submitted_job, until


def values(text: str) -> dict[tuple, float]:
    """Each sample by its name and the values of its labels."""
    return {
        (sample.name.removeprefix("dossier_"), *(sample.labels[name] for name in sorted(sample.labels))): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def ended(http, url):
    async def over():
        return (await http.get(url)).json()["status"] in {"completed", "failed"}

    await until(over)


async def test_a_server_shows_what_one_job_did(house):
    async with serving(house) as url, httpx.AsyncClient(base_url=url) as http:
        job = (await http.post("/jobs", json={"query": "why?"})).json()
        await ended(http, job["url"])
        async with http.stream("GET", f"{job['url']}/stream") as stream:
            await stream.aread()
        await http.get("/nowhere/1")
        events = len((await http.get(f"{job['url']}/events")).json()["events"])
        shown = values((await http.get("/metrics")).text)

    assert shown["attempts_total", "completed"] == 1
    assert shown["events_appended_total",] == events - 1  # the claim's event is written in SQL
    assert shown["queue_wait_seconds_count",] == 1
    assert shown["worker_slots",] == 1
    assert shown["worker_slots_used",] == 0
    assert shown["http_requests_total", "POST", "/jobs", "201"] == 1
    assert shown["http_requests_total", "GET", "/jobs/{job_id}/stream", "200"] == 1
    assert shown["http_requests_total", "GET", "unknown", "404"] == 1
    assert not any(job["job_id"] in label for key in shown for label in key)
    assert shown["calls_total", "model", "completed", house.model.name] > 0
    assert shown["database_up",] == 1
    assert shown["jobs", "pending"] == 0
    assert shown["streams_open",] == 0


async def test_a_worker_without_an_api_shows_its_own(writer, database_url):
    await submitted_job(writer)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, "DATABASE_URL": database_url, "DOSSIER_METRICS_PORT": str(port)}
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "worker", "--concurrency", "3"), env=environment
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:

            async def completed():
                try:
                    shown = values((await http.get("/metrics")).text)
                except httpx.TransportError:
                    return None
                return shown if shown.get(("attempts_total", "completed")) else None

            shown = await until(completed, 60)
            ready = await http.get("/health/ready")
    finally:
        worker.send_signal(signal.SIGTERM)
        await worker.wait()

    assert shown["worker_slots",] == 3
    assert ready.json()["status"] == "ok"
    assert worker.returncode == 0


async def test_the_figures_of_the_process_are_shown_while_postgres_is_away(house):
    async def gone(*_):
        raise ConnectionResetError

    sock = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    async with side_server(make_side_app(house.context()), sock), httpx.AsyncClient(base_url=url) as http:
        house.engine.fetch = gone
        answer = await http.get("/metrics")
        del house.engine.fetch

    assert answer.status_code == 200
    assert values(answer.text)["database_up",] == 0


def test_labels_are_bounded_however_many_models_callers_name():
    metrics = ProcessMetrics()

    labels = {metrics.provider(f"model {number}") for number in range(1000)}

    assert len(labels) == MAX_PROVIDERS + 1


def test_tokens_and_cost_are_counted_also_of_a_reply_that_was_refused():
    metrics = ProcessMetrics()
    figures, call = CallFigures(metrics), SearchCall("search 1", "why?", 5)

    figures.completed(call, "m", 0.5, Usage(input_tokens=10, output_tokens=3, cost_usd=0.25))
    figures.failed(call, "m", "bad_reply", Usage(input_tokens=5, cost_usd=None))
    shown = values(metrics.text().decode())

    assert (shown["tokens_total", "input", "m"], shown["tokens_total", "output", "m"]) == (15, 3)
    assert (shown["cost_usd_total", "m"], shown["calls_of_unknown_cost_total", "m"]) == (0.25, 1)
    assert shown["calls_total", "search", "bad_reply", "m"] == 1


def test_an_open_breaker_is_shown_until_the_provider_answers(house):
    breaker = Breaker("search", house.times(), house.breaker_changed)
    for _ in range(FAILURES_TO_OPEN + 2):
        breaker.failed(ProviderError("network", "refused", retryable=True))
    opened = values(house.metrics.text().decode())
    breaker.succeeded()
    closed = values(house.metrics.text().decode())

    assert (opened["breaker_open", "search"], closed["breaker_open", "search"]) == (1, 0)
    assert closed["breaker_openings_total", "search"] == 1
