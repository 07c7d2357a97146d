"""Tenants' quotas are reserved, settled, and never overspent together.

They are reserved when a job is submitted, and settled at its end.
"""

import asyncio
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from app import handle
from app.agent.ceilings import Ceilings
from app.document_adding import add_read
from app.domain import commands as c
from app.domain.caller import Caller
from app.errors import CostLimitRequired, QuotaExceeded
from app.ingest.extracted import ExtractedDocument, FileRead
from app.store import documents, quotas
from app.store.database import fetch
from app.store.quotas import read_quotas, set_quota
from app.store.tenants import add_tenant
from app.store.wake import Wake
from app.store.writer import Writer
from dossier.request import Changes, Limits, ResearchRequest
from dossier.tenant_types import Quota

TERMS = handle.Terms(3)


@pytest.fixture(autouse=True)
async def acme(monkeypatch, engine):
    monkeypatch.setattr(quotas, "QUOTAS_FRESH", -1)
    await add_tenant(engine, "acme")


async def submitted(writer, usd=None, key=None, terms=TERMS):
    request = ResearchRequest("why?", limits=Limits(max_cost_usd=usd))
    return (await handle.submit(writer, request, tenant="acme", key=key, terms=terms))[0]


async def with_tokens(writer, tokens=None, key=None):
    request = ResearchRequest("why?", limits=Limits(max_tokens=tokens))
    return (await handle.submit(writer, request, tenant="acme", key=key))[0]


async def over(writer, job):
    return await handle.handle(writer, job, c.RequestCancel(), actor="api")


async def used(engine):
    [found] = await read_quotas(engine)
    return found


async def test_unfinished_jobs_are_counted_until_they_are_over(writer, engine):
    await set_quota(engine, "acme", Quota(max_unfinished_jobs=2))
    first, _ = [await submitted(writer) for _ in range(2)]
    with pytest.raises(QuotaExceeded) as refused:
        await submitted(writer)
    assert refused.value.retry_after > 0

    await over(writer, first)
    await submitted(writer)
    await handle.submit(writer, ResearchRequest("why?"), tenant="default")  # has no quota


async def test_jobs_submitted_together_do_not_overspend(database_url, engine):
    from app.store.database import make_engine

    await set_quota(engine, "acme", Quota(max_usd_per_month=1.0))
    engines = [make_engine(database_url) for _ in range(3)]
    writers = [Writer(one, Wake(one, None)) for one in engines]
    tried = await asyncio.gather(
        *(submitted(writers[n % 3], usd=0.1) for n in range(30)), return_exceptions=True
    )
    for one in engines:
        await one.dispose()

    assert sum(isinstance(one, QuotaExceeded) for one in tried) == 20
    assert not [one for one in tried if isinstance(one, Exception) and not isinstance(one, QuotaExceeded)]
    [[stored]] = await fetch(engine, "SELECT count(*) FROM jobs")
    assert stored == 10
    assert (await used(engine)).reserved_usd == pytest.approx(1.0)


async def test_a_process_that_knows_no_quota_yet_lets_nobody_past(writer, engine, monkeypatch):
    monkeypatch.setattr(quotas, "QUOTAS_FRESH", 60)
    await set_quota(engine, "acme", Quota(max_jobs_per_day=2))
    tried = await asyncio.gather(*(submitted(writer) for _ in range(8)), return_exceptions=True)

    assert sum(isinstance(one, QuotaExceeded) for one in tried) == 6


async def test_what_a_job_really_cost_replaces_what_it_had_reserved(writer, engine, owner):
    await set_quota(engine, "acme", Quota(max_usd_per_month=1.0))
    cheap, unpriced = await submitted(writer, usd=0.4), await submitted(writer, usd=0.6)
    for job, usage in (
        (cheap, '{"cost_usd": 0.05}'),
        (unpriced, '{"cost_usd": null, "known_cost_usd": 0.1}'),
    ):
        await over(writer, job)
        await fetch(owner, "UPDATE jobs SET usage = $2::text::json WHERE job_id = $1::uuid", job.id, usage)
    with pytest.raises(QuotaExceeded):
        await submitted(writer, usd=0.4)
    await submitted(writer, usd=0.35)

    found = await used(engine)
    assert (found.spent_usd, found.reserved_usd) == (pytest.approx(0.65), pytest.approx(0.35))


async def test_a_quota_of_money_wants_a_limit_of_each_job(writer, engine):
    await set_quota(engine, "acme", Quota(max_usd_per_month=1.0))
    with pytest.raises(CostLimitRequired):
        await submitted(writer)
    job = await submitted(writer, terms=replace(TERMS, ceilings=Ceilings(usd=0.5)))
    assert job.request.limits.max_cost_usd == 0.5


async def test_tokens_are_reserved_settled_and_never_overspent(writer, engine, owner):
    await set_quota(engine, "acme", Quota(max_tokens_per_month=1000))
    with pytest.raises(CostLimitRequired, match="max_tokens"):
        await with_tokens(writer)
    tried = await asyncio.gather(*(with_tokens(writer, 300) for _ in range(8)), return_exceptions=True)
    made = [one for one in tried if not isinstance(one, Exception)]
    assert (len(made), {type(one) for one in tried if isinstance(one, Exception)}) == (3, {QuotaExceeded})
    assert (await used(engine)).reserved_tokens == 900

    await over(writer, made[0])
    usage = '{"input_tokens": 40, "output_tokens": 10, "cost_usd": 0}'
    await fetch(owner, "UPDATE jobs SET usage = $2::text::json WHERE job_id = $1::uuid", made[0].id, usage)
    await with_tokens(writer, 350)
    found = await used(engine)
    assert (found.used_tokens, found.reserved_tokens) == (50, 950)
    with pytest.raises(QuotaExceeded, match="tokens for this month"):
        await with_tokens(writer, 1)


async def test_the_tokens_of_before_the_quota_count_too(writer, engine, owner):
    done, waiting = await with_tokens(writer, 200), await with_tokens(writer, 300)
    await over(writer, done)
    usage = '{"input_tokens": 100, "output_tokens": 20, "cost_usd": 0}'
    await fetch(owner, "UPDATE jobs SET usage = $2::text::json WHERE job_id = $1::uuid", done.id, usage)

    await set_quota(engine, "acme", Quota(max_tokens_per_month=1000))

    found = await used(engine)
    assert (found.used_tokens, found.reserved_tokens) == (120, 300), waiting.id


async def test_the_last_release_reserves_beside_this_one(writer, engine):
    """Its processes call the function of four arguments."""
    await set_quota(engine, "acme", Quota(max_unfinished_jobs=1))
    call = "SELECT reserve_quota(gen_random_uuid(), 'acme', NULL, NULL::float8)"

    assert [await fetch(engine, call) for _ in range(2)] == [[(None,)], [("unfinished_jobs",)]]
    with pytest.raises(QuotaExceeded):
        await submitted(writer)


async def test_documents_beyond_their_bytes_are_refused_whole(engine):
    caller, text = Caller("acme"), "A yak is an ox. " * 10
    read = FileRead([ExtractedDocument("note:1", "Yaks", text)])
    await set_quota(engine, "acme", Quota(max_document_bytes=250))
    await add_read(engine, caller, read)
    more = FileRead([ExtractedDocument(f"note:{n}", "Yaks", text[:60]) for n in (2, 3)])

    with pytest.raises(QuotaExceeded, match="90 more bytes, and these have 120"):
        await add_read(engine, caller, more)
    await add_read(engine, Caller("default"), more)

    assert (await used(engine)).document_bytes == 160
    assert await documents.text(engine, caller, "note:2") is None


async def test_a_known_key_is_answered_before_any_quota(writer, engine):
    await set_quota(engine, "acme", Quota(max_jobs_per_day=1))
    first = await submitted(writer, key="k")
    assert (await submitted(writer, key="k")).id == first.id
    with pytest.raises(QuotaExceeded):
        await submitted(writer)
    assert (await used(engine)).jobs_today == 1


async def test_a_fork_counts_as_a_job(writer, engine):
    await set_quota(engine, "acme", Quota(max_unfinished_jobs=1))
    job = await submitted(writer)
    with pytest.raises(QuotaExceeded):
        await handle.fork(writer, job.id, None, Changes(), tenant="acme")


async def test_jobs_of_before_the_quota_count_too(writer, engine):
    await submitted(writer, usd=0.3)
    await over(writer, await submitted(writer, usd=0.3))
    await set_quota(engine, "acme", Quota(2, 3, 1.0))
    found = await used(engine)
    assert (found.unfinished_jobs, found.jobs_today, found.reserved_usd) == (1, 2, pytest.approx(0.3))
    await submitted(writer, usd=0.3)
    with pytest.raises(QuotaExceeded):
        await submitted(writer, usd=0.3)


async def test_room_whose_job_never_came_is_given_back(writer, engine, owner):
    await set_quota(engine, "acme", Quota(1, 1, 1.0))
    job = await submitted(writer, usd=0.5)
    await fetch(owner, "UPDATE quota_reservations SET job_id = gen_random_uuid()")
    assert (await used(engine)).unfinished_jobs == 1
    with pytest.raises(QuotaExceeded):
        await submitted(writer, usd=0.5)
    await fetch(owner, "UPDATE quota_reservations SET made_at = now() - interval '2 minutes'")
    assert (await submitted(writer, usd=0.5)).id != job.id


def test_refusals_say_when_to_try_again():
    now = datetime(2026, 12, 31, 23, 59, 30, tzinfo=UTC)
    assert quotas._refused("jobs_per_day", now).retry_after == 31
    assert quotas._refused("usd_per_month", now).retry_after == 31
