"""Every route answers every kind of key as it should.

Each is tried on the caller's own things, on another tenant's, and on nobody's. A route without an entry in
NEEDS fails: whoever adds one decides who may use it.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from app import handle
from app.api import keyring as keyring_module
from app.api.app import make_app
from app.domain import commands as c
from app.domain.caller import Caller
from app.store import documents
from app.store.api_keys import add_key, revoke_key
from app.store.ingestions import IngestionSource, submit_ingestion
from app.store.library import save_filter
from app.store.shares import add_share
from app.store.tenants import add_tenant, suspend_tenant
from app.store.webhook_endpoints import add_endpoint
from dossier.document_types import NewDocument
from dossier.library_types import JobSearch
from dossier.request import ResearchRequest
from dossier.webhook_types import NewWebhook
from tests.forgetful import forget_tenants

OWN, OTHER = Caller("acme"), Caller("umbrella")
FREE, OPERATOR = None, "operator"
NEEDS = {
    "GET /jobs": "read",
    "POST /jobs": "submit",
    "GET /jobs/{job_id}": "read",
    "DELETE /jobs/{job_id}": "submit",
    "POST /jobs/{job_id}/finish": "submit",
    "POST /jobs/{job_id}/fork": "submit",
    "POST /jobs/{job_id}/replay": "read",
    "GET /jobs/{job_id}/diff/{other}": "read",
    "POST /jobs/{job_id}/input": "submit",
    "GET /jobs/{job_id}/stream": "read",
    "GET /jobs/{job_id}/events": "read",
    "GET /jobs/{job_id}/report": "read",
    "GET /jobs/{job_id}/sources/{number}": "read",
    "GET /jobs/{job_id}/claims": "read",
    "GET /jobs/{job_id}/bundle": "read",
    "POST /jobs/{job_id}/requeue": "admin",
    "POST /jobs/{job_id}/retry": "admin",
    "GET /events": "read",
    "GET /sources": "read",
    "GET /overview": "read",
    "GET /costs": "read",
    "GET /capabilities": "read",
    "POST /estimate": "read",
    "GET /documents": "read",
    "POST /documents": "documents",
    "POST /documents/search": "read",
    "GET /documents/embedding": "read",
    "GET /documents/text": "read",
    "GET /documents/{document_id}": "read",
    "PUT /documents/{document_id}": "documents",
    "DELETE /documents/{document_id}": "documents",
    "GET /documents/{document_id}/text": "read",
    "GET /documents/{document_id}/original": "read",
    "GET /ingestions": "read",
    "GET /ingestions/{ingestion_id}": "read",
    "GET /ingestions/{ingestion_id}/events": "read",
    "DELETE /ingestions/{ingestion_id}": "documents",
    "GET /webhooks": "read",
    "POST /webhooks": "admin",
    "GET /webhooks/{endpoint_id}": "read",
    "DELETE /webhooks/{endpoint_id}": "admin",
    "POST /webhooks/{endpoint_id}/rotate": "admin",
    "POST /webhooks/{endpoint_id}/enable": "admin",
    "GET /webhooks/{endpoint_id}/deliveries": "read",
    "POST /webhooks/{endpoint_id}/deliveries/{delivery_id}/resend": "admin",
    "GET /keys": "admin",
    "POST /keys": "admin",
    "DELETE /keys/{key_id}": "admin",
    "GET /provider-keys": "admin",
    "PUT /provider-keys": "admin",
    "DELETE /provider-keys/{provider}": "admin",
    "POST /jobs/{job_id}/stream-token": "read",
    "GET /tenants": OPERATOR,
    "POST /tenants": OPERATOR,
    "POST /tenants/{tenant}/suspend": OPERATOR,
    "POST /tenants/{tenant}/resume": OPERATOR,
    "PUT /tenants/{tenant}/quota": OPERATOR,
    "GET /quotas": OPERATOR,
    "GET /access": "admin",
    "POST /jobs/{job_id}/shares": "submit",
    "GET /jobs/{job_id}/shares": "read",
    "DELETE /shares/{share_id}": "submit",
    "GET /shared/{token}": FREE,
    "GET /jobs/{job_id}/mark": "read",
    "PATCH /jobs/{job_id}/mark": "submit",
    "GET /library": "read",
    "POST /library/filters": "submit",
    "DELETE /library/filters/{filter_id}": "submit",
    "GET /workers": OPERATOR,
    "GET /queue": OPERATOR,
    "POST /workers/pause": OPERATOR,
    "POST /workers/resume": OPERATOR,
    "POST /workers/{name}/pause": OPERATOR,
    "POST /workers/{name}/resume": OPERATOR,
    "POST /workers/{name}/drain": OPERATOR,
    "GET /metrics": OPERATOR,
    "POST /session": FREE,
    "DELETE /session": FREE,
    "GET /sign-in/oidc": FREE,
    "GET /sign-in/oidc/callback": FREE,
    "GET /health/live": FREE,
    "GET /health/ready": FREE,
    "POST /v1/responses": "submit",
    "GET /v1/responses/{response_id}": "read",
    "DELETE /v1/responses/{response_id}": "submit",
    "POST /v1/responses/{response_id}/cancel": "submit",
    "GET /v1/responses/{response_id}/input_items": "read",
    "POST /v1/chat/completions": "submit",
    "GET /v1/models": "read",
    "GET /v1/models/{name}": "read",
}
SCOPES = ("read", "submit", "documents", "admin")
NOBODY = ("none", "malformed", "expired", "revoked")
QUERIES = {"GET /sources": {"url": "https://example.com/"}, "GET /documents/text": {"url": "note:nothing"}}
MISSING = {
    f"{thing}_not_found" for thing in ("job", "document", "webhook", "key", "share", "filter", "ingestion")
}
IDS = (
    "{job_id}",
    "{document_id}",
    "{endpoint_id}",
    "{response_id}",
    "{key_id}",
    "{share_id}",
    "{filter_id}",
    "{ingestion_id}",
)
NO_ID = "00000000-0000-0000-0000-000000000000"
WORDS = {
    "{token}": "nothing",
    "{tenant}": "nobody",
    "{provider}": "openai",
    "{number}": "1",
    "{name}": "dossier-quick",
    "{other}": NO_ID,
    "{delivery_id}": NO_ID,
}


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(keyring_module, "KEYS_FRESH", 0.05)


@pytest.fixture
async def keys(engine):
    """Make a key of each kind, all for one tenant.

    The exceptions are the operator's key and that of a suspended tenant.
    """
    past = datetime.now(UTC) - timedelta(seconds=1)
    for tenant in (OWN.tenant, OTHER.tenant, "closed"):
        await add_tenant(engine, tenant)
    made = {scope: await add_key(engine, scope, (scope,), None, OWN.tenant) for scope in SCOPES}
    made["expired"] = await add_key(engine, "old", ("admin",), past, OWN.tenant)
    made["revoked"] = await add_key(engine, "lost", ("admin",), None, OWN.tenant)
    made["suspended"] = await add_key(engine, "shut", ("admin",), None, "closed")
    made[OPERATOR] = await add_key(engine, "root", ("admin",), None)
    await revoke_key(engine, made["revoked"][0])
    await suspend_tenant(engine, "closed")
    return {name: text for name, (_, text) in made.items()} | {"none": None, "malformed": "dsk_short"}


class Things:
    """Make what a route needs, on demand, because some routes remove it."""

    def __init__(self, house) -> None:
        self.house = house
        self.makers: dict[str, Callable[[Caller], Awaitable[object]]] = {
            "{job_id}": self.job,
            "{response_id}": self.response,
            "{document_id}": self.document,
            "{endpoint_id}": self.webhook,
            "{key_id}": self.key,
            "{share_id}": self.share,
            "{filter_id}": self.filter,
            "{ingestion_id}": self.ingestion,
        }

    async def job(self, caller: Caller) -> UUID:
        """A job that is over, so that its stream ends."""
        job, _ = await handle.submit(self.house.writer, ResearchRequest("why?"), tenant=caller.tenant)
        await handle.handle(self.house.writer, job, c.RequestCancel(), actor="api")
        return job.id

    async def response(self, caller: Caller) -> str:
        return f"resp_{(await self.job(caller)).hex}"

    async def document(self, caller: Caller) -> int:
        new = documents.DocumentToStore(f"note:{uuid4()}", "A", "A yak is an ox.")
        return (await documents.store(self.house.engine, caller, new, once=False)).document_id

    async def webhook(self, caller: Caller) -> UUID:
        made = await add_endpoint(self.house.engine, caller, NewWebhook("https://example.com/"))
        return made[0].endpoint_id

    async def key(self, caller: Caller) -> str:
        return (await add_key(self.house.engine, "one", ("read",), None, caller.tenant))[0]

    async def share(self, caller: Caller) -> UUID:
        made = await add_share(self.house.engine, caller, await self.job(caller), 1)
        return made[0].share_id

    async def filter(self, caller: Caller) -> UUID:
        return (await save_filter(self.house.engine, caller, f"{uuid4()}", JobSearch())).filter_id

    async def ingestion(self, caller: Caller) -> UUID:
        made = await submit_ingestion(
            self.house.engine, caller, IngestionSource(uuid4(), "a.txt", 1), NewDocument()
        )
        return made.ingestion_id

    @staticmethod
    def unknown(part: str) -> str:
        return {"{document_id}": "999999", "{response_id}": f"resp_{UUID(NO_ID).hex}"}.get(part, NO_ID)

    async def path(self, template: str, whose: Caller | None) -> str:
        """Fill the path with ids of what is `whose`, or of nothing."""
        path = template
        for part, make in self.makers.items():
            if part in path:
                path = path.replace(part, str(await make(whose)) if whose else self.unknown(part))
        for part, word in WORDS.items():
            path = path.replace(part, word)
        return path


@pytest.fixture
def things(house):
    return Things(house)


@pytest.fixture
def ask(api):
    async def send(route: str, path: str, key: str | None):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        body = {"json": {}} if route.startswith(("POST", "PUT", "PATCH")) else {}
        api.cookies.clear()
        return await api.request(
            route.split(maxsplit=1)[0], path, headers=headers, params=QUERIES.get(route), **body
        )

    return send


def routes() -> set[str]:
    paths = make_app(None).openapi_schema.to_schema()["paths"]
    return {f"{method.upper()} {path}" for path, operations in paths.items() for method in operations}


def expected(needs: str | None, name: str) -> int:
    """Return the status that refuses this key, or 0 if allowed."""
    if needs is FREE:
        return 0
    if name in NOBODY:
        return 401
    lets_in = {OPERATOR} if needs is OPERATOR else {needs, "admin", OPERATOR}
    return 0 if name in lets_in else 403


def test_every_route_has_an_entry():
    assert routes() == NEEDS.keys()


async def test_every_key_opens_what_it_should(keys, things, ask):
    wrong = [one for route in NEEDS async for one in wrongly_answered(route, keys, things, ask)]
    assert wrong == []


async def wrongly_answered(route, keys, things, ask):
    """Each key that this route admits or refuses and should not."""
    for whose in (OWN, OTHER, None) if is_about_one(route) else (OWN,):
        path = await things.path(route.split()[1], whose)
        for name, key in keys.items():
            wanted = expected(NEEDS[route], name)
            if whose is OWN and not wanted:
                path = await things.path(route.split()[1], OWN)
            answer = await ask(route, path, key)
            refused = answer.status_code if answer.status_code in {401, 403} else 0
            says_why = name != "suspended" or not wanted or "tenant_suspended" in answer.text
            if (refused != wanted and route != "POST /session") or not says_why:
                yield route, name, whose, answer.status_code


def is_about_one(route: str) -> bool:
    return any(part in route for part in IDS)


async def test_what_is_anothers_answers_as_what_nobody_has(keys, things, ask):
    for route in filter(is_about_one, NEEDS):
        needs, template = NEEDS[route], route.split()[1]
        own, theirs, unknown = [
            await ask(route, await things.path(template, whose), keys[needs]) for whose in (OWN, OTHER, None)
        ]
        assert seen(theirs) == seen(unknown), route
        code = unknown.json().get("code") or unknown.json()["error"]["code"]
        assert code in MISSING, route
        if "{other}" not in route and "{delivery_id}" not in route:
            assert not any(f'"{word}"' in own.text for word in MISSING), own.text


async def test_what_is_anothers_stays_so_where_the_application_forgets_its_filter(
    keys, things, ask, monkeypatch
):
    """Row level security alone holds."""
    asked = []
    for route in filter(is_about_one, NEEDS):
        paths = [await things.path(route.split()[1], whose) for whose in (OTHER, None)]
        asked.append((route, paths, keys[NEEDS[route]]))
    made = {str(await make(OTHER)) for name, make in things.makers.items() if name != "{document_id}"}
    assert forget_tenants(monkeypatch)

    for route, paths, key in asked:
        theirs, unknown = [await ask(route, path, key) for path in paths]
        assert seen(theirs) == seen(unknown), route
    for route, needs in NEEDS.items():
        if route.startswith("GET") and "{" not in route and needs not in {FREE, OPERATOR}:
            answer = await ask(route, route.split()[1], keys[needs])
            assert not [one for one in made if one in answer.text], route


def seen(answer):
    headers = [header for header in answer.headers.items() if header[0] != "date"]
    return answer.status_code, headers, answer.content
