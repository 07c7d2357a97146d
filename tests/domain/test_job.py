"""The fold: progress, numbering, money."""

from uuid import UUID

import pytest
from hypothesis import given as property_of
from hypothesis import settings
from hypothesis import strategies as st

from app.domain import events as e
from app.domain import tools
from app.domain.change import change
from app.domain.events import Recorded
from app.domain.job import Job, evolve
from app.domain.view import job_view
from tests.domain.given_jobs import JOB, STARTED, SUBMITTED, T0, given
from tests.scripted import PLAN, REASONING, REPORT


def reasoned(step: int, function: tools.AnyTool) -> e.StepReasoned:
    return e.StepReasoned(step, REASONING, function)


SEARCH = tools.WebSearch(("q",))


def test_an_event_out_of_its_turn_is_not_folded():
    with pytest.raises(ValueError, match="cannot follow"):
        evolve(Job(JOB), Recorded(JOB, 2, T0, "t", None, SUBMITTED))


def test_progress_is_steps_done_over_steps_planned():
    started = given(SUBMITTED, STARTED)
    planned = given(SUBMITTED, STARTED, reasoned(1, PLAN))
    searched = given(SUBMITTED, STARTED, reasoned(1, PLAN), reasoned(2, SEARCH))

    assert (started.progress, started.research.total_steps) == (0, 0)
    assert (planned.progress, planned.research.total_steps) == (100 * 1 // 8, 8)
    assert searched.progress == 100 * 2 // 8


@property_of(st.lists(st.sampled_from([PLAN, SEARCH, REPORT]), max_size=25))
@settings(max_examples=50, deadline=None)
def test_progress_never_goes_backwards_and_reaches_100_only_at_the_end(tools):
    events = [SUBMITTED, STARTED, *(reasoned(n, tool) for n, tool in enumerate(tools, 1))]
    seen = [given(*events[:n]).progress for n in range(1, len(events) + 1)]

    assert seen == sorted(seen)
    assert max(seen) <= 99
    assert given(*events, e.JobCompleted("answered")).progress == 100


def test_current_step_says_in_words_what_happens():
    assert given(SUBMITTED).current_step == "Waiting for a worker"
    assert given(SUBMITTED, STARTED, reasoned(1, SEARCH)).current_step == "Searching for “q”"
    assert given(SUBMITTED, STARTED, e.JobCompleted("answered")).current_step == "Done"


@pytest.mark.parametrize(
    ("sections", "said"), [(1, "Writing 1 section: Tea"), (2, "Writing 2 sections: Tea")]
)
def test_things_are_counted_in_the_singular_and_the_plural(sections, said):
    planned = (e.PlannedSection("", "", ()),) * sections
    fault = e.SectionsCriticised((e.SectionFault(0, "Too long."),))

    assert given(SUBMITTED, STARTED, e.OutlineDrafted("Tea", planned, "high")).current_step == said
    assert given(SUBMITTED, STARTED, fault).current_step == "Reviewing the report: 1 problem found"


def test_a_call_that_was_in_flight_when_its_worker_died_is_counted_as_a_repeat():
    first = e.CallRequested("1/model", "model", "m", "00", "turn 1")
    again = e.CallRequested("1/model", "model", "m", "00", "turn 1", repeat=1)
    job = given(SUBMITTED, STARTED, first, e.LeaseExpired(1, "silent"), e.AttemptStarted(2, "w"), again)

    assert job.research.bill.repeated_calls == 1


def test_the_bill_is_the_sum_of_the_calls_and_unknown_prices_make_the_cost_unknown():
    asked = e.CallRequested("1/model", "model", "m", "00", "turn 1")
    paid = e.CallCompleted("1/model", e.Usage(100, 20, cost_usd=0.01), 5, "aa", 1)
    unpriced = e.CallCompleted("1/model", e.Usage(100, 20, cost_usd=None), 5, "aa", 1)

    assert job_view(given(SUBMITTED, STARTED, asked, paid)).usage.cost_usd == 0.01
    view = job_view(given(SUBMITTED, STARTED, asked, paid, asked, unpriced))
    assert (view.usage.cost_usd, view.usage.input_tokens) == (None, 200)


def test_time_never_runs_backwards_within_a_job():
    job = given(SUBMITTED, STARTED)
    slow_clock = T0.replace(year=2020)

    written = change(job, (e.AttemptReleased(1),), slow_clock, "w", 1)

    assert written.rows[0].occurred_at == job.updated_at


def test_what_is_folded_from_memory_is_what_is_folded_from_the_stored_text():
    job = given(SUBMITTED, STARTED)
    written = change(job, (reasoned(1, PLAN),), T0, "w", 1)

    assert evolve(job, written.rows[0].recorded()).research == written.job.research


def test_an_event_of_a_newer_version_is_kept_and_ignored():
    from app.domain.upcast import load

    unknown = load("job_dreamt", 1, '{"of":"sheep"}')
    job = given(SUBMITTED)

    assert isinstance(unknown, e.Unrecognised)
    after = evolve(job, Recorded(UUID(int=0), 2, T0, "t", None, unknown))
    assert (after.status, after.seq) == ("pending", 2)
