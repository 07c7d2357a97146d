"""The OpenAPI document holds against the standard."""

import asyncio
import json

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.api.app import make_app


@pytest.fixture(scope="module")
def document():
    """The document as a client receives it."""

    async def fetched():
        transport = httpx.ASGITransport(make_app(None))
        async with httpx.AsyncClient(transport=transport, base_url="http://dossier") as http:
            return (await http.get("/schema")).json()

    return asyncio.run(fetched())


def faults(document):
    return [
        f"{list(error.path)}: {error.message}" for error in OpenAPIV31SpecValidator(document).iter_errors()
    ]


def test_the_document_is_openapi_3_1(document):
    assert document["openapi"].startswith("3.1.")
    assert faults(document) == []


def test_the_validator_sees_a_fault(document):
    broken = json.loads(json.dumps(document))
    del broken["paths"]["/jobs"]["post"]["responses"]["201"]["description"]

    assert faults(broken)
