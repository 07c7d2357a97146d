"""A job with any model is at least as good as without."""

import pytest

from app.agent.extractive import Extractive
from app.agent.ports import BadReply, ModelReply
from app.domain import events as e
from app.domain import tools
from app.domain.job import came_of
from app.errors import ProviderError
from tests.agent.course import played
from tests.agent.library import QUERY, Library
from tests.scripted import REASONING


class Fake:
    """A model that does what `decide` says, given the turn's ask."""

    name = "fake"

    def __init__(self, decide):
        self.decide, self.asks = decide, []

    async def next_step(self, ask, texts):
        self.asks.append(ask)
        return ModelReply(tools.NextStep(REASONING, self.decide(ask)))


PLAN = tools.GeneratePlan("bridges", ("look", "read", "write"), ("search", "read"))
REPLAN = tools.AdaptPlan("bridges", ("none",), "no reason", ("look", "read"))
LIE = tools.WriteReport(
    "Bridges", "The bridge was hit by a comet in 1912. Ninety people were hurt by it.", "high"
)
NOTHING = tools.Answer("Nothing was found.", "failed")


def fails(error):
    def decide(_):
        raise error

    return decide


def always(function):
    return lambda ask: PLAN if ask.step == 1 else function


def in_turn(*functions):
    return lambda ask: functions[min(ask.step, len(functions)) - 1]


def bad(message="not JSON"):
    return BadReply(message, e.Usage())


TACOMA = tools.WebSearch(("Tacoma Narrows bridge",))
READ = tools.ReadPages(("1", "2"))
KINDS = {
    "no reply fits": fails(bad()),
    "the context overflows": fails(ProviderError("resource", "too long", retryable=False)),
    "the server is away": fails(ProviderError("network", "away", retryable=False)),
    "every call hangs": fails(TimeoutError()),
    "plans for ever": lambda ask: PLAN if ask.step == 1 else REPLAN,
    "one query for ever": always(TACOMA),
    "useless queries for ever": lambda ask: PLAN if ask.step == 1 else tools.WebSearch((f"zzzz{ask.step}",)),
    "reads what nobody found": in_turn(PLAN, TACOMA, tools.ReadPages(("https://example.org/no",))),
    "writes at once": always(LIE),
    "says at once that nothing was found": always(NOTHING),
    "writes from memory after reading": in_turn(PLAN, TACOMA, READ, LIE),
    "says that nothing was found after reading": in_turn(PLAN, TACOMA, READ, NOTHING),
    "reads the wrong page and writes": in_turn(
        PLAN, tools.WebSearch(("capital France",)), tools.ReadPages(("1",)), LIE
    ),
    "breaks after the search": lambda ask: in_turn(PLAN, TACOMA)(ask) if ask.step < 3 else fails(bad())(ask),
    "hangs after the search": lambda ask: (
        in_turn(PLAN, TACOMA)(ask) if ask.step < 3 else fails(TimeoutError())(ask)
    ),
}


@pytest.mark.parametrize("effort", ["quick", "standard"])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_job_with_any_model_is_at_least_as_good_as_one_without(kind, effort):
    without = (await played(Extractive(), Library(), query=QUERY, effort=effort)).research.report

    library = Library()
    job = await played(Fake(KINDS[kind]), library, query=QUERY, effort=effort)

    report = job.research.report
    part = report.parts[0] if report.parts else report
    assert part.coverage >= without.coverage == 1.0
    assert {claim.text for claim in report.claims} >= {claim.text for claim in without.claims}
    assert len({query.casefold() for query in library.searches}) == len(library.searches)
    assert len(set(library.reads)) == len(library.reads)


async def test_no_report_is_on_the_menu_before_a_page_was_read():
    model = Fake(in_turn(PLAN, TACOMA, READ, LIE))
    await played(model, Library(), query=QUERY)

    menus = [set(ask.menu) for ask in model.asks]
    assert all("write_report" not in menu for menu in menus[:3])
    assert "write_report" in menus[3]


async def test_a_turn_without_effect_is_told_why_and_not_taken_a_third_time():
    model = Fake(
        in_turn(PLAN, TACOMA, tools.ReadPages(("1",)), TACOMA, tools.ReadPages(("[1]",)), TACOMA, NOTHING)
    )
    await played(model, Library(), query=QUERY, effort="standard")

    told = model.asks[-1].notes
    assert told[3] == ("“Tacoma Narrows bridge” was searched for in turn 2: use other words.",)
    assert told[4] == ("[1] was read in turn 3.",)
    assert "web_search" not in model.asks[6].menu
    assert "read_pages" in model.asks[6].menu


@pytest.mark.parametrize(
    "spelled",
    [
        "1", "[1]", "Source 1", "<https://example.org/tacoma>", "[the bridge](https://example.org/tacoma)",
        "/tacoma", "example.org/tacoma", "http://www.example.org/tacoma/#why", "tacoma",
        " https://example.org/tacoma. ",
    ],
)  # fmt: skip
async def test_a_page_is_read_however_its_address_is_spelled(spelled):
    library = Library()
    await played(Fake(in_turn(PLAN, TACOMA, tools.ReadPages((spelled,)), NOTHING)), library, query=QUERY)

    assert library.reads[0] == "https://example.org/tacoma"


async def test_the_reader_gets_both_and_who_wrote_which():
    job = await played(Fake(KINDS["writes from memory after reading"]), Library(), query=QUERY)

    report = job.research.report
    assert [part.author for part in report.parts] == ["stand_in", "model"]
    selected, written = (report.content[part.start : part.end] for part in report.parts)
    assert selected.startswith("## Selected from the pages that were read")
    assert written.startswith("## Written by the language model")
    assert "comet" in written
    assert "comet" not in selected
    assert any("comet" in line for line in report.unverified)


async def test_an_honest_report_of_a_model_is_delivered_alone():
    good = tools.WriteReport(
        "Tacoma",
        "The Tacoma Narrows bridge collapsed on 7 November 1940 [1]. Nobody died except a dog [1].",
        "high",
    )
    job = await played(Fake(in_turn(PLAN, TACOMA, READ, good)), Library(), query=QUERY)

    assert job.stop_reason == "answered"
    assert not job.research.report.parts
    assert job.research.report.coverage == 1.0


async def test_a_sentence_without_its_number_is_bound_to_the_page_that_says_it():
    wrote = tools.WriteReport(
        "Tacoma",
        "The Tacoma Narrows bridge collapsed on 7 November 1940. The deck had solid plate girders that "
        "caught the wind [1]. A comet is said to have hit it.",
        "high",
    )
    job = await played(Fake(in_turn(PLAN, TACOMA, READ, wrote)), Library(), query=QUERY)

    report = job.research.report
    written = next(part for part in report.parts if part.author == "model")
    content = report.content[written.start : written.end]
    assert "collapsed on 7 November 1940 [1]." in content
    assert "that caught the wind [2]." in content
    assert "comet is said to have hit it." in content
    mine = [claim for claim in report.claims if claim.bound]
    assert [(claim.number, claim.score) for claim in mine] == [(1, 1.0), (2, 1.0)]
    assert any(line.startswith("[1] in “The deck had") for line in report.removed)


async def test_a_job_of_the_first_rules_goes_on_as_it_began():
    model = Fake(in_turn(PLAN, LIE))
    job = await played(model, Library(), query=QUERY, rules=1)

    assert "write_report" in model.asks[1].menu
    assert job.stop_reason == "no_evidence"
    assert job.research.report.content.startswith("The bridge was hit")


@pytest.mark.parametrize("effort", ["quick", "standard", "deep"])
async def test_without_a_model_nothing_found_is_not_a_failure_of_one(effort):
    library = Library()
    job = await played(Extractive(), library, query="What is the capital of zorblax quuxland?", effort=effort)

    assert (job.stop_reason, came_of(job)) == ("no_evidence", "not_found")
    assert (job.research.model_failures, job.research.author) == (0, "extractive")
    assert library.searches
