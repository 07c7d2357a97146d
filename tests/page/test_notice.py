"""The browser's notice that a job has ended."""

from tests.page.conftest import ask, watching

# A browser without a window knows no undecided leave, and hides no page: these two are said to it. What asks
# for leave and what makes a notice are the browser's own, and are counted.
COUNTED = """
    const { Notification: Real } = globalThis;
    globalThis.notices = [];
    globalThis.Notification = class extends Real {
        constructor(title, options) { super(title, options); notices.push({ title, ...options }); }
        static get permission() { return sessionStorage.asked ? Real.permission : "default"; }
        static requestPermission() {
            sessionStorage.asked = Number(sessionStorage.asked ?? 0) + 1;
            return Real.requestPermission();
        }
    };
    Object.defineProperty(document, "hidden", { get: () => globalThis.isAway === true });"""
QUESTION = "Answer slowly: who measured it first?"


async def test_leave_is_asked_for_once_and_the_end_is_told(windowed, standing, asking):
    job = await ask(asking, QUESTION, "running")
    async with watching(windowed, standing, permissions=["notifications"]) as watched:
        page = watched.page
        await page.add_init_script(COUNTED)
        await watched.go(f"/browse/jobs/{job}")
        button = page.get_by_role("button", name="Tell me when it ends")
        await button.click()
        await button.wait_for(state="detached")
        await page.reload()
        await watched.sees("#acts button", "Cancel")
        assert await button.count() == 0
        assert await page.evaluate("[sessionStorage.asked, notices.length]") == ["1", 0]

        await page.evaluate("isAway = true")
        await asking.delete(f"/jobs/{job}")

        await watched.holds("notices.length > 0")
        [notice] = await page.evaluate("notices")
        assert (notice["title"], notice["body"]) == ("Cancelled", QUESTION)
        assert await page.evaluate("sessionStorage.asked") == "1"


async def test_a_reader_who_looks_at_the_job_gets_no_notice(windowed, standing, asking):
    job = await ask(asking, QUESTION, "running")
    async with watching(windowed, standing, permissions=["notifications"]) as watched:
        await watched.page.add_init_script(COUNTED)
        await watched.page.add_init_script("sessionStorage.asked = 1")
        await watched.go(f"/browse/jobs/{job}")
        await watched.sees("#acts button", "Cancel")
        await asking.delete(f"/jobs/{job}")
        await watched.sees("#facts .state", "Cancelled")
        assert await watched.page.evaluate("notices") == []
