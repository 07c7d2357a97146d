"""Check what every Model and every Search promises.

A provider's tests inherit the class and give it one.
"""

import msgspec
import pytest

from app.agent.ports import Ask, SeenSource
from app.domain.research import Turn
from app.domain.tools import GeneratePlan, NextStep, ReadPages, WebSearch
from app.errors import ProviderError
from tests.scripted import PAGES, PLAN, REASONING

SEARCH = WebSearch(("boiling point", "everest"))
READ = ReadPages(tuple(PAGES))
TEXTS = {f"{n}" * 64: text for n, text in enumerate(PAGES.values(), 1)}


def seen(*, read):
    """The sources of the scripted run."""
    pages = zip(TEXTS, PAGES.items(), strict=True)
    return tuple(
        SeenSource(n, url, f"Page {n}", text[:40], digest if read else None)
        for n, (digest, (url, text)) in enumerate(pages, 1)
    )


def ask_of(step, menu, turns=(), sources=(), **fields):
    plan = PLAN.planned_steps if any(isinstance(turn.function, GeneratePlan) for turn in turns) else ()
    query = "At how many degrees does water boil?"
    given = {"today": "2026-03-01", "effort": "standard", "goal": PLAN.goal if plan else "", "plan": plan}
    return Ask(query=query, step=step, menu=menu, turns=turns, sources=sources, **{**given, **fields})


PLANNED = (Turn(1, REASONING, PLAN),)
SEARCHED = (*PLANNED, Turn(2, REASONING, SEARCH, found=(1, 2)))
HAS_READ = (*SEARCHED, Turn(3, REASONING, READ, read=(1, 2)))
LAST = ("write_report", "answer")

ASKS = {
    "first": ask_of(1, ("generate_plan", "web_search", *LAST)),
    "planned": ask_of(2, ("adapt_plan", "web_search", *LAST), PLANNED),
    "searched": ask_of(3, ("adapt_plan", "web_search", "read_pages", *LAST), SEARCHED, seen(read=False)),
    "last": ask_of(4, LAST, HAS_READ, seen(read=True)),
}


class ModelConformance:
    """Give it a fixture `model`."""

    @pytest.mark.parametrize("turn", ASKS)
    async def test_it_chooses_from_the_menu(self, model, turn):
        reply = await model.next_step(ASKS[turn], TEXTS)

        assert type(reply.step.function).__struct_config__.tag in ASKS[turn].menu

    @pytest.mark.parametrize("turn", ASKS)
    async def test_its_step_fits_the_schema(self, model, turn):
        reply = await model.next_step(ASKS[turn], TEXTS)

        assert msgspec.json.decode(msgspec.json.encode(reply.step), type=NextStep) == reply.step

    async def test_it_says_what_it_used(self, model):
        usage = (await model.next_step(ASKS["first"], {})).usage

        assert usage.input_tokens >= 0
        assert usage.output_tokens >= 0
        assert usage.cost_usd is None or usage.cost_usd >= 0

    async def test_it_leaves_the_pages_as_they_are(self, model):
        texts = dict(TEXTS)

        await model.next_step(ASKS["last"], texts)

        assert texts == TEXTS

    async def test_a_page_whose_text_is_gone_does_not_stop_it(self, model):
        reply = await model.next_step(ASKS["last"], {})

        assert type(reply.step.function).__struct_config__.tag in LAST

    async def test_it_has_a_name_for_the_log(self, model):
        assert model.name
        assert model.name.isprintable()


class SearchConformance:
    """Give it a fixture `search` in which "boiling water" finds something."""

    query = "boiling water"
    missing = "https://example.com/missing"

    async def test_it_finds_pages(self, search):
        hits = (await search.search(self.query, 5)).hits

        assert hits
        for hit in hits:
            assert hit.url
            assert hit.title
            assert 0 <= hit.score <= 1

    @pytest.mark.parametrize("limit", [1, 2])
    async def test_it_finds_no_more_than_it_was_asked_for(self, search, limit):
        assert 1 <= len((await search.search(self.query, limit)).hits) <= limit

    async def test_it_names_a_page_once(self, search):
        urls = [hit.url for hit in (await search.search(self.query, 5)).hits]

        assert len(urls) == len(set(urls))

    async def test_what_it_finds_it_reads(self, search):
        for hit in (await search.search(self.query, 5)).hits:
            assert (await search.read(hit.url)).text.strip()

    async def test_a_page_that_is_not_there_is_an_error_for_good(self, search):
        with pytest.raises(ProviderError) as caught:
            await search.read(self.missing)

        assert not caught.value.retryable

    async def test_it_may_be_told_which_domains_are_wanted(self, search):
        reply = await search.search(self.query, 5, allowed=("example.com",), blocked=("example.org",))

        assert isinstance(reply.hits, tuple)

    async def test_it_says_what_it_used(self, search):
        found = await search.search(self.query, 5)
        page = await search.read(found.hits[0].url)

        for usage in (found.usage, page.usage):
            assert usage.cost_usd is None or usage.cost_usd >= 0

    async def test_it_has_a_name_and_a_scope_for_the_log(self, search):
        assert search.name.isprintable()
        assert search.scope in ("web", "corpus", "both")
