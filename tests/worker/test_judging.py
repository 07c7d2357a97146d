"""Drafts are judged, and what falls is repaired once or removed.

Nothing waits for the judge for ever.
"""

import httpx
import pytest

from app.agent.ports import Judgement, JudgeReply
from app.domain import tools
from app.errors import ProviderError
from dossier.request import Limits
from tests.conftest import serving
from tests.scripted import PLAN, REPORT, SCRIPT
from tests.steps import submitted_job
from tests.worker.scripted_judge import ScriptedJudge
from tests.worker.working import over, types, working

HONEST = "Water boils at 100 degrees Celsius at sea level [1]."
LIE = "On Mount Everest water boils at about 70 degrees Celsius [2]."


async def researched(house, **fields):
    job = await submitted_job(house.writer, **{"verify": "cited", **fields})
    async with working(house):
        return await over(house, job.id)


def repaired(content):
    """The script, with another report after the first one."""
    return (*SCRIPT, tools.WriteReport("Boiling water", content, "high"))


async def test_a_report_whose_claims_are_supported_carries_their_verdicts(house):
    house.judge = ScriptedJudge()

    job = await researched(house)

    assert (job.status, job.stop_reason) == ("completed", "answered")
    assert [claim.verdict for claim in job.research.report.claims] == ["supported", "supported"]
    assert job.research.bill.judge_calls == 1
    assert (await types(house, job.id))[-7:] == [
        "step_reasoned",
        "report_drafted",
        "call_requested",
        "call_completed",
        "claims_judged",
        "report_written",
        "job_completed",
    ]
    assert house.judge.seen[0][0].context.startswith("Water boils at 100 degrees")


async def test_what_falls_goes_back_to_its_writer_once_with_the_reason(house):
    house.judge = ScriptedJudge("Everest")
    house.model.script = repaired(HONEST)

    job = await researched(house)

    [told] = [ask.repair.fallen for ask in house.model.asks if ask.repair]
    claim = "On Mount Everest water boils at about 70 degrees Celsius."
    assert told == (f"“{claim}” [2]: source 2 contradicts this: it says otherwise",)
    assert house.model.asks[-1].menu == ("write_report",)
    assert house.model.asks[-1].notes[-1] == (), "a draft to be repaired was not without effect"
    assert job.research.report.content == HONEST
    assert job.research.drafts == 2
    assert job.stop_reason == "answered"


async def test_a_claim_that_is_repeated_after_it_fell_loses_its_citation(house):
    house.judge = ScriptedJudge("Everest")

    job = await researched(house)

    report = job.research.report
    assert [claim.number for claim in report.claims] == [1]
    assert any("contradicted: it says otherwise" in line for line in report.removed)
    assert job.research.drafts == 2
    assert len(house.judge.seen) == 1, "a claim that has a verdict is not paid for again"


async def test_partly_supported_claims_stay_and_say_so(house):
    house.judge = ScriptedJudge("Everest", support="partly")

    job = await researched(house)

    assert [claim.verdict for claim in job.research.report.claims] == ["supported", "partly"]
    assert job.research.drafts == 1


@pytest.mark.parametrize("kind", ["auth", "validation", "internal"])
async def test_a_judge_that_fails_leaves_the_claims_unjudged(house, kind):
    house.judge = ScriptedJudge(error=ProviderError(kind, "No.", retryable=False))

    job = await researched(house)

    assert (job.status, job.stop_reason) == ("completed", "answered")
    assert [claim.verdict for claim in job.research.report.claims] == [None, None]


async def test_a_limit_that_is_reached_delivers_the_draft_as_it_is(house):
    house.judge = ScriptedJudge()
    calls = len(SCRIPT) + 2 + 2  # turns, searches, pages: the report takes the last one
    limits = Limits(max_calls=calls + 1)

    job = await researched(house, limits=limits)

    assert job.status == "completed"
    assert len(job.research.report.claims) == 2
    assert job.research.bill.calls <= calls + 1


async def test_a_deadline_during_the_check_delivers_the_draft_as_it_is(house):
    house.judge = ScriptedJudge(pause=30)

    job = await researched(house, limits=Limits(deadline_seconds=2))

    assert (job.status, job.stop_reason) == ("completed", "deadline")
    assert [claim.verdict for claim in job.research.report.claims] == [None, None]


async def test_a_writer_that_cannot_repair_loses_nothing_but_what_fell(house):
    house.judge = ScriptedJudge("Everest")
    house.model.script = (*SCRIPT, PLAN)  # not on the menu, however often it is told

    job = await researched(house)

    assert job.status == "completed"
    assert [claim.number for claim in job.research.report.claims] == [1]
    assert job.research.report.title == REPORT.title


async def test_nobody_is_asked_where_the_request_says_off(house):
    house.judge = ScriptedJudge("Everest")

    job = await researched(house, verify="off")

    assert house.judge.seen == []
    assert len(job.research.report.claims) == 2
    assert "report_drafted" not in await types(house, job.id)


async def test_a_source_says_who_gave_its_quotes_and_who_judged(house):
    house.judge = ScriptedJudge("Everest", support="partly")
    quotes = (tools.SourceQuote(2, "On Mount Everest water boils at about 70 degrees Celsius."),)
    house.model.script = (*SCRIPT[:-1], tools.WriteReport("Boiling water", REPORT.content, "high", quotes))
    job = await researched(house)

    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url) as http:
        one, two = [(await http.get(f"/jobs/{job.id}/sources/{number}")).json() for number in (1, 2)]
        report = (await http.get(f"/jobs/{job.id}/report?format=md")).text

    told = [[source["quotes"][0][name] for name in ("given", "verdict", "reason")] for source in (one, two)]
    assert told == [[False, "supported", ""], [True, "partly", "it says otherwise"]]
    assert [source["judged_by"] for source in (one, two)] == ["scripted-judge"] * 2
    assert "1 of 2 judged (scripted-judge) are supported by their meaning" in report


async def test_a_source_says_that_nobody_judged(house):
    job = await researched(house, verify="off")

    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url) as http:
        source = (await http.get(f"/jobs/{job.id}/sources/1")).json()

    assert (source["judged_by"], source["quotes"][0]["verdict"]) == ("", None)


BARE = "Ice forms when water has 0 degrees."  # said by page 1 in other words, and without a citation


class TellingJudge(ScriptedJudge):
    """Give each claim the verdict whose key of `verdicts` it holds."""

    def __init__(self, **verdicts):
        super().__init__()
        self.verdicts = verdicts

    async def judge(self, claims, writing=None):
        reply = await super().judge(claims, writing)
        return JudgeReply(tuple(map(self._told, claims, reply.judgements)), reply.usage)

    def _told(self, claim, judgement):
        found = next((told for word, told in self.verdicts.items() if word in claim.text), "supported")
        return Judgement(judgement.claim, found, "so the page says")


def with_bare(house):
    house.model.script = (
        *SCRIPT[:-1],
        tools.WriteReport("Boiling water", f"{REPORT.content} {BARE}", "high"),
    )


async def test_all_judges_sentences_without_a_citation_by_the_passage_nearest_to_them(house):
    house.judge = ScriptedJudge()
    with_bare(house)

    job = await researched(house, verify="all")

    report = job.research.report
    [asked] = [claim for batch in house.judge.seen for claim in batch if claim.text == BARE]
    assert "freezes at 0 degrees" in asked.quote
    assert report.content.endswith("Ice forms when water has 0 degrees [1].")
    assert report.unverified == ()
    assert [(claim.bound, claim.verdict) for claim in report.claims][-1] == (True, "supported")
    assert job.research.bill.judge_calls == 1


async def test_cited_does_not_judge_sentences_without_a_citation(house):
    house.judge = ScriptedJudge()
    with_bare(house)

    job = await researched(house, verify="cited")

    assert BARE not in [claim.text for batch in house.judge.seen for claim in batch]
    assert job.research.report.unverified == (BARE,)


@pytest.mark.parametrize("verdict", ["partly", "unrelated"])
async def test_a_bare_sentence_that_is_not_supported_stays_unverified(house, verdict):
    house.judge = TellingJudge(Ice=verdict)
    with_bare(house)

    job = await researched(house, verify="all")

    assert job.research.report.unverified == (BARE,)
    assert job.research.drafts == 1


async def test_a_bare_sentence_that_a_page_contradicts_goes_back_to_its_writer(house):
    house.judge = TellingJudge(Ice="contradicted")
    with_bare(house)

    job = await researched(house, verify="all")

    [told] = [ask.repair.fallen for ask in house.model.asks if ask.repair]
    line = f"No citation in “{BARE}”: page 1 contradicts it: so the page says"
    assert told == (line,)
    assert line in job.research.report.removed
    assert job.research.report.unverified == (BARE,)


async def test_without_a_judge_bare_sentences_stay_unverified(house):
    with_bare(house)

    job = await researched(house, verify="all")

    assert (job.status, job.stop_reason) == ("completed", "answered")
    assert job.research.report.unverified == (BARE,)
    assert job.research.bill.judge_calls == 0 or job.research.verdicts == ()


async def test_a_limit_leaves_bare_sentences_unjudged(house):
    house.judge = ScriptedJudge()
    with_bare(house)
    calls = len(SCRIPT) + 2 + 2

    job = await researched(house, verify="all", limits=Limits(max_calls=calls))

    assert job.status == "completed"
    assert house.judge.seen == []
    assert job.research.bill.calls <= calls
