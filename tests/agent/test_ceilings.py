"""The operator's ceilings: a request may ask for less, never for more."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app import handle
from app.agent.ceilings import Ceilings
from app.agent.limits import bounds
from app.domain.job import Job
from dossier.request import Changes, Limits, ResearchRequest

LOW = Ceilings(usd=0.5, tokens=1000, searches=2, calls=10, seconds=60)
maybe = st.none() | st.integers(1, 10_000)


@given(st.sampled_from(["quick", "standard", "deep"]), st.builds(Limits, maybe, maybe, maybe, maybe, maybe))
def test_no_request_gets_more_than_the_ceilings(effort, limits):
    request = LOW.narrowed(ResearchRequest("why?", effort=effort, limits=limits))
    most = bounds(Job(UUID(int=1), request=request))
    assert request.limits.max_cost_usd == min(0.5, limits.max_cost_usd or 0.5)
    assert request.limits.max_tokens == min(1000, limits.max_tokens or 1000)
    assert (most.searches <= 2, most.calls <= 10, most.seconds <= 60) == (True, True, True)
    assert LOW.narrowed(request) == request


@given(st.builds(Limits, maybe, maybe, maybe, maybe, maybe))
def test_without_ceilings_a_request_stays_as_it_is(limits):
    request = ResearchRequest("why?", limits=limits)
    assert Ceilings().narrowed(request) is request


async def test_threads_make_no_more_calls_than_the_ceiling(writer):
    terms = handle.Terms(threaded=frozenset({"standard"}), ceilings=Ceilings(calls=60))
    job, _ = await handle.submit(writer, ResearchRequest("why?"), tenant="default", terms=terms)
    assert job.loop == "threads"
    assert bounds(job).calls == 60


async def test_the_log_has_the_limits_that_hold_and_a_fork_cannot_widen_them(writer):
    terms = handle.Terms(ceilings=LOW)
    asked = ResearchRequest("why?", limits=Limits(max_cost_usd=100))
    job, _ = await handle.submit(writer, asked, tenant="default", key="k", terms=terms)
    same, is_new = await handle.submit(writer, asked, tenant="default", key="k", terms=terms)
    wider = Changes(limits=Limits(max_cost_usd=1000, deadline_seconds=86_400))
    forked, _ = await handle.fork(writer, job.id, None, wider, tenant="default", terms=terms)

    assert (same.id, is_new) == (job.id, False)
    assert job.request.limits.max_cost_usd == forked.request.limits.max_cost_usd == 0.5
    assert forked.request.limits.deadline_seconds == 60
