"""Something of everything that a route can be about."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from msgspec import Struct

from app import handle
from app.domain import commands as c
from app.domain.caller import Caller
from app.store import documents
from app.store.api_keys import add_key
from app.store.shares import add_share
from app.store.webhook_endpoints import add_endpoint
from app.wiring import Container
from dossier.request import ResearchRequest
from dossier.webhook_types import NewWebhook
from tests.steps import completed_job, running_job, submitted_job

CALLER = Caller()


class World(Struct):
    """A server's document, its key, and what there is."""

    document: dict[str, Any]
    key: str
    known: Mapping[str, Sequence[str]]


async def made_world(http: httpx.AsyncClient, house: Container) -> World:
    """Make something of each kind that paths name."""
    document = (await http.get("/schema")).json()
    jobs = await _jobs(house)
    new = documents.DocumentToStore("note:yak", "Yaks", "A yak is an ox.")
    stored = await documents.store(house.engine, CALLER, new, once=False)
    endpoint = (await add_endpoint(house.engine, CALLER, NewWebhook("https://example.com/")))[0]
    share = await add_share(house.engine, CALLER, jobs[0], 1)
    assert share is not None
    spare, _ = await add_key(house.engine, "spare", ("read",), None)
    _, key = await add_key(house.engine, "fuzz", ("admin",), None)
    known = {
        "job_id": list(map(str, jobs)),
        "other": [str(jobs[0])],
        "response_id": [f"resp_{job.hex}" for job in jobs],
        "document_id": [str(stored.document_id)],
        "endpoint_id": [str(endpoint.endpoint_id)],
        "share_id": [str(share[0].share_id)],
        "token": [share[1]],
        "key_id": [spare],
        "number": ["1"],
        "provider": ["openai"],
    }
    return World(document, key, known)


async def _jobs(house: Container) -> list[Any]:
    """One job that is completed, running, waiting and cancelled."""
    over, running = await completed_job(house.writer), await running_job(house.writer)
    waiting = await submitted_job(house.writer)
    cancelled, _ = await handle.submit(house.writer, ResearchRequest("why?"), tenant=CALLER.tenant)
    await handle.handle(house.writer, cancelled, c.RequestCancel(), actor="api")
    return [over.id, running.id, waiting.id, cancelled.id]
