"""POST /jobs says what is left of a quota."""

import asyncio
from datetime import UTC, datetime

import httpx

from app.api.rate_limit import fields_of
from app.domain.caller import Caller
from app.store import quotas
from app.store.database import fetch
from app.store.quotas import set_quota
from dossier import AsyncDossier
from dossier.cost_types import QuotaUse
from dossier.tenant_types import Quota
from tests.conftest import serving
from tests.ingest.samples import packed
from tests.steps import running_job, until

NOW = datetime(2026, 12, 31, 23, 59, 0, tzinfo=UTC)


def test_each_quota_is_a_policy_of_its_own():
    fields = fields_of(QuotaUse("acme", 20, 500, 50.0, 3, 17, 12.4, 1.0), NOW)

    assert fields["RateLimit-Policy"] == (
        '"unfinished-jobs";q=20;qu="jobs", "jobs-per-day";q=500;qu="jobs";w=86400, '
        '"usd-per-month";q=50;qu="usd"'
    )
    assert fields["RateLimit"] == (
        '"unfinished-jobs";r=17, "jobs-per-day";r=483;t=61, "usd-per-month";r=36;t=61'
    )


def test_what_is_not_bounded_is_left_out_and_less_than_nothing_is_nothing():
    fields = fields_of(QuotaUse("acme", None, 5, None, 0, 9, 0.0, 0.0), NOW)

    assert fields["RateLimit"] == '"jobs-per-day";r=0;t=61'


def test_tokens_are_a_policy_and_what_is_not_of_jobs_is_none():
    use = QuotaUse("acme", None, None, None, 0, 0, 0.0, 0.0, max_tokens_per_month=1000, used_tokens=50)

    assert fields_of(use, NOW) == {
        "RateLimit-Policy": '"tokens-per-month";q=1000;qu="tokens"',
        "RateLimit": '"tokens-per-month";r=950;t=61',
    }
    assert fields_of(QuotaUse("acme", None, None, None, 0, 0, 0.0, 0.0, max_streams=1), NOW) == {}


async def test_documents_beyond_the_quota_are_refused_and_leave_nothing(api, house, monkeypatch):
    monkeypatch.setattr(quotas, "QUOTAS_FRESH", -1)
    await set_quota(house.engine, "default", Quota(max_document_bytes=100))
    file = {"file": ("yaks.txt", b"A yak is an ox. " * 10)}

    answers = [
        await api.post("/documents", json={"text": "A yak is an ox. " * 10}),
        await api.post("/documents", files=file),
        await api.post("/documents", files=file, headers={"Prefer": "respond-async"}),
    ]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(429, "quota_exceeded")] * 3
    assert all("Retry-After" in one.headers for one in answers)
    assert (await api.post("/documents", json={"text": "A yak."})).status_code == 201
    assert await fetch(house.engine, "SELECT count(*) FROM originals") == [(0,)]


async def test_a_file_whose_documents_are_too_many_fails_with_the_reason(house, monkeypatch):
    await set_quota(house.engine, "default", Quota(max_document_bytes=1000))
    async with serving(house) as url, AsyncDossier(url) as client, httpx.AsyncClient(base_url=url) as http:
        file = {"file": ("a.zip", packed({"yaks.txt": "A yak is an ox. " * 100}))}
        sent = await http.post("/documents", files=file, headers={"Prefer": "respond-async"})
        done = await client.ingested(sent.json()["ingestion_id"], timeout=60)

    assert (done.status, "Delete some first" in done.error) == ("failed", True)


async def test_a_tenant_opens_as_many_streams_as_it_may(house, monkeypatch):
    monkeypatch.setattr(quotas, "QUOTAS_FRESH", -1)
    await set_quota(house.engine, "default", Quota(max_streams=1))
    job = await running_job(house.writer)
    path, wanted = f"/jobs/{job.id}/stream", {"Accept": "text/event-stream"}
    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url, timeout=60) as http:
        async with http.stream("GET", path, headers=wanted) as first:
            lines = first.aiter_lines()  # kept: one that is let go closes its stream
            await anext(lines)
            for refused in (path, "/events"):
                assert "too_many_streams" in (await http.get(refused, headers=wanted)).text

        async def open_again():
            async with http.stream("GET", path, headers=wanted) as again:
                return "too_many_streams" not in await anext(again.aiter_text())

        assert await until(open_again, seconds=60)


async def test_a_tenants_flood_of_bundles_leaves_a_place_for_others(house):
    context = house.context()
    acme, other = (context.of(Caller(tenant)) for tenant in ("acme", "other"))
    async with acme.bundling():
        second = asyncio.create_task(acme.bundling().__aenter__())
        async with asyncio.timeout(60), other.bundling():
            assert not second.done()
    await second


async def test_answers_count_down_and_so_does_the_refusal(api, house, monkeypatch):
    monkeypatch.setattr(quotas, "QUOTAS_FRESH", -1)
    free = await api.post("/jobs", json={"query": "why?"})
    await set_quota(house.engine, "default", Quota(max_unfinished_jobs=3))
    answers = [await api.post("/jobs", json={"query": "why?"}) for _ in range(3)]
    answers.append(await api.post(f"{free.json()['url']}/fork", json={}))

    assert "RateLimit" not in free.headers
    assert [answer.status_code for answer in answers] == [201, 201, 429, 429]
    assert [answer.headers["RateLimit"] for answer in answers] == [
        f'"unfinished-jobs";r={left}' for left in (1, 0, 0, 0)
    ]
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"unfinished-jobs";q=3;qu="jobs"'}
