"""What jobs cost, and the limits of tenants, on the overview."""

from app.store.quotas import Quota, set_quota
from tests.page.conftest import ask
from tests.page.played import QUESTION


async def test_costs_are_grouped_and_limits_shown(watched, http, engine):
    await set_quota(engine, "default", Quota(max_jobs_per_day=4))
    await ask(http, QUESTION, tags=["physics", "مطبخ"])
    await watched.go("/overview")
    await watched.sees("#limits dt", "Jobs today")
    await watched.sees("#limits dd", "1 of 4")

    await watched.page.get_by_label("By", exact=True).select_option("tag")

    await watched.sees("#costs tbody th", "physics")
    await watched.sees("#costs tbody th", "مطبخ")
    await watched.page.get_by_label("By", exact=True).select_option("tenant")
    await watched.sees("#costs tbody th", "default")
    spent = (await http.get("/costs?by=tenant")).json()["rows"][0]
    assert await watched.find("#costs tbody td").first.text_content() == str(spent["jobs"]) == "1"
