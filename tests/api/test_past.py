"""Time travel: `?at=` returns the view of that time, byte for byte."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from app import handle
from app.domain import commands as c
from app.domain.chain import stamp
from app.store.writer import Writer
from tests.api.problems import assert_problem
from tests.scripted import SCRIPT, ScriptedModel
from tests.steps import running_job, submitted_job, until, whole_log
from tests.worker.dear_model import ASK
from tests.worker.working import over, working


class Watched(Writer):
    """Write to a job, and keep its view after each append."""

    def __init__(self, engine, wake, http):
        super().__init__(engine, wake)
        self.http = http
        self.seen: dict[int, bytes] = {}

    async def append(self, change):
        written = await super().append(change)
        if written:
            await self.look(change.job.id)
        return written

    async def look(self, job_id):
        answer = await self.http.get(f"/jobs/{job_id}")
        self.seen[answer.json()["seq"]] = answer.content


async def asked_first(house):
    house.model = ScriptedModel((ASK, *SCRIPT))
    job = await submitted_job(house.writer, clarify=True, metadata={"a": [1, 2.5, None]}, tags=("x",))
    await house.writer.look(job.id)
    async with working(house):
        waiting = await until(lambda: _asks(house, job.id))
        await handle.handle(house.writer, waiting, c.ProvideInput(("Salt.",)), actor="api")
        await over(house, job.id)
    return job.id


async def _asks(house, job_id):
    job = await handle.load(house.writer, job_id)
    return job if job.status == "input_required" else None


async def failed_and_cancelled(house):
    job = await running_job(house.writer)
    later = datetime.now(UTC) + timedelta(seconds=60.123457)
    fail = c.FailAttempt(job.epoch, "network", "gone", True, later)
    job = await handle.handle(house.writer, job, fail, actor="worker:w", epoch=job.epoch)
    await handle.handle(house.writer, job, c.RequestCancel("enough"), actor="api")
    return job.id


async def plain(house):
    job = await submitted_job(house.writer)
    async with working(house):
        await over(house, job.id)
    return job.id


async def forked(house):
    origin = await plain(house)
    job, _ = await handle.fork(house.writer, origin, 9, _changes(), tenant="default")
    await house.writer.look(job.id)
    async with working(house):
        await over(house, job.id)
    return job.id


def _changes():
    from dossier.request import Changes

    return Changes(instruction="And at sea?")


@pytest.mark.parametrize("life", [plain, asked_first, failed_and_cancelled, forked])
async def test_the_view_at_each_seq_is_the_view_that_was_there_then(api, house, life):
    house.writer = Watched(house.engine, house.wake, api)
    job_id = await life(house)
    log = await whole_log(house.engine, job_id)
    seen = {seq: body for seq, body in house.writer.seen.items() if str(job_id).encode() in body}

    for row in log:
        then = await api.get(f"/jobs/{job_id}", params={"at": row.seq})
        assert then.status_code == 200
        assert then.json()["seq"] == row.seq
        assert then.json()["status"] == row.status
        assert then.content == seen.get(row.seq, then.content)
    assert len(seen) >= 2
    assert max(seen) == log[-1].seq
    assert (await api.get(f"/jobs/{job_id}")).content == then.content


async def test_a_time_is_the_last_event_at_or_before_it(api, house):
    job_id = await plain_without_look(house)
    log = await whole_log(house.engine, job_id)

    for row in log:
        last = max(other.seq for other in log if other.occurred_at <= row.occurred_at)
        at = await api.get(f"/jobs/{job_id}", params={"at": stamp(row.occurred_at)})
        assert at.json()["seq"] == last
    plus = quote((log[0].occurred_at.replace(microsecond=0) + timedelta(days=1)).isoformat(), safe=":+")
    assert (await api.get(f"/jobs/{job_id}?at={plus}")).json()["seq"] == log[-1].seq


async def plain_without_look(house):
    job = await submitted_job(house.writer)
    async with working(house):
        await over(house, job.id)
    return job.id


@pytest.mark.parametrize(
    ("at", "status", "code"),
    [
        ("0", 404, "not_yet_submitted"),
        ("2020-01-01T00:00:00Z", 404, "not_yet_submitted"),
        ("0001-01-01T00:00:00+14:00", 400, "malformed_at"),
        ("2", 400, "at_beyond_head"),
        ("9" * 5000, 400, "at_beyond_head"),
        ("", 400, "malformed_at"),
        ("yesterday", 400, "malformed_at"),
        ("-1", 400, "malformed_at"),
        ("１", 400, "malformed_at"),
        ("2026-11-23", 400, "malformed_at"),
        ("2026-11-23T16:22:30", 400, "malformed_at"),
        ("2026-13-23T16:22:30Z", 400, "malformed_at"),
    ],
)
async def test_a_moment_that_is_none_is_refused_by_name(api, house, at, status, code):
    job = await submitted_job(house.writer)

    assert_problem(await api.get(f"/jobs/{job.id}", params={"at": at}), status, code, "at")


async def test_the_past_of_another_tenants_job_is_not_shown(api, house):
    from dossier.request import ResearchRequest

    job, _ = await handle.submit(house.writer, ResearchRequest("why?"), tenant="other")

    assert_problem(await api.get(f"/jobs/{job.id}", params={"at": "1"}), 404, "job_not_found")
