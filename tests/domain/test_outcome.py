"""What came of a job follows from its log.

Not searched is not "not found", and a failed try is no search.
"""

import re

import pytest
from msgspec.structs import replace

from app.domain import events as e
from app.domain import tools
from app.domain.outcome import outcome, sentence
from app.domain.research import Research, evolve
from app.text.report_evidence import work_done
from app.text.report_words import REPORT_WORDS
from dossier.job_types import Claim
from tests.scripted import REASONING

CLAIM = Claim("Water boils.", 1, "Water boils.", 0, 12, 1.0)
WRITTEN = e.ReportWritten("t", "Water boils [1].", "high", (CLAIM,), 1.0, 1.0)
EMPTY = replace(WRITTEN, claims=(), content="Nothing.")


def turn(number, tool=None):
    return e.StepReasoned(number, REASONING, tool or tools.WebSearch(("q",)))


def asked(key, **fields):
    return e.CallRequested(key, key.split("/")[1], "p", "0" * 64, "about", **fields)


def done(key, **usage):
    return e.CallCompleted(key, e.Usage(**usage), 1, "0" * 64, 1)


def failed(key, *, again=False, error="network", **usage):
    return e.CallFailed(key, error, "HTTP 500", again, e.Usage(**usage))


def searched(good, bad=0):
    """Return a job with these counts of searches answered and given up."""
    keys = [f"1/search/{n}" for n in range(good + bad)]
    ends = [done(key) if n < good else failed(key) for n, key in enumerate(keys)]
    return [turn(1), *map(asked, keys), *ends]


def found(number):
    return [e.SourceFound(n + 1, f"https://example.com/{n}", "t", "x", "1/search/0") for n in range(number)]


def fold(*parts):
    state = Research()
    for part in parts:
        for event in part if isinstance(part, list) else [part]:
            state = evolve(state, event)
    return state


READ = [asked("1/read/1"), done("1/read/1"), e.PageRead(1, "0" * 64, 1, "1/read/1")]
UNREAD = [event for n in (1, 2) for event in (asked(f"1/read/{n}"), failed(f"1/read/{n}"))]

CASES = {
    "answered": (
        (searched(3), found(2), READ, WRITTEN), "answered", "answered", "3 searches, 2 pages found, 1 read",
    ),
    "stopped": (
        (searched(1), found(1), READ, WRITTEN), "deadline", "partial", "1 search, 1 page found, 1 read",
    ),
    "most_failed": (
        (searched(1, 2), found(1), READ, WRITTEN), "answered", "partial", "2 of 3 searches failed",
    ),
    "unreadable": (
        (searched(3), found(12), UNREAD, EMPTY), "no_evidence", "not_researched",
        "3 searches, 12 pages found, none could be read",
    ),
    "empty": ((searched(2), EMPTY), "no_evidence", "not_found", "2 searches, no page found"),
    "stopped_before_reading": (
        (searched(1), found(2), EMPTY), "finish_requested", "not_researched",
        "1 search, 2 pages found, none read",
    ),
    "stopped_after_empty_searches": (
        (searched(2), EMPTY), "deadline", "not_found", "2 searches, no page found",
    ),
    "unsearched": ((turn(1), EMPTY), "no_evidence", "not_researched", "nothing was searched for"),
    "all_failed": ((searched(0, 2), EMPTY), "no_evidence", "not_researched", "2 of 2 searches failed"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_outcome_and_its_sentence_follow_from_the_log(case):
    events, reason, expected, words = CASES[case]
    research = fold(*events)

    assert outcome(research, reason) == expected
    said = sentence(research, reason)
    assert said.startswith(words)
    assert not re.search("search|page|read", work_done(said, REPORT_WORDS["ru"])), "not translated"


def test_a_job_of_before_keeps_its_outcome():
    research = fold(searched(1), found(2), EMPTY)

    assert outcome(research, "finish_requested", 3) == "not_found"


def test_a_model_that_failed_is_named_with_how_often_and_why():
    tries = [asked("1/model")] + [failed("1/model", again=True), asked("1/model")] * 16 + [failed("1/model")]
    research = fold(tries)

    assert outcome(research, "error") == "not_researched"
    assert sentence(research, "error") == "nothing was searched for, the model failed 17 times: HTTP 500"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            "Your reply was cut off because it was too long. Write less.",
            "its reply was cut off because it was too long",
        ),
        (
            "A content filter stopped your reply. Say it in other words. Your reply was: {",
            "A content filter stopped its reply",
        ),
        ("You refused: I cannot. Your reply was: x", "it refused: I cannot"),
    ],
)
def test_what_a_model_was_told_is_told_to_people_as_of_the_model(error, told):
    research = Research(model_failures=1, model_error=error)

    assert (
        sentence(research, "model_failed")
        == f"nothing was searched for, the model failed once: {told.rstrip('.')}"
    )
    assert error.rstrip(".") in sentence(research, "model_failed", 10)


def test_a_failed_try_is_no_search_and_no_page_and_is_counted_apart():
    retried = [asked("1/search/9"), failed("1/search/9", again=True), asked("1/search/9"), done("1/search/9")]
    bill = fold(searched(1, 1), retried, UNREAD).bill

    assert (bill.searches, bill.reads, bill.calls, bill.failed_tries) == (2, 0, 2, 4)


def test_a_reply_that_was_refused_is_a_call_and_what_a_failed_try_cost_is_in_the_sum():
    refused = [asked("1/model"), failed("1/model", error="validation", cost_usd=0.018)]
    cut = [asked("1/model/2"), failed("1/model/2", error="aborted", cost_usd=None)]
    bill = fold(refused, cut).bill

    assert (bill.model_calls, bill.failed_tries, bill.cost_usd, bill.unpriced_calls) == (1, 1, 0.018, 1)


@pytest.mark.parametrize(
    ("call", "author"),
    [
        ({"provider": "p"}, "model"),
        ({"fallback": True}, "stand_in"),
        ({"provider": "extractive"}, "extractive"),
    ],
)
def test_who_wrote_a_report_is_read_off_the_call_that_led_to_it(call, author):
    intent = replace(asked("1/model"), **call)

    assert fold(intent, done("1/model"), turn(1, tools.Answer("x", "failed"))).author == author


@pytest.mark.parametrize(
    ("pages", "reads", "words"),
    [(0, [], "no page found"), (2, READ, "2 pages found, 1 read")],
)
def test_a_fork_that_took_searches_over_was_researched(pages, reads, words):
    taken = [turn(1), asked("1/search/0", reused=True), done("1/search/0"), *found(pages), *reads]
    state = fold(taken, EMPTY)

    assert state.bill.searches == 0
    assert outcome(state, "no_evidence") == "not_found"
    assert sentence(state, "no_evidence") == words
    assert sentence(state, "no_evidence", 8).startswith("nothing was searched for")  # as older rows have it


def test_why_a_part_failed_is_said_without_its_full_stop():
    part = e.FailedPart("web", "network", "It answered 503.", retryable=True)
    state = fold(turn(1), asked("1/search/0"), replace(done("1/search/0"), failed_parts=(part,)), EMPTY)

    assert sentence(state, "no_evidence") == "1 search, web failed 1 time: It answered 503, no page found"
    assert "503., no page" in sentence(state, "no_evidence", 9)  # as older rows have it
