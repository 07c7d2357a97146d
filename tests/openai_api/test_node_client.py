"""OpenAI's own client for Node, unmodified, against a real server."""

import json
import secrets
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from app.domain.webhook import ToldEvent, message_body, secret_text, signed_headers
from tests.openai_api.node_client import NODE_OPENAI
from tests.typescript.node import node

SCRIPT = "node_client.mjs"


def told_webhook(job_id, secret):
    """The body and headers of a delivery in OpenAI's style."""
    now = datetime.now(UTC)
    told = ToldEvent(job_id, "default", 9, 1, "job_completed", "completed", now, {}, {})
    body = message_body("openai", told)
    return body.decode(), json.dumps(dict(signed_headers([secret], "evt_1", now, body)))


async def test_openais_client_for_node_does_all_that_it_can(house, server):
    if reason := NODE_OPENAI.missing():
        pytest.skip(reason)
    house.model.pause = 0.05
    script = NODE_OPENAI.place / SCRIPT  # beside node_modules, where Node looks for the package
    script.write_bytes((NODE_OPENAI.folder / SCRIPT).read_bytes())
    secret, job_id = secrets.token_bytes(32), uuid4()

    seen = await node(
        NODE_OPENAI.place, str(script), server, secret_text(secret), *told_webhook(job_id, secret)
    )

    for name in ("text", "stored", "helper", "resumed", "resumedByHelper", "chat"):
        assert seen[name].startswith("Water boils"), name
    assert set(seen["cited"]) == {"https://example.com/a", "https://example.com/b"}
    assert {"response.created", "response.web_search_call.completed", "response.completed"} <= {
        *seen["types"]
    }
    assert seen["numbers"] == list(range(len(seen["numbers"])))
    assert seen["last"] == "response.completed"
    assert seen["cancelled"] == "cancelled"
    assert seen["twice"] == [409, "job_already_over"]
    assert seen["previous"] is True
    assert seen["question"] == "And on a mountain?"
    assert seen["parsed"] == ["answer"]
    assert "dossier-quick" in seen["models"]
    assert seen["deleted"] == 404
    assert seen["webhook"] == ["response.completed", f"resp_{job_id.hex}"]
    assert seen["forged"] == "InvalidWebhookSignatureError"
