"""A job leads on to follow-ups, forks and its family."""

from tests.page.conftest import ask
from tests.page.played import QUESTION


async def test_a_report_is_asked_on_and_the_family_is_shown(watched, http):
    origin = await ask(http, QUESTION)
    page = watched.page
    await watched.go(f"/browse/jobs/{origin}/report")
    box = page.get_by_role("region", name="Ask on")
    await box.get_by_role("button", name="Ask").click()
    await watched.sees("#ask-on .wrong", "Write what you want to know beyond this.")

    await box.get_by_label("Ask on").fill("And how long does pasta take?")
    await box.get_by_role("button", name="Ask").click()

    await watched.sees("h1", "And how long does pasta take?")
    await watched.sees("#facts .state", "Completed")
    follow = page.url.rpartition("/")[2]
    view = (await http.get(f"/jobs/{follow}")).json()
    assert view["forked_from"]["job_id"] == origin
    assert await watched.find("#family [aria-current]").text_content() == "And how long does pasta take?"
    await watched.find("#family a", has_text="Compare").click()
    await watched.sees("#words", "The left job begins where the other was")
    await watched.go("/browse/jobs")
    await watched.sees(".row .what a", "And how long does pasta take?")
    await watched.sees(".row .sub", "follows")


async def test_a_job_is_forked_at_the_slider(watched, http):
    origin = await ask(http, QUESTION)
    events = (await http.get(f"/jobs/{origin}/events?limit=1000")).json()["events"]
    planned = next(event["seq"] for event in events if event["type"] == "plan_drafted")
    page = watched.page
    await watched.go(f"/browse/jobs/{origin}?at={planned}")
    await watched.sees("#then")
    await page.get_by_role("button", name="Fork from here").click()
    await watched.sees(".forking", "Kept at no cost: 1 turn, 0 sources, 0 pages")
    await page.locator(".forking").get_by_label("Cost, US dollars").fill("much")
    await page.locator(".forking").get_by_role("button", name="Fork").click()
    await watched.sees(".forking .wrong")
    watched.complaints.clear()  # the browser logs each 400

    await page.locator(".forking").get_by_label("Cost, US dollars").fill("2")
    await page.locator(".forking").get_by_label("Effort").select_option("quick")
    await page.locator(".forking").get_by_role("button", name="Fork").click()

    await watched.sees("#follows", f"after event {planned}, with another effort")
    fork = page.url.rpartition("/")[2]
    view = (await http.get(f"/jobs/{fork}")).json()
    assert (view["effort"], view["limits"]) == ("quick", {"max_cost_usd": 2})
    await watched.go(f"/browse/jobs/{origin}")
    await watched.sees("#family li li a", QUESTION)


async def test_asking_a_follow_up_again_asks_its_own_question(watched, http):
    origin = await ask(http, QUESTION)
    body = {"changes": {"instruction": "And how long does pasta take?"}}
    follow = (await http.post(f"/jobs/{origin}/fork", json=body)).json()["job_id"]
    await watched.go(f"/browse/jobs/{follow}")
    await watched.page.get_by_role("button", name="Ask again").click()
    await watched.page.wait_for_url(lambda url: follow not in url)

    again = (await http.get(f"/jobs/{watched.page.url.rpartition('/')[2]}")).json()
    assert again["forked_from"]["instruction"] == "And how long does pasta take?"
