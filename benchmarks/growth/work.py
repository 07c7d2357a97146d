"""The operations that are measured while the log grows, in one database."""

import itertools
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from app import handle
from app.domain.caller import Caller
from app.domain.commands import RecordEvents
from app.replay import replay
from app.store import event_feed, job_lists, log, queue, reads
from app.store.database import APP_ROLE, TENANT_ROLE, Engine, dial, server_settings
from app.store.session import SET_SCOPE, Scope
from app.store.wake import Wake
from app.store.writer import Writer
from benchmarks.append import EVENT
from benchmarks.database import QUESTION, fill

PLACES = 2  # connections
LEASE = timedelta(hours=1)
CALLER = Caller("t@m")  # whose all jobs are, but those that are replayed
AGENT = Caller("default")
JOBS, EVENTS = 20, 50  # of a page of a list, and of the feed

# Of any age, in no order.
FINISHED = """
    SELECT job_id FROM jobs WHERE status = 'completed' AND tenant = $1 ORDER BY md5(job_id::text) LIMIT $2"""
BACKENDS = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
)
WAITING = "SELECT count(*) FROM jobs WHERE status = 'pending' AND tenant = $1"
PLAN = "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) "


class Watched(Engine):
    """An engine that can show how its statements are planned."""

    plans: list[str] | None = None

    async def backends(self) -> list[int]:
        """Return the process ids of those that work for this database."""
        return [row[0] for row in await self.fetch(BACKENDS)]

    async def ask(self, scope: Scope, sql: str, params: Sequence[Any]) -> list[Any]:
        if self.plans is not None:
            self.plans.append(await self._plan(scope, sql, params))
        return await super().ask(scope, sql, params)

    async def _plan(self, scope: Scope, sql: str, params: Sequence[Any]) -> str:
        """Run the statement as it runs here, and undo what it did."""
        role = TENANT_ROLE if scope.tenant else APP_ROLE
        connection = await dial(self._url, server_settings=server_settings(role))
        try:
            await connection.execute("BEGIN")
            await connection.fetch(SET_SCOPE, *scope, True)
            rows = await connection.fetch(PLAN + sql, *params)
        finally:
            connection.terminate()
        return "\n".join(row[0] for row in rows)


class Work:
    """Hold the operations.

    Each does one unit, or returns how many it did. The jobs and pages that are asked for are the same in each
    round, so that they are in memory in a small log and in a large one.
    """

    def __init__(self, url: str) -> None:
        self.engine = Watched(url, APP_ROLE, PLACES)
        self._writer = Writer(self.engine, Wake(self.engine, None))
        self._claimed = list[UUID]()
        self._cursor, self._pages, self._calls = event_feed.FEED_START, 0, 0

    async def prepare(self, calls: int, waiting: int) -> None:
        """Choose the jobs that are asked for, and let enough wait."""
        self._calls = calls
        finished = [row[0] for row in await self.engine.fetch(FINISHED, CALLER.tenant, calls)]
        replayed = [row[0] for row in await self.engine.fetch(FINISHED, AGENT.tenant, calls)]
        self._viewed, self._caught_up, self._folded = map(itertools.cycle, (finished, finished, finished))
        self._replayed = itertools.cycle(replayed)
        missing = waiting - (await self.engine.fetch(WAITING, CALLER.tenant))[0][0]
        if missing > 0:
            await fill(self._writer, missing, CALLER.tenant)

    def operations(self) -> dict[str, Callable[[], Awaitable[int]]]:
        return {
            "claim of one job": self._claim,
            "append of one event": self._append,
            "submit": self._submit,
            "view of a finished job": self._view,
            "list, newest": lambda: self._list(job_lists.JobFilter()),
            "list, completed": lambda: self._list(job_lists.JobFilter(status="completed")),
            "list, waiting": lambda: self._list(job_lists.JobFilter(status="pending")),
            "feed, an event": self._feed,
            "catch-up of a stream, an event": self._catch_up,
            "fold, an event": self._fold,
            "replay, an event": self._replay,
        }

    async def plan(self, operation: Callable[[], Awaitable[int]]) -> str:
        """Return the plans of what an operation asks."""
        self.engine.plans = []
        try:
            await operation()
            return "\n\n".join(self.engine.plans)
        finally:
            self.engine.plans = None

    async def _claim(self) -> int:
        leases = await queue.claim(self.engine, "growth", 1, LEASE)
        self._claimed += [lease.job_id for lease in leases]
        return len(leases)

    async def _append(self) -> int:
        job = await handle.load(self._writer, self._claimed.pop())
        command = RecordEvents(job.epoch, (EVENT,))
        await handle.handle(self._writer, job, command, actor="worker:growth", epoch=job.epoch)
        return 1

    async def _submit(self) -> int:
        await handle.submit(self._writer, QUESTION, tenant=CALLER.tenant)
        return 1

    async def _view(self) -> int:
        return len(await reads.views(self.engine, CALLER, [next(self._viewed)]))

    async def _list(self, asked: job_lists.JobFilter) -> int:
        assert len((await job_lists.page(self.engine, CALLER, asked, JOBS)).jobs) == JOBS
        return 1

    async def _feed(self) -> int:
        if self._pages % self._calls == 0:
            self._cursor = event_feed.FEED_START
        self._pages += 1
        found = await event_feed.read(self.engine, CALLER, self._cursor, EVENTS)
        self._cursor = found.next_after
        return len(found.entries)

    async def _catch_up(self) -> int:
        return len(await log.read(self.engine, CALLER, next(self._caught_up)))

    async def _fold(self) -> int:
        return sum(job.seq for job in (await log.load(self.engine, [next(self._folded)])).values())

    async def _replay(self) -> int:
        found = await replay(self.engine, AGENT, next(self._replayed))
        assert found.same, found.first_difference
        return found.events_compared
