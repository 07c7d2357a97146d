"""The rules, by given / when / then, without a database."""

import pytest

from app.domain import commands as c
from app.domain import events as e
from app.domain.decide import decide
from app.domain.job import Job
from app.errors import CancelPending, JobAlreadyOver, JobNotFound, LeaseLost, Refused
from dossier.request import ResearchRequest
from tests.domain.given_jobs import JOB, LATER, STARTED, SUBMITTED, given

REQUESTED = e.CallRequested("1/model", "model", "scripted", "00", "turn 1")
BILL = e.CallCompleted("1/model", e.Usage(10, 5), 12, "ab", 3)
CANCEL = e.CancelRequested()


def test_a_question_that_is_submitted_is_a_job_that_waits():
    command = c.SubmitJob(ResearchRequest("why?"), "default", 2)

    assert decide(command, Job(JOB)) == (SUBMITTED,)
    assert given(SUBMITTED).status == "pending"


def test_a_job_cannot_be_submitted_twice():
    with pytest.raises(Refused):
        decide(c.SubmitJob(ResearchRequest("why?"), "default", 2), given(SUBMITTED))


def test_nothing_can_be_asked_of_a_job_that_does_not_exist():
    with pytest.raises(JobNotFound):
        decide(c.RequestCancel(), Job(JOB))


def test_only_a_pending_job_can_be_started():
    assert decide(c.StartAttempt("w"), given(SUBMITTED)) == (STARTED,)
    with pytest.raises(Refused):
        decide(c.StartAttempt("w"), given(SUBMITTED, STARTED))


def test_the_worker_that_holds_the_lease_may_record():
    assert decide(c.RecordEvents(1, (REQUESTED,)), given(SUBMITTED, STARTED)) == (REQUESTED,)


@pytest.mark.parametrize(
    "command",
    [
        c.RecordEvents(1, (REQUESTED,)),
        c.CompleteJob(1, "answered"),
        c.FailAttempt(1, "internal", "x", is_retryable=True, retry_at=LATER),
        c.ReleaseAttempt(1),
        c.ConfirmCancel(1),
    ],
)
def test_a_worker_whose_lease_went_to_another_is_refused_whatever_it_wants(command):
    taken_over = given(SUBMITTED, STARTED, epoch=2)

    with pytest.raises(LeaseLost):
        decide(command, taken_over)


def test_a_worker_whose_lease_expired_is_refused_although_nobody_has_the_job_yet():
    expired = given(SUBMITTED, STARTED, e.LeaseExpired(1, "silent"))

    with pytest.raises(LeaseLost):
        decide(c.CompleteJob(1, "answered"), expired)


def test_a_waiting_job_is_cancelled_at_once():
    assert decide(c.RequestCancel(), given(SUBMITTED)) == (CANCEL, e.JobCancelled())


def test_a_running_job_is_cancelled_by_its_worker():
    job = given(SUBMITTED, STARTED)

    assert decide(c.RequestCancel(), job) == (CANCEL,)
    assert given(SUBMITTED, STARTED, CANCEL).status == "cancelling"


def test_after_a_cancel_no_paid_call_can_be_recorded():
    cancelling = given(SUBMITTED, STARTED, CANCEL)

    with pytest.raises(CancelPending):
        decide(c.RecordEvents(1, (REQUESTED,)), cancelling)
    with pytest.raises(CancelPending):
        decide(c.CompleteJob(1, "answered"), cancelling)


def test_the_bill_of_the_call_in_flight_is_recorded_before_the_job_is_cancelled():
    cancelling = given(SUBMITTED, STARTED, REQUESTED, CANCEL)

    assert decide(c.ConfirmCancel(1, (BILL, REQUESTED)), cancelling) == (BILL, e.JobCancelled())


def test_cancelling_twice_changes_nothing():
    assert decide(c.RequestCancel(), given(SUBMITTED, STARTED, CANCEL)) == ()
    assert decide(c.RequestCancel(), given(SUBMITTED, CANCEL, e.JobCancelled())) == ()


@pytest.mark.parametrize(
    "end", [e.JobCompleted("answered"), e.JobFailed("internal", "x", is_retryable=False)]
)
def test_a_job_that_is_over_cannot_be_cancelled(end):
    with pytest.raises(JobAlreadyOver):
        decide(c.RequestCancel(), given(SUBMITTED, STARTED, end))


def test_a_failed_attempt_waits_and_the_last_one_fails_the_job():
    fail = c.FailAttempt(1, "network", "gone", is_retryable=True, retry_at=LATER)
    first = given(SUBMITTED, STARTED)
    last = given(SUBMITTED, STARTED, e.AttemptFailed(1, "network", "gone", LATER), e.AttemptStarted(2, "w"))

    assert decide(fail, first) == (e.AttemptFailed(1, "network", "gone", LATER),)
    assert decide(fail, last) == (e.JobFailed("network", "gone", is_retryable=True),)


def test_an_error_that_trying_again_cannot_cure_fails_the_job_at_once():
    fail = c.FailAttempt(1, "auth", "bad key", is_retryable=False, retry_at=LATER)

    assert decide(fail, given(SUBMITTED, STARTED)) == (e.JobFailed("auth", "bad key", is_retryable=False),)


def test_a_job_that_keeps_crashing_its_worker_fails_after_its_attempts():
    expire = c.ExpireLease(1, "silent")
    once = given(SUBMITTED, STARTED)
    twice = given(SUBMITTED, STARTED, e.LeaseExpired(1, "silent"), e.AttemptStarted(2, "w"))

    assert decide(expire, once) == (e.LeaseExpired(1, "silent"),)
    assert [type(event) for event in decide(expire, twice)] == [e.LeaseExpired, e.JobFailed]


def test_a_cancel_is_kept_although_its_worker_died():
    cancelling = given(SUBMITTED, STARTED, CANCEL)

    assert decide(c.ExpireLease(1, "silent"), cancelling) == (e.LeaseExpired(1, "silent"), e.JobCancelled())


def test_expiring_a_lease_that_somebody_else_holds_by_now_changes_nothing():
    assert decide(c.ExpireLease(1, "silent"), given(SUBMITTED, STARTED, epoch=2)) == ()


def test_handing_a_job_back_costs_no_attempt():
    released = given(SUBMITTED, STARTED, e.AttemptReleased(1))

    assert (released.status, released.attempt, released.epoch) == ("pending", 0, 1)


def test_no_event_follows_a_terminal_one():
    over = given(SUBMITTED, STARTED, e.JobCompleted("answered"))

    for command in (c.RecordEvents(1, (BILL,)), c.CompleteJob(1, "answered"), c.ReleaseAttempt(1)):
        with pytest.raises(LeaseLost):
            decide(command, over)
    assert decide(c.ExpireLease(1, "silent"), over) == ()
