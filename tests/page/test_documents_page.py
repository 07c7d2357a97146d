"""The page asks with models, an estimate and documents, and lists documents."""

from tests.conftest import FAST, serving
from tests.page.conftest import PATIENCE, ask, watching
from tests.page.played import QUESTION, PlayedHouse
from tests.steps import until

TEXT = b"# Yaks\n\nA yak is an ox of the mountains."
NOTE = {"name": "yaks.md", "mimeType": "text/markdown", "buffer": TEXT}


async def test_only_what_the_server_offers_can_be_chosen(watched):
    await watched.go("/?q=What+is+a+yak%3F&effort=deep")
    page = watched.page
    assert await page.get_by_label("Question", exact=True).input_value() == "What is a yak?"
    assert await page.get_by_role("radio", name="Deep").is_checked()
    await watched.sees("#lacks", "0 documents and no web search")
    await watched.sees("#lacks", "No language model")
    await page.get_by_text("Sources, limits and more").click()
    assert await page.get_by_role("radio", name="The web").is_disabled()
    await watched.sees(".choice", "set TAVILY_API_KEY")
    assert await page.get_by_role("radio", name="Its documents").is_disabled()


async def test_a_file_that_is_added_is_listed_read_and_deleted(watched):
    page = watched.page
    await watched.go("/browse/documents")
    await watched.sees("#empty", "No documents yet")
    await page.get_by_label("Into collections").fill("animals")
    await page.locator("#files").set_input_files(NOTE)
    await watched.sees(".uploads .good", "Yaks: added")
    await watched.sees("#rows .tag", "animals")

    await page.get_by_role("button", name="Yaks", exact=True).click()
    await watched.sees("dialog .page-text", "A yak is an ox of the mountains.")
    await page.get_by_role("button", name="Close").click()
    await page.get_by_label("Collection", exact=True).fill("plants")
    await page.get_by_role("button", name="Show").click()
    await watched.sees("#empty", "No document fits.")
    await page.get_by_label("Collection", exact=True).fill("")
    await page.get_by_role("button", name="Show").click()
    await page.get_by_role("button", name="Delete: Yaks").click()
    await page.get_by_role("button", name="Delete", exact=True).last.click()
    await watched.holds("() => !document.querySelector('#rows .document')")


async def test_a_file_that_cannot_be_read_says_so_in_its_line(watched):
    await watched.go("/browse/documents")
    broken = {"name": "broken.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 nothing"}
    await watched.page.locator("#files").set_input_files(broken)

    await watched.sees(".uploads .bad")
    watched.complaints.clear()  # the browser logs the 422


async def test_a_file_may_be_dropped_anywhere_on_the_view(watched):
    await watched.go("/")
    await watched.page.evaluate(
        """() => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File(["# Yaks\\n\\nA yak is an ox."], "yaks.md"));
            for (const name of ["dragover", "drop"])
                document.getElementById("query").dispatchEvent(
                    new DragEvent(name, { dataTransfer, bubbles: true, cancelable: true }));
        }"""
    )

    await watched.sees(".uploads .good", "Yaks: added")
    await watched.holds(
        "() => document.getElementById('more').textContent.includes('1 document on this server.')"
    )


async def test_many_files_are_read_by_workers_and_are_listed_after_a_reload(watched):
    files = [
        {"name": f"yak{n}.md", "mimeType": "text/markdown", "buffer": TEXT + b" It has the number %d." % n}
        for n in range(5)
    ]
    broken = {"name": "broken.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 nothing"}
    await watched.go("/browse/documents")
    await watched.page.locator("#files").set_input_files([*files, broken])

    await watched.sees(".ingestions .good", "Yaks: added")
    await watched.sees(".ingestions .bad", "save it again")
    await watched.holds("() => document.querySelectorAll('.ingestions .good').length === 5")
    await watched.holds("() => document.querySelectorAll('#rows .document').length === 5")
    await watched.page.reload()
    await watched.sees(".ingestions .bad", "broken.pdf")


async def test_a_file_that_waits_for_a_worker_can_be_cancelled(browser, database_url):
    async with serving(PlayedHouse(FAST, database_url), workers=0) as url, watching(browser, url) as watched:
        await watched.go("/browse/documents")
        big = {"name": "big.txt", "mimeType": "text/plain", "buffer": b"A yak is an ox. " * 130_000}
        await watched.page.locator("#files").set_input_files(big)
        await watched.sees(".ingestions li", "waits for a worker")
        await watched.page.get_by_role("button", name="Cancel: big.txt").click()
        await watched.sees(".ingestions li", "Cancelled; 0 documents of it stay.")


async def test_the_estimate_is_that_of_jobs_like_it(watched, http):
    await ask(http, QUESTION)
    await watched.go("/?q=What+is+a+yak%3F")

    await watched.sees("#estimate", "One job like it took ")
    await watched.page.get_by_role("radio", name="Deep").check()
    await watched.holds("() => !document.getElementById('estimate').textContent.includes('like it')")
    waiting = [await ask(http, "Answer slowly", status) for status in ("running", "running", "pending")]

    async def known():
        return (await http.post("/estimate", json={"query": QUESTION})).json()["waiting_jobs"] == 1

    await until(known, PATIENCE)  # the count is a few seconds old
    await watched.page.get_by_role("radio", name="Standard").check()
    await watched.sees("#estimate", ". 1 job waits before it.")
    for job in waiting:
        await http.delete(f"/jobs/{job}")
