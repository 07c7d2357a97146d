"""POST /jobs says what is left of a quota."""

from datetime import UTC, datetime

from app.api.rate_limit import fields_of
from app.store import quotas
from app.store.quotas import set_quota
from dossier.cost_types import QuotaUse
from dossier.tenant_types import Quota

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


async def test_answers_count_down_and_so_does_the_refusal(api, house, monkeypatch):
    monkeypatch.setattr(quotas, "QUOTAS_FRESH", -1)
    free = await api.post("/jobs", json={"query": "why?"})
    await set_quota(house.engine, "default", Quota(max_unfinished_jobs=3))
    answers = [await api.post("/jobs", json={"query": "why?"}) for _ in range(3)]

    assert "RateLimit" not in free.headers
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert [answer.headers["RateLimit"] for answer in answers] == [
        f'"unfinished-jobs";r={left}' for left in (1, 0, 0)
    ]
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"unfinished-jobs";q=3;qu="jobs"'}
