"""Note who asked for what, and write it off the request's path."""

import asyncio
import contextlib
import logging
from collections import deque
from datetime import UTC, datetime
from itertools import islice
from uuid import UUID

import asyncpg
from litestar.types import ASGIApp, HTTPResponseStartEvent, HTTPSendMessage, Receive, Scope, Send
from msgspec.structs import replace

from app.api.authentication import CALLER, JOB
from app.api.scrape import METHODS
from app.domain.access import NOBODY, Access
from app.domain.caller import ANYBODY, Caller
from app.errors import DatabaseUnavailable
from app.metrics import ProcessMetrics
from app.store.access_log import append_entries
from app.store.database import Engine

MAX_WAITING = 10_000  # entries in memory: some minutes of a busy server
MAX_REFUSED = 50  # of them about strangers, who could otherwise fill log and disk
ACCESS_BATCH = 1_000  # entries that one statement writes
WRITE_EVERY = 1.0  # seconds
WRITE_AGAIN = 15.0  # seconds after a write that failed
CLOSE_SECONDS = 5.0  # for what waits when the process ends
REFUSED = frozenset({401, 403})
JOB_HEADERS = frozenset({b"location", b"x-job-id"})

log = logging.getLogger(__name__)


class AccessLog:
    """What one process has to write into the access log."""

    def __init__(self, engine: Engine, metrics: ProcessMetrics) -> None:
        self._engine = engine
        self._metrics = metrics
        self._waiting: deque[Access] = deque()
        self._refused = 0  # of what waits
        self._dropped = 0  # since the last entry that was written
        self._writing: asyncio.Task[None] | None = None
        metrics.access_waiting.set_function(lambda: len(self._waiting))

    def note(self, access: Access) -> None:
        """Keep an entry to be written, or count it as dropped."""
        is_strangers = access.tenant is None
        if len(self._waiting) >= MAX_WAITING or (is_strangers and self._refused >= MAX_REFUSED):
            self._drop()
            return
        self._refused += is_strangers
        self._waiting.append(access)
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def aclose(self) -> None:
        """Write what waits, for a few seconds at most."""
        if self._writing:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
        with contextlib.suppress(DatabaseUnavailable, TimeoutError, asyncpg.PostgresError):
            # what is lost by that is logged below
            async with asyncio.timeout(CLOSE_SECONDS):
                while self._waiting:
                    await self._write_batch()
        if lost := len(self._waiting) + self._dropped:
            log.error("The access log lacks %d entries: they could not be written.", lost)

    def _drop(self) -> None:
        if not self._dropped:
            log.warning("The access log has no room: entries are dropped, and counted in its next entry.")
        self._dropped += 1
        self._metrics.access_dropped.inc()

    async def _write(self) -> None:
        """Write until nothing waits."""
        failed = False
        try:
            while self._waiting:
                await asyncio.sleep(WRITE_AGAIN if failed else WRITE_EVERY)
                try:
                    await self._write_batch()
                except (DatabaseUnavailable, asyncpg.PostgresError) as error:
                    if not failed:
                        log.warning("The access log cannot be written, and waits: %s", error)
                    failed = True
                else:
                    failed = False
        finally:
            self._writing = None

    async def _write_batch(self) -> None:
        """Write what came first. It goes on waiting if that fails."""
        batch, dropped = list(islice(self._waiting, ACCESS_BATCH)), self._dropped
        first = replace(batch[0], dropped=dropped)
        await append_entries(self._engine, [first, *batch[1:]])
        for access in batch:
            self._waiting.popleft()
            self._refused -= access.tenant is None
        self._dropped -= dropped


class AccessNotes:
    """Notes each request of the application that it surrounds.

    Only those that a key was asked for, and those that were refused: the others open nothing.
    """

    def __init__(self, app: ASGIApp, notes: AccessLog) -> None:
        self._app = app
        self._notes = notes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":  # type: ignore[comparison-overlap]
            await self._app(scope, receive, send)
            return
        started = list[HTTPResponseStartEvent]()
        try:
            await self._app(scope, receive, _noting(send, started))
        except BaseException:
            self._note(scope, 500, None)
            raise
        answer = started[0] if started else None
        # What is handed over begins after this, with 200.
        self._note(scope, answer["status"] if answer else 200, answer)

    def _note(self, scope: Scope, status: int, answer: HTTPResponseStartEvent | None) -> None:
        caller: Caller | None = scope.get(CALLER)  # type: ignore[assignment]
        if caller is None and status not in REFUSED:
            return
        if caller is not None and caller.actor == ANYBODY.actor:  # there are no keys
            return
        method = str(scope.get("method"))
        self._notes.note(
            Access(
                datetime.now(UTC),
                (caller.tenant or None) if caller else None,
                caller.actor if caller else NOBODY,
                method if method in METHODS else "other",
                str(scope.get("path_template") or "unknown"),
                _job_of(scope, answer),
                status,
            )
        )


def _noting(send: Send, started: list[HTTPResponseStartEvent]) -> Send:
    async def pass_on(message: HTTPSendMessage) -> None:
        if message["type"] == "http.response.start":
            started.append(message)
        await send(message)

    return pass_on  # type: ignore[return-value]


def _job_of(scope: Scope, answer: HTTPResponseStartEvent | None) -> UUID | None:
    """Return the job that a request names, or that it made."""
    if isinstance(known := scope.get(JOB), UUID):
        return known
    named = scope.get("path_params") or {}
    if text := named.get("job_id") or named.get("response_id"):
        return _uuid(str(text).removeprefix("resp_"))
    headers = answer["headers"] if answer else ()
    for name, value in headers:
        if name.lower() in JOB_HEADERS:
            return _uuid(value.decode("latin-1").rpartition("/")[2])
    return None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
