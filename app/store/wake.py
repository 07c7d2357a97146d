"""Wake-ups between processes: one LISTEN connection, and NOTIFY off the write path.

A wake-up is a hint that something moved, never the thing itself: a listener that hears it reads the log, and
one that misses it finds out at the next poll. Listeners in this process are called at once; the other
processes hear of it through Postgres, coalesced, because every transaction that notifies takes a lock
that is shared by the whole database.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable
from uuid import UUID, uuid4

import asyncpg
from msgspec import Struct

from app.errors import DatabaseUnavailable
from app.store.database import AWAY, Engine, connect, fetch
from app.store.session import Session

log = logging.getLogger(__name__)

CHANNEL = "dossier"
COALESCE = 0.015  # seconds between two notifies of one process; the first one goes out at once
IDS_PER_PAYLOAD = 200  # of 37 bytes each; Postgres takes 8,000 bytes
STOP = "!"  # before the id of a job that is to be cancelled
FINISH = "~"  # before the id of a job whose report is wanted now
MAX_PENDING = 10_000  # ids that wait to be sent; more than that is said as "everything"
RECONNECT = (0.2, 5.0)  # seconds: first and longest wait before listening again
PING = 20.0  # seconds between two signs of life of the listening connection

LISTEN_ERRORS = (
    *AWAY,
    asyncpg.PostgresError,
)  # also what waiting may not cure: a wake-up is nobody's undoing

# A hint may be lost, so its commit waits for neither the disk nor a standby.
NOTIFY = """
    WITH at_once AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
    SELECT pg_notify($1::text, payload) FROM at_once, unnest($2::text[]) AS payload"""


class Hint(Struct, frozen=True):
    """What may have moved.

    `everything` means that hints were lost.
    """

    job_ids: frozenset[UUID] = frozenset()
    cancelled: frozenset[UUID] = frozenset()  # of those, the ones that somebody wants to stop
    finishing: frozenset[UUID] = frozenset()  # of those, the ones whose report is wanted now
    queue: bool = False
    everything: bool = False


Listener = Callable[[Hint], None]


class Wake:
    """Wake-ups of one process.

    Without `url` it reaches no other process.
    """

    def __init__(self, engine: Engine, url: str | None) -> None:
        self._engine = engine
        self._url = url
        self._name = uuid4().hex[:8]  # so that a process does not answer to its own notifies
        self._listeners: list[Listener] = []
        self._moved: set[UUID] = set()
        self._marks: dict[UUID, str] = {}  # of jobs about which more is said than that they moved
        self._queue = False
        self._pending = asyncio.Event()
        self._is_deaf = False  # LISTEN failed, and that was logged
        self._listening: Session | None = None  # the connection, while it listens
        self._speaking = asyncio.Lock()  # one statement at a time on that connection

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each hint until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def ring(self, hint: Hint) -> None:
        """Tell everybody what moved."""
        self._tell(hint)
        if self._url:
            self._moved |= hint.job_ids
            for job_id in hint.finishing:
                self._marks.setdefault(job_id, FINISH)
            for job_id in hint.cancelled:
                self._marks[job_id] = STOP
            self._queue |= hint.queue
            self._pending.set()

    def _tell(self, hint: Hint) -> None:
        for listener in tuple(self._listeners):
            listener(hint)

    async def run(self) -> None:
        """Send and receive hints until cancelled, across every lost connection."""
        if self._url is None:
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send())
            tasks.create_task(self._hear(self._url))

    async def _send(self) -> None:
        while True:
            await self._pending.wait()
            payloads = self._take()
            try:
                await self._notify(payloads)
            except (DatabaseUnavailable, *LISTEN_ERRORS):
                log.debug("A notify was lost; the polls of the other processes make up for it.")
            await asyncio.sleep(COALESCE)

    async def _notify(self, payloads: list[str]) -> None:
        """Notify on the connection that listens.

        Postgres then wakes no other one for this process.
        """
        connection = self._listening
        if connection is None or connection.is_pooled:
            await fetch(self._engine, NOTIFY, CHANNEL, payloads)
            return
        async with self._speaking:
            try:
                await connection.fetch(NOTIFY, CHANNEL, payloads)
            except AWAY:
                connection.terminate()  # what cannot speak may not hear either: listen again
                raise

    def _take(self) -> list[str]:
        self._pending.clear()
        moved, marks, queue = self._moved, self._marks, "q" if self._queue else "-"
        self._moved, self._marks, self._queue = set(), {}, False
        if len(moved) > MAX_PENDING:
            return [f"{self._name} {queue} *"]
        ids = [f"{marks.get(job_id, '')}{job_id}" for job_id in moved]
        parts = [ids[at : at + IDS_PER_PAYLOAD] for at in range(0, len(ids), IDS_PER_PAYLOAD)] or [[]]
        return [" ".join([self._name, queue, *part]) for part in parts]

    async def _hear(self, url: str) -> None:
        first, longest = RECONNECT
        wait = first
        while True:
            began = time.monotonic()
            try:
                await self._listen(url)
            except LISTEN_ERRORS as error:
                self._say_deaf(error)
            if time.monotonic() - began > longest:
                wait = first
            await asyncio.sleep(random.uniform(wait, 2 * wait))
            wait = min(longest, 2 * wait)

    def _say_deaf(self, error: Exception) -> None:
        """Log an outage's first failure only.

        The attempts after it say nothing new.
        """
        if not self._is_deaf:
            log.warning("Wake-ups from other processes are late, LISTEN failed: %s; trying again.", error)
        self._is_deaf = True

    async def _listen(self, url: str) -> None:
        connection, ended = await connect(url), asyncio.Event()
        connection.add_termination_listener(lambda _connection: ended.set())
        try:
            await connection.add_listener(CHANNEL, self._heard)
            self._is_deaf, self._listening = False, connection
            self._tell(Hint(queue=True, everything=True))  # hints sent during the outage were missed
            while not connection.is_closed():
                with contextlib.suppress(TimeoutError):
                    # A time-out only means that the next ping is due; a cut connection sets `ended` at once.
                    async with asyncio.timeout(PING):
                        await ended.wait()
                async with self._speaking:
                    await connection.execute("SELECT 1")
        finally:
            self._listening = None
            connection.terminate()

    def _heard(self, _connection: asyncpg.Connection, _pid: int, _channel: str, payload: object) -> None:
        name, _, rest = str(payload).partition(" ")
        if name == self._name:
            return
        queue, *ids = rest.split()
        if ids == ["*"]:
            self._tell(Hint(queue=queue == "q", everything=True))
        else:
            stops = frozenset(UUID(text[1:]) for text in ids if text[0] == STOP)
            wanted = frozenset(UUID(text[1:]) for text in ids if text[0] == FINISH)
            every = frozenset(UUID(text.lstrip(STOP + FINISH)) for text in ids)
            self._tell(Hint(every, stops, wanted, queue == "q"))
