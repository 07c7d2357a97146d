"""Admins see the access log, tenants and keys of providers."""

import pytest
from msgspec.structs import replace

from app.api import keyring as keyring_module
from app.domain.master_key import new_master_key
from app.store.api_keys import add_key
from app.store.tenants import add_tenant
from tests.conftest import FAST, TestHouse, serving
from tests.page.conftest import watching
from tests.page.looks import fits
from tests.steps import until


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(keyring_module, "KEYS_FRESH", 0.05)
    monkeypatch.setattr("app.api.access_notes.WRITE_EVERY", 0.01)


async def signed_in(watched, key):
    await watched.go("/sign-in?next=/browse/admin")
    await watched.page.get_by_label("API key").fill(key)
    await watched.page.get_by_role("button", name="Continue").click()
    await watched.sees("h1", "Administration")


async def test_an_operator_makes_tenants_sets_keys_and_reads_the_log(browser, database_url):
    house = TestHouse(replace(FAST, master_key=new_master_key()), database_url)
    async with serving(house, workers=0) as url, watching(browser, url, bypass_csp=True) as watched:
        page, find = watched.page, watched.find
        _, root = await add_key(house.engine, "root", ("admin",), None)
        await signed_in(watched, root)
        await page.get_by_text("Make a tenant").first.click()
        await page.get_by_label("Name: a-z, 0-9, _ and -").fill("acme")
        await page.get_by_role("button", name="Make a tenant").click()
        await watched.sees("#tenants .row", "acme")
        made = find("#new-tenant details details")
        await made.locator("summary").click()
        await made.get_by_label("Name").fill("boss")
        await made.get_by_role("button", name="Make a key").click()
        await watched.sees("#new-tenant .secret-box", "it is shown only once")
        assert (await find("#new-tenant .secret").input_value()).startswith("dsk_")

        await page.get_by_text("Set a quota").first.click()
        await page.get_by_label("Tenant", exact=True).fill("acme")
        await page.get_by_label("Jobs a day").fill("5")
        await page.get_by_role("button", name="Set a quota").click()
        await watched.sees("#tenants .row", "jobs today: 0 of 5")
        await page.get_by_role("button", name="Suspend acme").click()
        await page.get_by_role("button", name="Suspend", exact=True).last.click()
        await page.get_by_role("button", name="Resume acme").wait_for()

        await page.get_by_text("Set a key").first.click()
        await find("input[name=key]").fill("tvly-0123456789")
        await find("select[name=provider]").select_option("tavily")
        await page.get_by_role("button", name="Set a key").click()
        await watched.sees("#provider-keys .row", "tavily")
        assert "tvly-0123456789" not in await page.content()
        await page.get_by_role("button", name="Remove tavily").click()
        await page.get_by_role("button", name="Remove", exact=True).last.click()
        await watched.sees("#no-provider-keys", "There are none.")

        await house.access.aclose()
        await watched.go("/browse/admin")
        await watched.sees("#access td", "/tenants/{tenant}/suspend")
        await fits(page, "admin")
        await find("#key_id").fill("0Ab3dE6h")
        await page.get_by_role("button", name="Show").click()
        await watched.sees("#no-access", "There are no such entries.")


async def test_an_admin_of_a_tenant_sees_no_tenants(browser, database_url):
    house = TestHouse(FAST, database_url)
    async with serving(house, workers=0) as url, watching(browser, url) as watched:
        await add_tenant(house.engine, "acme")
        _, boss = await add_key(house.engine, "boss", ("admin",), None, "acme")
        await signed_in(watched, boss)
        await watched.sees("#no-provider-keys", "There are none.")
        await until(lambda: true_of(watched))
        assert not await watched.find("#tenants-part").is_visible()
        watched.complaints = [one for one in watched.complaints if "403" not in one]


async def true_of(watched):
    return any("403" in one for one in watched.complaints)
