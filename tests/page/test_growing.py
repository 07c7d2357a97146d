"""A threaded job shows its lanes and growing report while it runs.

The page says so when the database is away, and goes on when it is back.
"""

import pytest

from app.domain import events as e
from app.domain.change import Change
from app.store import database
from app.store import log as store
from tests.chaos.cable import Cable, through, to_postgres
from tests.conftest import FAST, TestHouse, serving
from tests.folds.logs import PLAN, STARTED, SUBMITTED, called, told, turn
from tests.page.conftest import watching

FINDING = "Rain fell late [1]."
SECTIONS = (
    e.PlannedSection("", "what was found", (1,)),
    e.PlannedSection("The rain", "when it fell, and where", (1,)),
    e.PlannedSection("The harvest", "what was brought in", (1,)),
)
TABLE = "Rain fell **late** [1].\n\n- in May\n- in June\n\n| Month | mm |\n|---|---|\n| May | 12 |"
BEGINNING = (
    SUBMITTED,
    STARTED,
    *turn(1, PLAN),
    e.ThreadOpened(1, "When did rain fall?"),
    e.ThreadOpened(2, "What was harvested?"),
    *called("1/search/t1.1.1"),
    e.SourceFound(1, "https://example.com/a", "A", "", "1/search/t1.1.1"),
    e.ThreadSearched(1, (1,), "1/search/t1.1.1"),
    e.EvidenceKept(1, 1, (e.Passage(0, 14, "Rain fell late"),), "words"),
    e.ThreadClosed(1, "answered", FINDING),
    e.OutlineDrafted("Rain and harvest", SECTIONS, "high"),
    e.CallRequested("1/section/1", "model", "p:m", "00", "The rain"),
    e.CallRequested("1/section/2", "model", "p:m", "00", "The harvest"),
    e.CallProgressed("1/section/2", "writing", 290, "Wheat came"),
    e.CallProgressed("1/section/2", "writing", 412, " in **early**", 10),
)
WRITTEN = (
    e.CallCompleted("1/section/1", e.Usage(10, 20), 5, "ab" * 32, 3),
    e.SectionWritten(1, 1, TABLE),
    e.SectionsCriticised((e.SectionFault(1, "It has no year."),)),
)
LOG = told("page: threads", *BEGINNING, *WRITTEN)
AT = len(BEGINNING)


@pytest.fixture
async def server(database_url, engine):
    await store.submit(engine, [Change(LOG.jobs[AT - 1], 0, None, LOG.rows[:AT])])
    async with serving(TestHouse(FAST, database_url), workers=0) as url:
        yield url


async def test_sections_appear_as_they_are_written(browser, server, engine):
    async with watching(browser, server) as watched:
        await watched.go(f"/browse/jobs/{LOG.jobs[-1].id}")
        await watched.sees("#draft h2", "The report so far")
        await watched.sees("#draft-state", "0 of 3 sections written. Its sentences are not checked yet.")
        await watched.sees("#draft-sections section:nth-child(3)", "Being written: 412 tokens so far.")
        await watched.sees("#draft-sections section:nth-child(3)", "Wheat came in early")
        await watched.sees("#turn-1 .call .cost", "writing, 412 tokens so far")
        lanes = await watched.find("#lanes .lane").all_text_contents()
        assert [text.partition(" · ")[0] for text in lanes] == [
            "Thread 1 When did rain fall?has an answer, 1 source, 1 passage kept",
            "Thread 2 What was harvested?at work",
        ]
        await watched.sees("#lanes .answered", FINDING)

        await store.append(engine, [Change(LOG.jobs[-1], AT, None, LOG.rows[AT:])])

        rain = await watched.sees("#draft-sections section:nth-child(2)", "To be rewritten: It has no year.")
        assert await rain.locator("h3").text_content() == "The rain"
        assert await rain.locator("p >> nth=0").text_content() == "Rain fell late [1]."
        assert await rain.locator("li").all_text_contents() == ["in May", "in June"]
        assert await rain.locator("td").all_text_contents() == ["May", "12"]
        await watched.sees("#draft-state", "1 of 3 sections written.")


async def test_the_slider_shows_the_report_of_that_moment(browser, server):
    async with watching(browser, server) as watched:
        await watched.go(f"/browse/jobs/{LOG.jobs[-1].id}?at=10")
        await watched.sees("#lanes .open", "Thread 1")
        assert not await watched.find("#draft").is_visible()


async def test_the_page_says_that_the_database_is_away_and_goes_on_when_it_is_back(
    browser, database_url, engine, monkeypatch
):
    await store.submit(engine, [Change(LOG.jobs[AT - 1], 0, None, LOG.rows[:AT])])
    async with (
        Cable(to_postgres(database_url)) as cable,
        serving(TestHouse(FAST, through(database_url, cable)), workers=0) as url,
        watching(browser, url) as watched,
    ):
        await watched.go(f"/browse/jobs/{LOG.jobs[-1].id}")
        await watched.sees('#connection[data-state="live"]')
        watched.outage = True

        cable.pull()
        with (
            monkeypatch.context() as impatient
        ):  # nothing comes until it is plugged in, however long one waits
            impatient.setattr(database, "COMMAND_TIMEOUT", 0.5)
            impatient.setattr(database, "CONNECT_TIMEOUT", 0.5)
            await watched.sees('#connection[data-state="away"]', "database is away; it goes on after event")
            await watched.page.reload()
            await watched.sees("#unread", "The job cannot be read now")
        cable.plug()
        await watched.sees('#connection[data-state="live"]')

        await store.append(engine, [Change(LOG.jobs[-1], AT, None, LOG.rows[AT:])])
        await watched.sees("#draft-state", "1 of 3 sections written.")
