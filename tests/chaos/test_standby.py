"""The standby takes over while jobs run and streams are open."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from app import handle
from app.audit import notary
from app.audit.verify import verify
from app.domain.caller import ANYBODY
from app.errors import DatabaseUnavailable
from app.store import analyst_session, database, log
from app.store.database import fetch, make_engine
from app.store.wake import Wake
from app.store.writer import Writer
from tests.chaos import logs
from tests.chaos.readers import Manner, Reader
from tests.chaos.standby import Pair, replicated
from tests.chaos.wire import Frame, connect
from tests.chaos.world import judge, under_load, world
from tests.conftest import FAST, TestHouse, serving
from tests.reporting import history
from tests.reporting.answers import ANSWERS, same
from tests.reporting.questions import QUESTIONS
from tests.steps import submitted_job, until

HELD = 1.0  # seconds that the standby hears nothing before the primary dies
SEED = "standby"
COUNT = "SELECT count(*) FROM jobs"


@pytest.mark.timeout(240)
async def test_with_synchronous_replication_nothing_acknowledged_is_lost():
    async with replicated(synchronous=True) as pair, world(pair, SEED, workers=2, thinking=0.15) as made:
        async with under_load(made, callers=2, pause=0.4) as load, asyncio.TaskGroup() as streams:
            await until(lambda: has(load, 4), seconds=90)
            readers = [Reader(f"reader {n}", job_id) for n, job_id in enumerate(load.created)]
            for n, reader in enumerate(readers):
                streams.create_task(follow(reader, made.servers[n % 2].port))
            await until(lambda: are_level(readers), seconds=90)

            pair.link.pull()
            await asyncio.sleep(HELD)
            at, before = time.time(), len(load.created)
            await pair.fail_over()
            made.note(at)
            await until(lambda: has(load, before + 4), seconds=90)

        verdict = await judge(made, "failover", load)
        print(f"{verdict.row()}; again after {load_pause(load, at):.2f} s; {verdict.refusals}")  # noqa: T201
        assert await pair.run(pair.url, "SELECT inet_server_port()") == pair.standby.port
        assert not verdict.violations
        assert verdict.is_clean
        assert load.readers
        for reader in readers:
            assert not reader.resets
            reader.check(await logs.log_of(made.owner, reader.job_id))


async def has(load, count: int) -> bool:
    return len(load.created) >= count


async def are_level(readers: list[Reader]) -> bool:
    return all(reader.is_level for reader in readers)


class Patient(Reader):
    """A reader to whom a reset may happen."""

    def _take(self, frame: Frame, *, wild: bool) -> None:
        super()._take(frame, wild=True)


async def has_seen(reader: Reader, seq: int) -> bool:
    return reader.cursor >= seq


async def has_reset(reader: Reader, seq: int) -> bool:
    return reader.resets == 1 and reader.cursor == seq


async def follow(reader: Reader, port: int) -> None:
    await reader.follow(lambda: Manner(port), lambda: 0.1)


def load_pause(load, at: float) -> float:
    """Measure the seconds from the primary's death to the next acknowledgement."""
    return min(moment for moment in load.answered if moment > at) - at


@contextlib.asynccontextmanager
async def house_of(pair: Pair):
    """Start a server without a worker in this process, and its client."""
    house = TestHouse(FAST, pair.url)
    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url, timeout=90) as http:
        yield house, http
    await house.engine.dispose()


async def greeting(http: httpx.AsyncClient, job_id, cursor: int, count: int) -> list[Frame]:
    """The first frames of the stream after a cursor."""
    frames = []
    wire = await connect(http.base_url.port, f"/jobs/{job_id}/stream", f"Last-Event-ID: {cursor}")
    async for frame in wire.frames():
        frames.append(frame)
        if len(frames) == count:
            break
    wire.close()
    return frames


async def works(http: httpx.AsyncClient) -> bool:
    return (await http.get("/health/ready")).status_code == 200


async def test_after_an_asynchronous_failover_a_reader_is_told_what_can_be_told():
    async with replicated(synchronous=False) as pair, house_of(pair) as (house, http):
        job = await logs.append(house.writer, await logs.live_job(house.writer), 3)
        await pair.level()
        kept = job.seq
        pair.link.pull()
        job = await logs.append(house.writer, job, 5)
        seen = await logs.log_of(house.engine, job.id)
        hashes = {row.seq: row.hash for row in await log.read(house.engine, ANYBODY, job.id, 0, 100)}
        lost = (await http.post("/jobs", json={"query": "Who will remember this?"})).raise_for_status().json()
        open_ = Patient("The one who stays", job.id)
        streams = [asyncio.create_task(follow(open_, http.base_url.port))]
        await until(lambda: has_seen(open_, job.seq))
        cursor = await settled(http, lost["job_id"])
        exported = await notary.make(house.engine, None)

        await pair.fail_over()
        await until(lambda: works(http), seconds=90)

        # What can be seen from numbers alone is said; to a stream that is open, at once.
        await until(lambda: has_reset(open_, kept))
        assert [frame.event for frame in await greeting(http, job.id, job.seq, 2)] == ["hello", "reset"]
        assert (await http.get(f"/jobs/{lost['job_id']}")).status_code == 404
        refused = await http.get("/events", params={"after": cursor})
        assert (refused.status_code, refused.json()["code"]) == (409, "cursor_beyond_head")

        # Once the log has grown past the reader, its numbers say nothing any more; the hashes do.
        await logs.append(house.writer, await handle.load(house.writer, job.id), job.seq - kept + 1, 50)
        hello, following = await greeting(http, job.id, job.seq, 2)
        assert (hello.event, following.id) == ("hello", job.seq + 1)
        now = await logs.log_of(house.engine, job.id)
        assert now[:kept] == seen[:kept]
        assert all(mine != other for mine, other in zip(seen[kept:], now[kept:], strict=False))
        found = {row.seq: row.hash for row in await log.read(house.engine, ANYBODY, job.id, 0, 100)}
        assert [seq for seq in hashes if hashes[seq] != found[seq]] == list(range(kept + 1, job.seq + 1))
        await until(lambda: has_seen(open_, now[-1].id))
        open_.check(now)
        assert open_.connections == 1
        streams[0].cancel()
        findings = (await verify(pair.url, exported=exported, processes=1)).findings
        print(findings)  # noqa: T201
        assert job.id in {finding.job_id for finding in findings}


async def settled(http: httpx.AsyncClient, job_id: str) -> str:
    """The feed's cursor once the job is in it."""

    async def head():
        page = (await http.get("/events", params={"limit": 1000})).json()
        return page["head"] if job_id in str(page["events"]) else None

    return await until(head)


async def test_an_open_stream_begins_again_when_an_event_does_not_follow_from_the_one_before(house):
    async with serving(house, workers=0) as url:
        job = await logs.append(house.writer, await logs.live_job(house.writer), 3)
        reader = Patient("Reader", job.id)
        reading = asyncio.create_task(follow(reader, int(url.rpartition(":")[2])))
        await until(lambda: has_seen(reader, job.seq))
        job = await logs.append(house.writer, job, 1)
        await until(lambda: has_seen(reader, job.seq))
        assert not reader.resets

        house.hub._topics[job.id].tip = bytes(32)  # as if another log had grown past this one
        await logs.end(house.writer, job)

        await reading
    assert reader.resets == 1
    reader.check(await logs.log_of(house.engine, job.id))


@pytest.fixture(scope="module")
async def pair() -> AsyncIterator[Pair]:
    """A pair that nobody breaks, with the history of the reports."""
    async with replicated(synchronous=False) as pair:
        engine, owner = make_engine(pair.url), make_engine(pair.url, role=None)
        await history.write(engine, owner)
        await engine.dispose()
        await owner.dispose()
        await pair.level()
        yield pair


async def test_the_standby_answers_the_questions_for_reports(pair):
    async with analyst_session.connected(pair.standby.url, 60) as analyst:
        assert await analyst.fetchval("SELECT pg_is_in_recovery()")
        for question in QUESTIONS:
            assert same(await analyst.fetch(question.sql)) == same(ANSWERS[question.number])


async def test_the_standby_can_be_verified(pair):
    verdict = await verify(f"{pair.standby.url}?target_session_attrs=any", processes=1)
    assert [str(finding) for finding in verdict.findings] == []
    assert verdict.jobs == len(history.J)


async def test_no_server_and_no_worker_mistakes_the_standby_for_the_primary(pair):
    engine = make_engine(pair.standby.url)
    with pytest.raises(DatabaseUnavailable):
        await fetch(engine, "SELECT 1")
    await engine.dispose()


async def test_who_asks_for_a_standby_gets_it_and_does_not_keep_it_to_write(pair):
    engine = make_engine(f"{pair.standby.url}?target_session_attrs=any")
    assert (await fetch(engine, "SELECT count(*) FROM jobs"))[0][0] == len(history.J)
    with pytest.raises(DatabaseUnavailable):
        await fetch(engine, "SELECT nextval('event_position')")
    assert engine.connections()[:2] == (0, 0)
    await engine.dispose()


async def test_what_the_standby_does_not_have_is_shown_to_nobody_however_long_it_takes(pair, monkeypatch):
    await pair.replicate(synchronous=True)
    engine, other = make_engine(pair.url), make_engine(pair.url)
    assert (await fetch(other, COUNT))[0][0] == len(history.J)
    monkeypatch.setattr(database, "COMMAND_TIMEOUT", 0.5)

    pair.link.pull()
    with pytest.raises(DatabaseUnavailable):
        await submitted_job(Writer(engine, Wake(engine, None)))
    await asyncio.sleep(0.5)
    assert (await fetch(other, COUNT))[0][0] == len(history.J)

    pair.link.plug()
    await until(lambda: has_one_more(other))
    await engine.dispose()
    await other.dispose()


async def has_one_more(engine) -> bool:
    return (await fetch(engine, COUNT))[0][0] == len(history.J) + 1
