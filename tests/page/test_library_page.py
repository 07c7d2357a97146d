"""Favourites, notes, collections and saved filters, kept on the page."""

from app.api import keyring
from app.store.api_keys import add_key
from tests.page.conftest import ask
from tests.page.played import QUESTION

STAR = f"Favourite: {QUESTION[:80]}"
NOTE = "For the cookbook.\nملاحظة"


async def test_a_reader_keeps_a_job_and_finds_it_again(watched, http):
    kept, other = await ask(http, QUESTION), await ask(http, "And pasta?")
    page = watched.page
    await watched.go(f"/browse/jobs/{kept}")
    await page.get_by_role("button", name=STAR).click()
    await watched.sees(".marking .star[aria-pressed=true]")
    await page.get_by_role("button", name="Note and collections").click()
    await page.get_by_label("Note", exact=True).fill(NOTE)
    await page.get_by_role("combobox", name="Collections").fill("kitchen, yaks, kitchen")
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await watched.sees(".note-text", "For the cookbook.")
    mark = (await http.get(f"/jobs/{kept}/mark")).json()
    assert (mark["favourite"], mark["note"], mark["collections"]) == (True, NOTE, ["kitchen", "yaks"])

    await page.locator(".marking .tag", has_text="kitchen").click()
    await watched.sees(".row .noted", "For the cookbook.")
    assert await watched.find(".row").count() == 1
    assert await page.get_by_label("Collection", exact=True).input_value() == "kitchen"

    await page.get_by_role("button", name="Save these filters").click()
    await page.get_by_label("Name").fill("Kitchen")
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await watched.sees("#saved a", "Kitchen")
    await page.get_by_role("button", name="Clear").click()
    await watched.holds("document.querySelectorAll('.row').length === 2")
    await page.get_by_role("button", name="Favourite: And pasta?").click()
    await watched.holds("document.querySelectorAll('.star[aria-pressed=true]').length === 2")
    await page.get_by_label("Favourites").check()
    await page.locator(f".row:has(a[href*='{kept}']) .star").click()
    await watched.holds("document.querySelectorAll('.row').length === 1")
    assert other in await watched.find(".row .what > a").get_attribute("href")
    await page.locator("#saved a", has_text="Kitchen").click()
    await watched.holds(f"document.querySelector('.row .what > a')?.href.includes('{kept}')")
    assert await page.evaluate("location.search") == "?collection=kitchen"
    await page.get_by_role("button", name="Delete the filter Kitchen").click()
    await watched.holds("!document.querySelector('#saved a')")


async def test_a_reader_who_may_not_mark_is_told_so(watched, http, engine, monkeypatch):
    monkeypatch.setattr(keyring, "KEYS_FRESH", 0.05)
    job = await ask(http, QUESTION)
    _, reading = await add_key(engine, "reader", ("read",), None)
    await watched.go(f"/sign-in?next=/browse/jobs/{job}/report")
    await watched.page.get_by_label("API key").fill(reading)
    await watched.page.get_by_role("button", name="Continue").click()

    await watched.page.get_by_role("button", name=STAR).click()

    await watched.sees("#refused", "This key lacks the scope 'submit'.")
    await watched.page.get_by_role("button", name="Close").click()
    assert await watched.find("#refused").count() == 0
    await watched.page.get_by_role("button", name="Ask again").click()
    await watched.sees("#refused", "This key lacks the scope 'submit'.")
    watched.complaints.clear()  # the browser logs each 403
