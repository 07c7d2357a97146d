"""A worker leaves newer versions' jobs alone, at no attempt's cost."""

from datetime import UTC, datetime
from uuid import uuid4

from msgspec import Raw

from app.domain import events as e
from app.domain.job import Job, evolve
from tests.steps import submitted_job, until, whole_log
from tests.worker.working import over, types, working


async def test_a_job_under_newer_rules_waits_for_a_newer_worker(house, monkeypatch, caplog):
    with monkeypatch.context() as newer:
        newer.setattr(e, "AGENT_RULES", e.AGENT_RULES + 1)
        job = await submitted_job(house.writer)

    async with working(house):
        await until(lambda: is_handed_back(house, job))
        other = await submitted_job(house.writer)
        await over(house, other.id)

    assert await types(house, job.id) == ["job_submitted", "attempt_started", "attempt_released"]
    released = (await whole_log(house.engine, job.id))[-1].recorded().event
    assert released.reason == "requeued"
    assert released.retry_at
    assert "A job needs a worker of a newer version: it was handed back." in caplog.text


async def is_handed_back(house, job):
    return (await types(house, job.id))[-1] == "attempt_released"


def test_a_job_with_events_that_are_not_known_needs_a_newer_version():
    job = Job(uuid4())
    told = e.Recorded(job.id, 1, datetime.now(UTC), "api", None, e.Unrecognised("dreamt", 1, Raw(b"{}")))
    assert not job.needs_newer_version
    assert evolve(job, told).needs_newer_version
