"""A collector gets a job's spans, and without one none is made."""

import asyncio
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from msgspec.structs import replace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from app import logs, tracing
from app.errors import ProviderError
from tests.conftest import FAST, TestHouse, serving
from tests.steps import until

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Collector(ThreadingHTTPServer):
    """Takes spans as an OpenTelemetry collector does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.spans = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def named(self, start: str) -> list:
        return [span for span in self.spans if span.name.startswith(start)]


class Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert self.path == "/v1/traces"
        sent = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
        for resource in sent.resource_spans:
            for scope in resource.scope_spans:
                self.server.spans += scope.spans
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_said) -> None:
        """Say nothing."""


@pytest.fixture
def collector():
    taking = Collector()
    yield taking
    taking.shutdown()
    taking.server_close()


def values(span) -> dict:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


async def ask(house: TestHouse) -> str:
    async with serving(house) as url, httpx.AsyncClient(base_url=url) as http:
        headers = {"traceparent": CALLER}
        made = (await http.post("/jobs", json={"query": "What is a monad?"}, headers=headers)).json()

        async def over() -> bool:
            view = (await http.get(f"/jobs/{made['job_id']}")).json()
            return view["status"] in {"completed", "failed"}

        await until(over)
        return made["job_id"].replace("-", "")


async def test_a_job_has_a_trace_that_links_to_its_submit(database_url, collector):
    house = TestHouse(replace(FAST, otlp_url=collector.url), database_url)
    trace = await ask(house)

    [submit] = collector.named("POST /jobs")
    [root] = collector.named("submit")
    [attempt] = collector.named("invoke_agent")
    assert submit.trace_id.hex() == CALLER.split("-")[1]
    assert submit.parent_span_id.hex() == CALLER.split("-")[2]
    assert values(submit)["http.route"] == "/jobs"
    assert root.trace_id.hex() == trace
    assert [link.trace_id for link in root.links] == [submit.trace_id]
    assert [link.span_id for link in root.links] == [submit.span_id]
    assert attempt.trace_id.hex() == trace
    assert attempt.parent_span_id == root.span_id
    assert values(attempt)["dossier.outcome"] == "completed"


async def test_what_an_attempt_does_is_below_it(database_url, collector):
    await ask(TestHouse(replace(FAST, otlp_url=collector.url), database_url))

    [attempt] = collector.named("invoke_agent")
    turns = {span.span_id: span for span in collector.named("turn")}
    calls = [*collector.named("chat "), *collector.named("execute_tool ")]
    assert turns
    assert {span.parent_span_id for span in turns.values()} == {attempt.span_id}
    assert {values(span)["dossier.call.kind"] for span in calls} == {"model", "search", "read"}
    assert {span.parent_span_id for span in calls} <= turns.keys()
    for chat in collector.named("chat "):
        assert values(chat)["gen_ai.operation.name"] == "chat"
        assert values(chat)["gen_ai.usage.input_tokens"] >= 0
    own = [span for span in collector.named("append") if span.trace_id == attempt.trace_id]
    assert len(own) > len(turns)
    assert [span.trace_id for span in collector.named("claim")] == [attempt.trace_id]


async def test_a_failure_is_named_and_not_quoted(database_url, collector):
    house = TestHouse(replace(FAST, otlp_url=collector.url), database_url)
    house.model.errors = [ProviderError("auth", "The key canary-4711 is not valid.", retryable=False)]
    await ask(house)

    failed = [span for span in collector.named("chat ") if values(span).get("error.type")]
    assert {values(span)["error.type"] for span in failed} == {"ProviderError"}
    assert b"canary-4711" not in b"".join(span.SerializeToString() for span in collector.spans)


async def test_without_a_collector_nothing_is_made(database_url):
    assert tracing.span("x") is tracing.span("y")
    await ask(TestHouse(FAST, database_url))
    assert tracing.trace_id(None) == ""


def test_the_log_names_the_trace_of_a_job(database_url, collector):
    house = TestHouse(replace(FAST, otlp_url=collector.url), database_url)
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(logs.JsonFormatter().format(record))

    keep, root = Keep(), logging.getLogger("app.worker.worker")
    root.addHandler(keep)
    before, root.level = root.level, logging.INFO
    try:
        trace = asyncio.run(ask(house))
    finally:
        root.removeHandler(keep)
        root.level = before
    said = [line for line in lines if "An attempt ended." in line or "A job was claimed." in line]
    assert len(said) == 2
    assert all(f'"trace": "{trace}"' in line for line in said)
