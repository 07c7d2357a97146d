"""The OpenAPI document is valid and lists every answer the server gives."""

import json

import pytest
from litestar.serialization import encode_json
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.api.app import make_app
from app.api.openapi import completed
from tests.steps import completed_job, running_job


@pytest.fixture(scope="module")
def document():
    """The document as a client receives it."""
    return json.loads(encode_json(completed(make_app(None).openapi_schema.to_schema())))


def faults(document):
    return [
        f"{list(error.path)}: {error.message}" for error in OpenAPIV31SpecValidator(document).iter_errors()
    ]


def test_the_document_is_openapi_3_1(document):
    assert document["openapi"].startswith("3.1.")
    assert faults(document) == []


def test_the_validator_sees_a_fault(document):
    broken = json.loads(json.dumps(document | {"paths": {"/jobs": document["paths"]["/jobs"]}}))
    del broken["paths"]["/jobs"]["post"]["responses"]["201"]["description"]

    [fault] = faults(broken)
    assert "responses" in fault
    assert "description" in fault


JSON, TEXT = {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}
BODIES = (
    b"", b"{", b"[]", b"null", b'{"query": ""}', b'{"colour": 1}', b'{"input": [{}], "messages": 1}',
    b"[" * 9000, b'{"query": "\\u0000"}', b"x" * 2_000_000, b'{"answers": ["a"]}',
    b'{"changes": {}, "after": 999}',
)  # fmt: skip
LARGE = BODIES[9]  # is refused before anybody looks for what the path names
OF_NO_TYPE = (b"", b"null", LARGE)  # the type is refused before a body is read, or the size is
HOSTILE = (  # query, headers
    ("", {}),
    ("?colour=1", {}),
    ("?after=x&cursor=x&limit=0&at=x&format=x&url=&types=x&tags=%00", {}),
    ("?at=2000-01-01T00:00:00Z", {}),
    ("?at=999999", {}),
    ("?after=999999", {"Accept": "text/event-stream"}),
    ("?after=9999999999-1", {}),
    ("?url=x&limit=1&limit=2", {}),
    ("?stream=maybe&starting_after=-1", {}),
    ("", {"Accept": "text/html"}),
    ("", {"Accept": "text/event-stream", "Last-Event-ID": "x"}),
    ("", {"Idempotency-Key": "k" * 300}),
)
THERE = 2  # of the ids; of the others nothing is read, whatever is asked about them
OF_NOBODY = [
    ("", {}),
    ("?colour=1", {}),
    ("", {"Accept": "text/event-stream"}),
    ("", {"Accept": "text/html"}),
]


def requests(method, path, ids):
    """Hostile requests to one operation: address, headers and body."""
    for at, job_id in enumerate(ids if "{" in path else ids[:1]):
        values = {
            "job_id": job_id,
            "other": ids[0],
            "number": "1",
            "response_id": f"resp_{job_id}",
            "name": job_id,
            "endpoint_id": job_id,
            "key_id": job_id,
            **dict.fromkeys(("share_id", "filter_id", "ingestion_id"), job_id),
            **dict.fromkeys(("token", "provider", "tenant"), job_id),
            "delivery_id": ids[0],
            "document_id": "1" if job_id == ids[0] else str(2**70),
        }
        address, is_there = path.format_map(values), at < THERE
        for query, headers in HOSTILE if is_there else OF_NOBODY:
            yield address + query, headers, None
        if method in {"post", "put", "patch"}:
            typed = [(body, TEXT) for body in OF_NO_TYPE if is_there]
            for body, headers in [(body, JSON) for body in BODIES] + typed:
                if body is not LARGE or at == 0:
                    yield address, headers, body


async def test_the_server_sends_the_completed_document(api, document):
    sent = (await api.get("/schema")).json()

    assert sent["paths"].keys() == document["paths"].keys()
    assert completed(json.loads(json.dumps(sent))) == sent


async def test_each_answer_to_hostile_requests_is_in_the_document(api, house, document):
    over, running = await completed_job(house.writer), await running_job(house.writer)
    ids = [str(over.id), str(running.id), "01a20937-51e3-763d-b2e2-cb25b04281b4", "x"]
    missing, seen = set(), set()

    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for address, headers, body in requests(method, path, ids):
                async with api.stream(method.upper(), address, headers=headers, content=body) as answer:
                    status = str(answer.status_code)
                    kind = answer.headers.get("content-type", "").partition(";")[0]
                    if kind != "text/event-stream":
                        await answer.aread()  # the connection serves the next one too
                seen.add(status)
                documented = operation["responses"].get(status, {"content": ()}).get("content", {"": {}})
                if kind not in documented:
                    missing.add((method, path, status, kind))

    assert missing == set()
    assert {"200", "202", "400", "404", "409", "413", "415"} <= seen
