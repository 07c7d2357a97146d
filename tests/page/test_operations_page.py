"""Operators see workers, queue, failures and webhooks, and give orders there."""

import asyncio

from tests.page.conftest import ask


async def test_workers_are_paused_and_the_queue_is_seen(watched, http):
    page = watched.page
    await watched.go("/browse/operations")
    await watched.sees("#workers .row", "ready")
    await watched.sees("#no-queue", "Nothing waits.")
    await page.get_by_role("button", name="Pause all workers").click()
    await watched.sees("#paused", "none takes a job from the queue")
    assert (await http.get("/workers")).json()["paused_at"]

    waiting = await left_waiting(http)
    await watched.sees("#queue .row", "Priority 7: 1 job")
    await http.delete(f"/jobs/{waiting}")
    await page.get_by_role("button", name="Resume all workers").click()
    await watched.holds("() => document.getElementById('paused').hidden")
    assert (await http.get("/workers")).json()["paused_at"] is None


async def test_a_failed_look_is_said_until_the_next_one_succeeds(watched):
    await watched.go("/browse/operations")
    await watched.sees("#workers .row", "ready")
    watched.outage = True
    await watched.page.context.set_offline(True)
    await watched.sees("#problem")
    await watched.page.context.set_offline(False)
    await watched.holds("() => document.getElementById('problem').hidden")


async def left_waiting(http):
    """Return the id of a job that no worker takes.

    A running one would obey within a second.
    """
    while True:
        job = (await http.post("/jobs", json={"query": "Answer slowly", "priority": 7})).json()["job_id"]
        await asyncio.sleep(0.3)
        if (await http.get(f"/jobs/{job}")).json()["status"] == "pending":
            return job
        await http.delete(f"/jobs/{job}")


async def test_a_drain_that_was_not_confirmed_is_not_said_to_be_done(watched, http):
    page = watched.page
    await watched.go("/browse/operations")
    await page.get_by_role("button", name="Drain").click()
    await page.get_by_role("button", name="Let it work").click()
    await watched.holds("() => !document.querySelector('dialog')")
    await page.wait_for_timeout(300)  # what is told comes a moment later

    assert await page.locator("#said").text_content() == ""
    assert [one["state"] for one in (await http.get("/workers")).json()["workers"]] == ["ready"]


async def test_a_failed_job_is_retried_from_the_list(watched, http):
    failed = await ask(http, "This is refused", "failed")
    await watched.go("/browse/operations")
    await watched.page.get_by_role("button", name="Retry: This is refused").click()
    await watched.sees("#follows", "Branches off from This is refused")

    assert failed not in watched.page.url


async def test_a_webhook_is_listed_with_its_attempts(watched, http):
    await http.post("/webhooks", json={"url": "https://example.com/hook", "description": "the door"})
    await watched.go("/browse/operations")
    await watched.sees("#hooks .row", "https://example.com/hook")
    await watched.sees("#hooks .sub", "the door")
    await watched.page.get_by_role("button", name="Attempts").click()
    await watched.sees("#hooks li", "Nothing was sent.")
