"""Links to a report, and keys, made on the page."""

from app.api import keyring
from app.store.api_keys import add_key, read_keys
from tests.page.conftest import ask, watching
from tests.page.played import QUESTION


async def test_a_report_is_shared_and_the_link_is_ended(browser, standing, asking):
    job = await ask(asking, QUESTION)
    async with watching(browser, standing) as watched:
        await watched.go(f"/browse/jobs/{job}/report")
        await (await watched.sees("#acts button, .acts button", "Share")).click()
        await watched.page.get_by_role("button", name="Make a link").click()
        url = await (await watched.sees(".secret")).input_value()
        assert url.startswith(f"{standing}/shared/")

        async with watching(browser, standing) as stranger:
            await stranger.page.goto(url)
            await stranger.sees("h1")

        await watched.page.get_by_role("button", name="Revoke").click()
        await watched.sees(".shares-list", "revoked")
        assert (await asking.get(url)).status_code == 404


async def test_an_admin_makes_rotates_and_revokes_a_key(watched, engine, monkeypatch):
    monkeypatch.setattr(keyring, "KEYS_FRESH", 0.05)
    _, admin = await add_key(engine, "root", ("admin",), None)
    page = watched.page
    await watched.go("/sign-in?next=/browse/operations")
    await page.get_by_label("API key").fill(admin)
    await page.get_by_role("button", name="Continue").click()

    await (await watched.sees("#new-key summary", "Make a key")).click()
    await page.get_by_label("Name").fill("laptop")
    await page.get_by_role("button", name="Make a key").click()
    first = await (await watched.sees("#new-key .secret")).input_value()
    await watched.sees("#api-keys .row", "laptop")

    await page.get_by_role("button", name="Rotate laptop").click()
    await page.get_by_role("dialog").get_by_role("button", name="Rotate").click()
    await watched.sees("#api-keys .row", "revoked")
    second = await page.locator("#new-key .secret").last.input_value()

    assert first.startswith("dsk_")
    assert second != first
    states = {(key.name, key.revoked_at is None) for key in await read_keys(engine)}
    assert states == {("root", True), ("laptop", True), ("laptop", False)}
