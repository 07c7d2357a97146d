"""Complete the OpenAPI document where Litestar cannot: media types, tuples, groups."""

import asyncio
from typing import Any

import msgspec
from litestar import Request, Router
from litestar._openapi.plugin import OpenAPIPlugin
from litestar.openapi.plugins import JsonRenderPlugin

from app.api.problem_details import MEDIA_TYPE
from dossier.document_types import NewDocument

TEXT_TYPE = {"schema": {"type": "string"}}
EVENTS = {"schema": {"type": "object", "required": ["events", "next_after", "head"], "properties": {
    "events": {"type": "array", "items": {"type": "object", "additionalProperties": True}},
    "next_after": {"type": ["integer", "string"]},
    "head": {"type": ["integer", "string"]},
}}}  # fmt: skip
LOG_PAGE = {"application/json": EVENTS, "text/event-stream": TEXT_TYPE}
OPENAI_ANSWER = {
    "application/json": {"schema": {"type": "object", "additionalProperties": True}},
    "text/event-stream": TEXT_TYPE,
}

DOCUMENT_BODY = {"required": True, "content": {
    "application/json": {"schema": {"$ref": "#/components/schemas/NewDocument"}},
    "multipart/form-data": {"schema": {"type": "object", "required": ["file"], "properties": {
        "file": {"type": "string", "format": "binary"},
        "url": {"type": "string"},
        "title": {"type": "string"},
        "collections": {"type": "array", "items": {"type": "string"}},
        "metadata": {"type": "string"},
    }}},
}}  # fmt: skip
# Bodies that a route receives in pieces, so that Litestar does not know them.
BODIES = {("post", "/documents"): DOCUMENT_BODY, ("put", "/documents/{document_id}"): DOCUMENT_BODY}

# What a path answers with 200: Litestar knows one media type for each status.
CONTENT: dict[tuple[str, str], dict[str, Any]] = {
    ("get", "/jobs/{job_id}/stream"): {"text/event-stream": TEXT_TYPE},
    ("get", "/jobs/{job_id}/events"): LOG_PAGE,
    ("get", "/events"): LOG_PAGE,
    ("get", "/jobs/{job_id}/report"): {
        "text/markdown": TEXT_TYPE,
        "text/html": TEXT_TYPE,
        "application/json": {"schema": {"$ref": "#/components/schemas/Result"}},
    },
    ("get", "/overview"): {
        "application/json": {"schema": {"$ref": "#/components/schemas/OverviewView"}},
        "text/html": TEXT_TYPE,
    },
    ("get", "/jobs/{job_id}/bundle"): {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    ("get", "/sign-in/oidc/callback"): {"text/html": TEXT_TYPE},
    ("post", "/v1/responses"): OPENAI_ANSWER,
    ("get", "/v1/responses/{response_id}"): OPENAI_ANSWER,
    ("post", "/v1/chat/completions"): OPENAI_ANSWER,
}

# Query parameters that a route reads itself.
PARAMETERS = {
    ("get", "/sign-in/oidc"): ("next",),
    ("get", "/sign-in/oidc/callback"): ("code", "state", "iss", "error"),
}

# The group of an operation is the first part of its path, or this.
GROUPS = {
    "v1": "openai",
    "overview": "operations",
    "health": "operations",
    "metrics": "operations",
    "sign-in": "session",
}


class CompleteDocument(JsonRenderPlugin):
    """Serves the document as JSON, completed."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the completed document."""
        return super().render(request, completed(openapi_schema))


def document_router() -> Router:
    """Return a router that builds the document off the loop."""
    return Router("/schema", route_handlers=[], include_in_schema=False, before_request=_build)


async def _build(request: Request[Any, Any, Any]) -> None:
    """Build the document before the first answer.

    It takes half a second of CPU.
    """
    await asyncio.to_thread(lambda: request.app.openapi_schema)
    await asyncio.to_thread(request.app.plugins.get(OpenAPIPlugin).provide_openapi_schema)


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """Complete the document in place, once or more often alike."""
    for (method, path), content in CONTENT.items():
        document["paths"][path][method]["responses"]["200"]["content"] = content
    for (method, path), names in PARAMETERS.items():
        document["paths"][path][method]["parameters"] = [
            {"name": name, "in": "query", "required": False, "schema": {"type": "string"}} for name in names
        ]
    for (method, path), received in BODIES.items():
        document["paths"][path][method]["requestBody"] = received
    _, schemas = msgspec.json.schema_components((NewDocument,), ref_template="#/components/schemas/{name}")
    document["components"]["schemas"] |= msgspec.json.decode(msgspec.json.encode(schemas))
    for path, operations in document["paths"].items():
        for operation in operations.values():
            part = path.split("/")[1]
            operation["tags"] = [GROUPS.get(part, part)]
            operation["responses"].get("204", {}).pop("content", None)
        _add_error_pages(operations.get("get", {}).get("responses", {}))
    for schema in document["components"]["schemas"].values():
        if schema.get("required") == []:
            del schema["required"]
        for member in schema.get("properties", {}).values():
            _mend_tuple(member)
    return document


def _add_error_pages(responses: dict[str, Any]) -> None:
    """Say that a browser gets a problem as a page."""
    for response in responses.values():
        if MEDIA_TYPE in response.get("content", {}):
            response["content"]["text/html"] = TEXT_TYPE


def _mend_tuple(member: dict[str, Any]) -> None:
    """Drop the ellipsis of `tuple[X, ...]`.

    Litestar takes it for a type where the length is bounded.
    """
    items = member.get("items")
    if isinstance(items, dict) and items.get("oneOf", [])[1:] == [{}]:
        member["items"] = items["oneOf"][0]
