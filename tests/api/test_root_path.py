"""The API works below a root path: links, page, cookie, clients, webhooks."""

import asyncio
import io
import re
import ssl
from contextlib import AsyncExitStack
from urllib.parse import urljoin

import httpx
import pytest
from docx import Document
from msgspec.structs import replace

from app.domain.webhook import ToldEvent, message_body
from dossier import AsyncDossier
from tests.api.sse import frames
from tests.conftest import FAST, TestHouse, serving
from tests.proxies import NAMES, find_proxy, proxying

ROOT = "/dossier"
SETTINGS = replace(FAST, root=f"{ROOT}/", allowed_hosts="localhost:*")
PAGE = "/browse/jobs"
QUESTION = {"query": "What is a monad?"}


@pytest.fixture
async def below(database_url):
    """A client of a server that knows its root path."""
    served = serving(TestHouse(SETTINGS, database_url))
    async with served as url, httpx.AsyncClient(base_url=url, timeout=90) as client:
        yield client


async def test_every_link_of_an_answer_leads_somewhere(below):
    made = await below.post(f"{ROOT}/jobs", json=QUESTION)
    view = (await below.get(made.headers["Location"], params={"wait": 30})).json()
    async with below.stream("GET", made.json()["stream_url"], timeout=60) as stream:
        async for frame in frames(stream):
            if frame.event == "job_complete":
                break
    view = (await below.get(made.headers["Location"])).json()

    links = [*view["links"].values(), view["result"]["report_url"], made.json()["events_url"]]
    assert view["status"] == "completed"
    for link in links:
        assert link.startswith(f"{ROOT}/jobs/")
        if not link.endswith("/stream"):
            assert (await below.get(link)).status_code == 200, link
    saved = await below.get(view["links"]["report"], params={"format": "docx"})
    foot = Document(io.BytesIO(saved.content)).sections[0].footer.paragraphs[0].text
    assert f"{ROOT}{PAGE}/{view['job_id']} · " in foot
    capable = (await below.get(f"{ROOT}/capabilities")).json()
    assert capable["protocols"]["jobs"] == f"{ROOT}/jobs"
    assert (await below.get(f"{ROOT}/schema")).json()["servers"] == [{"url": ROOT}]


@pytest.mark.parametrize("path", ["/", "/browse/jobs", "/overview", "/docs", "/sign-in"])
async def test_the_page_asks_for_nothing_outside_its_root(below, path):
    page = await below.get(ROOT + path, headers={"Accept": "text/html"})
    wanted = re.findall(r'(?:href|src)="(/[^"]*)"', page.text)

    assert page.status_code == 200
    assert f'data-root="{ROOT}"' in page.text
    assert len(wanted) > 8
    for address in wanted:
        assert address.startswith(f"{ROOT}/"), address
        if address != f"{ROOT}/sign-in/oidc":  # hidden where no provider is named, as here
            assert (await below.get(address)).status_code == 200, address


async def test_a_path_without_the_root_is_answered_too_and_a_longer_name_is_not(below):
    """A proxy may strip the root, and /dossiers is another program's."""
    assert (await below.get("/health/live")).status_code == 200
    assert (await below.get(f"{ROOT}")).status_code == 200
    for path in (f"{ROOT}s/jobs", f"{ROOT}x", f"{ROOT}{ROOT}/jobs"):
        assert (await below.get(path)).status_code == 404, path


async def test_old_addresses_and_the_cookie_stay_below_the_root(below):
    moved = await below.get(f"{ROOT}/runs/abc?at=3")
    signed_out = await below.delete(f"{ROOT}/session")

    assert moved.headers["Location"] == f"{ROOT}/browse/jobs/abc?at=3"
    assert f"Path={ROOT};" in signed_out.headers["Set-Cookie"] + ";"


def test_a_webhook_names_the_address_below_the_root():
    fields = dict.fromkeys(ToldEvent.__struct_fields__)
    told = ToldEvent(**{**fields, "job_id": "j", "type": "job_failed", "data": {}, "metadata": {}})

    assert b'"url":"/dossier/jobs/j"' in message_body("dossier", told, ROOT)
    assert b'"url":"/jobs/j"' in message_body("dossier", told)


@pytest.fixture(params=[(name, 1) for name in NAMES], ids=NAMES)
async def proxied(request, database_url, tmp_path):
    """Run a proxy with TLS over two servers.

    Yields its URL, and the context that trusts it.
    """
    name, workers = request.param
    if find_proxy(name) is None:
        pytest.skip(f"{name} or openssl is not installed.")
    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(serving(TestHouse(SETTINGS, database_url), workers))
            for _ in range(2)
        ]
        yield (
            await stack.enter_async_context(proxying(name, servers, tmp_path)),
            ssl.create_default_context(cafile=tmp_path / "cert.pem"),
        )


async def test_a_client_works_through_a_proxy_with_tls(proxied):
    url, trusted = proxied

    async with AsyncDossier(url, transport=httpx.AsyncHTTPTransport(verify=trusted)) as dossier:
        job = await dossier.submit(QUESTION["query"])
        seen = [event async for event in dossier.stream(job.job_id)]
        view = await dossier.job(job.job_id)

    assert [event.seq for event in seen] == list(range(1, view.seq + 1))
    assert view.status == "completed"


@pytest.mark.parametrize("proxied", [(name, 0) for name in NAMES], ids=NAMES, indirect=True)
async def test_a_proxy_holds_no_event_back(proxied):
    """It passes on each frame of an open stream, and its end."""
    url, trusted = proxied
    async with httpx.AsyncClient(verify=trusted, base_url=url, timeout=90) as client:
        job = (await client.post("/jobs", json=QUESTION)).json()
        async with client.stream("GET", f"/jobs/{job['job_id']}/stream") as stream:
            events = frames(stream)
            async with asyncio.timeout(60):
                first = await anext(events)
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert first.event == "hello"
            # Caddy notices a reader who left by what it cannot write: the stream is brought to its end.
            await client.delete(f"/jobs/{job['job_id']}")
            async with asyncio.timeout(60):
                assert [frame.event async for frame in events][-2:] == ["job_cancelled", "end"]


async def test_a_browser_behind_a_proxy_may_write_and_its_cookie_needs_tls(proxied):
    url, trusted = proxied
    origin = url.removesuffix(ROOT)
    async with httpx.AsyncClient(verify=trusted, base_url=url, timeout=90) as client:
        own = await client.post("/jobs", json=QUESTION, headers={"Origin": origin})
        foreign = await client.post("/jobs", json=QUESTION, headers={"Origin": "https://evil.example"})
        cookie = (await client.delete("/session", headers={"Origin": origin})).headers["Set-Cookie"]
        moved = await client.get(url)

    assert own.status_code == 201
    assert foreign.status_code == 403
    assert "Secure" in cookie
    assert (moved.status_code, urljoin(url, moved.headers["Location"])) == (308, f"{url}/")
