"""Each problem shown in the OpenAPI document is one the server returns.

`python -m pytest tests/api/test_problem_examples.py` compares; with RECORD=1 it writes what it got.
"""

import asyncio
import json
import os
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from msgspec.structs import replace

from app.api import contract, openid_routes
from app.api.app import make_app
from app.api.context import MAX_REPLAYS, ApiContext
from app.api.model_door import ModelDoor
from app.api.sign_in_door import SignInDoor
from app.domain.caller import Caller
from app.domain.sign_in import ClaimRules
from app.errors import DatabaseUnavailable
from app.providers.model_book import ModelBook, ModelsFile
from app.providers.model_spec import ModelSpec
from app.providers.openid import OpenIdClient, OpenIdProvider
from app.store import event_feed, job_lists, reads
from app.store.api_keys import add_key
from app.store.ingestions import (
    IngestionChange,
    IngestionSource,
    change_ingestion,
    claim_ingestion,
    submit_ingestion,
)
from app.store.quotas import set_quota
from app.store.tenants import add_tenant, suspend_tenant
from dossier.document_types import NewDocument
from dossier.tenant_types import Quota
from tests.steps import completed_job, running_job

READ = "01a21ae7-0bb8-8249-b378-85865ec49303"
OVER, RUNNING = "01a20937-51e3-763d-b2e2-cb25b04281b4", "01a20939-5eca-72a8-adc6-18aad3401748"
JSON_TYPE = {"Content-Type": "application/json"}


def posted(body, path="/jobs", **headers):
    text = body if isinstance(body, str) else json.dumps(body)
    return "POST", path, {"content": text, "headers": JSON_TYPE | headers}


def put(body, path):
    return "PUT", path, {"content": json.dumps(body), "headers": JSON_TYPE}


def got(path):
    return "GET", path, {}


# What provokes a code, in a database with one completed and one running job.
PROVOKED = {
    "malformed_json": posted('{"query": '),
    "missing_body": posted(""),
    "unknown_field": posted({"query": "Why?", "limits": {"max_money": 1}}),
    "missing_field": posted({}),
    "wrong_type": posted({"query": "Why?", "effort": "immense"}),
    "too_short": posted({"query": ""}),
    "too_long": posted({"query": "Why?", "tags": ["x" * 51]}),
    "too_many_items": posted({"query": "Why?", "tags": ["a"] * 11}),
    "too_few_items": posted({"answers": []}, f"/jobs/{RUNNING}/input"),
    "too_deep": posted('{"query": "Why?", "metadata": {"a": ' + "[" * 40 + "]" * 40 + "}}"),
    "out_of_range": posted({"query": "Why?", "priority": 101}),
    "invalid_character": posted({"query": "Wh\0?"}),
    "metadata_too_large": posted({"query": "Why?", "metadata": {"note": "x" * 11_000}}),
    "unsupported_schema": posted(
        {"query": "Why?", "output_schema": {"type": "object", "properties": {"a": {"$ref": "#"}}}}
    ),
    "invalid_key": posted({"query": "Why?"}, **{"Idempotency-Key": "k" * 256}),
    "body_too_large": posted({"query": "x" * 70_000}),
    "unsupported_media_type": posted("query=Why?", **{"Content-Type": "text/plain"}),
    "idempotency_conflict": posted({"query": "How?"}, **{"Idempotency-Key": "with-1"}),
    "unknown_parameter": got("/jobs?colour=red"),
    "missing_parameter": got("/sources"),
    "repeated_parameter": got("/jobs?limit=1&limit=2"),
    "page_size_out_of_range": got("/jobs?limit=0"),
    "malformed_cursor": got("/jobs?cursor=yesterday"),
    "malformed_job_id": got("/jobs/mine"),
    "malformed_at": got(f"/jobs/{OVER}?at=yesterday"),
    "malformed_url": got("/sources?url=mine"),
    "at_beyond_head": got(f"/jobs/{OVER}?at=1000"),
    "job_not_found": got("/jobs/00000000-0000-0000-0000-000000000000"),
    "not_yet_submitted": got(f"/jobs/{OVER}?at=2000-01-01T00:00:00Z"),
    "report_not_ready": got(f"/jobs/{RUNNING}/report"),
    "source_not_found": got(f"/jobs/{OVER}/sources/99"),
    "document_not_found": got("/documents/text?url=docs://nothing"),
    "ingestion_not_found": got("/ingestions/00000000-0000-0000-0000-000000000000"),
    "original_not_found": got("/documents/1/original"),
    "malformed_form": ("POST", "/documents", {"data": {"title": "Yaks"}, "files": {"title": (None, "Yaks")}}),
    "unreadable_document": ("POST", "/documents", {"files": {"file": ("scan.doc", b"x")}}),
    "malformed_webhook_id": got("/webhooks/mine"),
    "worker_not_found": ("POST", "/workers/db1-4711-3fa2c1/drain", {}),
    "job_not_held": ("POST", f"/jobs/{OVER}/requeue", {}),
    "job_not_failed": ("POST", f"/jobs/{OVER}/retry", {}),
    "webhook_not_found": got("/webhooks/00000000-0000-0000-0000-000000000000"),
    "tenant_not_found": ("POST", "/tenants/nobody/resume", {}),
    "tenant_exists": ("POST", "/tenants", {"json": {"tenant": "default"}}),
    "key_not_found": ("DELETE", "/keys/0Ab3dE6h", {}),
    "invalid_provider_key": put({"provider": "tavily", "key": "two words"}, "/provider-keys"),
    "master_key_unusable": put({"provider": "tavily", "key": "tvly-0123456789"}, "/provider-keys"),
    "provider_key_not_found": ("DELETE", "/provider-keys/tavily", {}),
    "share_not_found": got("/shared/nothing"),
    "filter_not_found": ("DELETE", "/library/filters/00000000-0000-0000-0000-000000000000", {}),
    "too_many_filters": posted({"name": "dear", "search": {"min_cost": 1}}, "/library/filters"),
    "too_many_shares": posted({}, f"/jobs/{OVER}/shares"),
    "too_many_webhooks": posted({"url": "https://app.example.com/hooks"}, "/webhooks"),
    "cursor_beyond_head": got("/events?after=999999999-1"),
    "ingestion_already_over": ("DELETE", f"/ingestions/{READ}", {}),
    "job_already_over": ("DELETE", f"/jobs/{OVER}", {}),
    "no_input_requested": posted({"answers": ["Yes."]}, f"/jobs/{RUNNING}/input"),
    "not_found": got("/sign-in/oidc"),
    # These need a state as well: see STAGES.
    "unauthorised": got("/jobs"),
    "forbidden": got("/jobs"),
    "tenant_suspended": got("/jobs"),
    "database_unavailable": got("/jobs"),
    "internal_error": got("/jobs"),
    "queue_full": posted({"query": "Why?"}),
    "quota_exceeded": posted({"query": "Why?"}),
    "cost_limit_required": posted({"query": "Why?"}),
    "model_not_offered": posted({"query": "Why?", "model": "gpt-9"}),
    "price_unknown": posted({"query": "Why?", "limits": {"max_cost_usd": 1}}),
    "busy": ("POST", f"/jobs/{OVER}/replay", {}),
    "sign_in_unavailable": got("/sign-in/oidc"),
    "try_again": ("DELETE", f"/jobs/{RUNNING}", {}),
    "job_archived": got(f"/jobs/{OVER}/events"),
    "feed_withheld": got("/events"),
}  # fmt: skip


def raising(error):
    async def fail(*_args, **_options):
        raise error

    return fail


def giving(value):
    async def give(*_args, **_options):
        return value

    return give


async def with_other_keys(house, _patch):
    await add_key(house.engine, "other", ("admin",), None)


async def with_a_key_for_submitting(house, _patch):
    _, text = await add_key(house.engine, "submits", ("submit",), None)
    return {"Authorization": f"Bearer {text}"}


async def with_a_suspended_tenant(house, _patch):
    await add_tenant(house.engine, "acme")
    _, text = await add_key(house.engine, "theirs", ("read",), None, "acme")
    await suspend_tenant(house.engine, "acme")
    return {"Authorization": f"Bearer {text}"}


async def without_a_database(_house, patch):
    patch.setattr(job_lists, "page", raising(DatabaseUnavailable("connection refused")))


async def with_a_fault(_house, patch):
    patch.setattr(job_lists, "page", raising(RuntimeError("the password is hunter2")))


async def with_a_full_queue(_house, patch):
    patch.setattr("app.api.context.COUNT_EVERY", -1)
    patch.setattr("app.store.queue.waiting", giving(10**9))


async def with_a_small_quota(house, patch):
    patch.setattr("app.store.quotas.QUOTAS_FRESH", -1)
    await set_quota(house.engine, "default", Quota(max_unfinished_jobs=1))


async def with_a_quota_of_money(house, patch):
    patch.setattr("app.store.quotas.QUOTAS_FRESH", -1)
    await set_quota(house.engine, "default", Quota(max_usd_per_month=1.0))


async def with_one_model(_house, patch):
    book = ModelBook(ModelsFile(allow=("gpt-6-luna",)), ModelSpec(model="gpt-6-luna"), {}, {})
    patch.setattr(ModelDoor, "_models", property(lambda _door: book), raising=False)


async def with_a_silent_provider(_house, patch):
    client = OpenIdClient("http://127.0.0.1:9", "dossier", "", "http://127.0.0.1/sign-in/oidc/callback")
    door = SignInDoor(OpenIdProvider(httpx.AsyncClient(trust_env=False), client), ClaimRules(), 12, "Acme")
    patch.setattr(openid_routes, "_door", lambda _context: door)


async def with_other_writers(_house, patch):
    patch.setattr("app.store.writer.Writer.append", giving(False))


async def with_an_archived_month(_house, patch):
    read = reads.own_heads

    async def archived(*arguments):
        return {key: replace(head, is_archived=True) for key, head in (await read(*arguments)).items()}

    patch.setattr(reads, "own_heads", archived)


async def with_a_restored_log(_house, patch):
    read = event_feed.read

    async def restored(*arguments):
        return replace(await read(*arguments), restored=True)

    patch.setattr(event_feed, "read", restored)


async def with_many_webhooks(_house, patch):
    patch.setattr("app.store.webhook_endpoints.add_endpoint", giving(None))


async def with_many_filters(_house, patch):
    patch.setattr("app.store.library.save_filter", giving(None))


async def with_many_shares(_house, patch):
    view = ApiContext.view

    async def reported(context, job_id):
        return replace(await view(context, job_id), result="a report")

    patch.setattr(ApiContext, "view", reported)
    patch.setattr("app.store.shares.add_share", giving(None))


STAGES = {
    "unauthorised": with_other_keys,
    "forbidden": with_a_key_for_submitting,
    "tenant_suspended": with_a_suspended_tenant,
    "database_unavailable": without_a_database,
    "internal_error": with_a_fault,
    "queue_full": with_a_full_queue,
    "quota_exceeded": with_a_small_quota,
    "cost_limit_required": with_a_quota_of_money,
    "model_not_offered": with_one_model,
    "price_unknown": with_one_model,
    "sign_in_unavailable": with_a_silent_provider,
    "too_many_filters": with_many_filters,
    "too_many_shares": with_many_shares,
    "too_many_webhooks": with_many_webhooks,
    "try_again": with_other_writers,
    "job_archived": with_an_archived_month,
    "feed_withheld": with_a_restored_log,
}


def documented():
    """Collect the document's problems by code, with the operations that show them."""
    found = {}
    document = make_app(None).openapi_schema.to_schema()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for response in operation["responses"].values():
                shown = response.get("content", {}).get("application/problem+json", {}).get("examples", {})
                for example in shown.values():
                    found.setdefault(example["value"]["code"], []).append((method, path, example))
    return found


class Examples:
    """The jobs of this test under the ids that the examples have."""

    def __init__(self, over: UUID, running: UUID, read: UUID) -> None:
        self.ids = {OVER: str(over), RUNNING: str(running), READ: str(read)}

    def sent(self, text: str) -> str:
        for shown, real in self.ids.items():
            text = text.replace(shown, real)
        return text

    def shown(self, text: str) -> str:
        for shown, real in self.ids.items():
            text = text.replace(real, shown)
        return text


@pytest.fixture
async def examples(house) -> Examples:
    over, running = await completed_job(house.writer), await running_job(house.writer)
    return Examples(over.id, running.id, await read_file(house.engine))


async def read_file(engine) -> UUID:
    """Return the id of a file that has been read."""
    sent = await submit_ingestion(
        engine, Caller("default"), IngestionSource(uuid4(), "a.txt", 1), NewDocument()
    )
    claimed = await claim_ingestion(engine, timedelta(minutes=1))
    await change_ingestion(engine, claimed, IngestionChange("ingestion_completed", "completed", {}))
    return sent.ingestion_id


async def answered(api, examples, code, headers=None):
    """The problem that comes, as the document would show it."""
    method, path, options = PROVOKED[code]
    options = {**options, "headers": {**options.get("headers", {}), **(headers or {})}}
    if code == "idempotency_conflict":
        await api.post("/jobs", json={"query": "Why?"}, headers={"Idempotency-Key": "with-1"})
    if code == "original_not_found":
        made = (await api.post("/documents", json={"text": "A yak is an ox."})).json()
        path = path.replace("/1/", f"/{made['documents'][0]['document_id']}/")
    answer = await api.request(method, examples.sent(path), **options)
    assert answer.headers["content-type"] == "application/problem+json"
    return json.loads(examples.shown(answer.text))


def request_shown(code):
    method, path, options = PROVOKED[code]
    body = options.get("content", "")
    return f"{method} {path} {body if len(body) < 100 else '…'}".strip()


def compare(code, found):
    assert found["code"] == code
    if os.environ.get("RECORD"):
        recorded = json.loads(contract.EXAMPLES_FILE.read_text())
        recorded[code] = {"request": request_shown(code), "answer": found}
        text = json.dumps(recorded, indent=1, ensure_ascii=False, sort_keys=True)
        contract.EXAMPLES_FILE.write_text(f"{text}\n")
        return
    recorded = contract.RECORDED_PROBLEMS[code]
    assert (recorded.request, recorded.answer) == (request_shown(code), found)


def test_every_documented_problem_is_provoked_here():
    assert documented().keys() == PROVOKED.keys() == contract.RECORDED_PROBLEMS.keys()


def test_every_operation_shows_the_recorded_answer():
    for code, shown in documented().items():
        recorded = contract.RECORDED_PROBLEMS[code]
        for method, path, example in shown:
            assert example["value"] == recorded.answer, (method, path)
            assert recorded.request in example["description"]


async def test_the_recorded_problems_are_what_the_server_answers(api, examples):
    for code in PROVOKED.keys() - STAGES.keys() - {"busy"}:
        compare(code, await answered(api, examples, code))


@pytest.mark.parametrize("code", sorted(STAGES))
async def test_a_problem_of_a_state_is_what_the_server_answers(api, house, examples, monkeypatch, code):
    headers = await STAGES[code](house, monkeypatch)

    compare(code, await answered(api, examples, code, headers))


async def test_the_problem_of_too_many_replays_is_what_the_server_answers(api, examples, monkeypatch):
    go_on = asyncio.Event()

    async def slow(*_arguments):
        await go_on.wait()
        raise DatabaseUnavailable("away")

    monkeypatch.setattr("app.api.forks.replay", slow)
    asked = [asyncio.create_task(answered(api, examples, "busy")) for _ in range(MAX_REPLAYS + 1)]
    [refused], _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    go_on.set()
    await asyncio.gather(*asked)

    compare("busy", refused.result())
