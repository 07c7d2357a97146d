"""Fill a database with many jobs in little time.

One job of each kind is written by the code that writes every job. The others are copies of these with ids,
words, times and hashes of their own, so that `verify` finds nothing in them.
"""

import asyncio
import io
import itertools
import random
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from app.domain.chain import GENESIS, stamp
from app.domain.change import change
from app.domain.events import AttemptStarted, Event
from app.domain.job import Job
from app.domain.row import Row
from app.domain.upcast import load
from app.store import blobs
from app.store.database import driver_url, make_engine
from app.store.log import EVENT_COLUMNS, SUBMITTED_JOB
from app.store.projections import JOB_COLUMNS, JOB_NAMES, job_row
from benchmarks.agent import Mock, run_deep
from benchmarks.audit import PAGE, events
from tests.reporting.bulk import FAILING

FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)  # of the submissions
MONTHS = [datetime(2026, month, 1, tzinfo=UTC) for month in range(1, 12)]
EVENTS_PER_JOB = 41  # on average
OLD = 0.7  # of the jobs, which are over; of the newer ones some wait and some run
AT_ONCE = 250  # jobs of a transaction
CONNECTIONS = 2
TELL_EVERY = 10.0  # seconds between two words of progress
BETWEEN = timedelta(seconds=4)  # between two appends
AN_APPEND = 8  # events
RUNNING_EVENTS = 27  # of a job that runs
VOCABULARY = 5_000  # words of the reports
REPLAYED, TURNS = 10, 8  # jobs of the agent itself, and the turns of each
WORKER = "worker:w@m"

INSERT_JOBS = f"""
    INSERT INTO jobs ({", ".join(JOB_NAMES)})
    SELECT {", ".join(column.stored for column in JOB_COLUMNS)}
    FROM unnest($1::{SUBMITTED_JOB}[]) AS c({", ".join(JOB_NAMES)})"""

INSERT_LEASES = """
    INSERT INTO leases (job_id, epoch, worker, expires_at)
    SELECT job_id, 1, 'w@m', 'infinity' FROM unnest($1::uuid[]) AS c(job_id)"""

MAKE_MONTH = "SELECT make_event_partition($1)"
IS_THERE = "SELECT EXISTS (SELECT FROM jobs WHERE job_id = $1)"
IS_EMPTY = "SELECT NOT EXISTS (SELECT FROM jobs)"


class Piece(Struct, frozen=True):
    """An event of a job that is copied.

    Each text holds the id and the time of the job's model.
    """

    head: bytes  # what the hash covers before the line
    line: str
    row: str  # of COPY, up to the hashes
    at: timedelta  # since the job was submitted
    is_marked: bool  # holds words that differ from job to job


class Model(Struct, frozen=True):
    """A job that is copied."""

    job: Job
    pieces: tuple[Piece, ...]


class Copy(Struct, frozen=True):
    """A job as it is stored."""

    job_id: UUID
    row: tuple[Any, ...]
    events: str  # lines of COPY


async def fill(url: str, wanted: int) -> None:
    """Add jobs until there are about so many events.

    What was cut off goes on, because the n-th job is always the same.
    """
    connection = await asyncpg.connect(driver_url(url))
    if await connection.fetchval(IS_EMPTY):
        for _ in range(REPLAYED):
            await run_deep(url, Mock(TURNS))
        engine = make_engine(url)
        await blobs.put(engine, [PAGE])
        await engine.dispose()
    await connection.executemany(MAKE_MONTH, [(month,) for month in MONTHS])
    if await Filling(url, wanted // EVENTS_PER_JOB).run():
        await connection.execute("VACUUM (ANALYZE) events, jobs, leases")
        await connection.execute("CHECKPOINT")
    await connection.close()


class Filling:
    """The jobs of one log on their way."""

    def __init__(self, url: str, jobs: int) -> None:
        self._url = url
        self._jobs = jobs
        self._done, self._failed, self._running, self._waiting = models()
        self._chunks = iter(range(0, jobs, AT_ONCE))
        self._made = 0
        self._began = self._told = time.perf_counter()

    async def run(self) -> int:
        """Return how many jobs were missing."""
        async with asyncio.TaskGroup() as group:
            for _ in range(CONNECTIONS):
                group.create_task(self._fill())
        return self._made

    async def _fill(self) -> None:
        connection = await asyncpg.connect(
            driver_url(self._url), server_settings={"synchronous_commit": "off"}
        )
        for start in self._chunks:
            if not await connection.fetchval(IS_THERE, self._id(start)):
                numbers = range(start, min(start + AT_ONCE, self._jobs))
                await _store(connection, [self._copy(number) for number in numbers])
                self._made += len(numbers)
                self._tell(numbers[-1])
        await connection.close()

    def _tell(self, number: int) -> None:
        if time.perf_counter() - self._told > TELL_EVERY:
            self._told = time.perf_counter()
            seconds = self._told - self._began
            line = f"growth: {number:,} of {self._jobs:,} jobs after {seconds:.0f} s"
            print(line, file=sys.stderr, flush=True)

    def _at(self, number: int) -> datetime:
        """When a job was submitted, in whole milliseconds."""
        spread = (LAST - FIRST) // timedelta(milliseconds=1)
        return FIRST + timedelta(milliseconds=spread * number // self._jobs)

    def _id(self, number: int) -> UUID:
        """The uuid v7 of its time, the same in each run."""
        moment = int(self._at(number).timestamp() * 1000)
        rest = random.Random(number).getrandbits(74)
        return UUID(int=moment << 80 | 7 << 76 | (rest >> 62) << 64 | 2 << 62 | rest & ((1 << 62) - 1))

    def _copy(self, number: int) -> Copy:
        model = self._model(number)
        return copied(model, number, self._id(number), self._at(number) - FIRST)

    def _model(self, number: int) -> Model:
        if number > OLD * self._jobs:
            if number % 30 < 17:
                return self._waiting
            if number % 30 < 19:
                return self._running
        return self._done if number % 10 else self._failed


async def _store(connection: asyncpg.Connection, copies: Sequence[Copy]) -> None:
    running = [copy.job_id for copy in copies if copy.row[JOB_NAMES.index("status")] == "running"]
    async with connection.transaction():
        await connection.execute(INSERT_JOBS, [copy.row for copy in copies])
        await connection.execute(INSERT_LEASES, running)
        text = io.BytesIO("".join(copy.events for copy in copies).encode())
        await connection.copy_to_table("events", source=text, columns=list(EVENT_COLUMNS), format="text")


# Models and their copies


def models() -> tuple[Model, Model, Model, Model]:
    """Return a job of each kind: done, failed, running, waiting."""
    done = list(events())
    failing = [_event(type_, data) for type_, data in FAILING]
    failed = [*done[: -len(failing)], *failing]
    return _model(done), _model(failed), _model(done[:RUNNING_EVENTS]), _model(done[:1])


def _event(type_: str, data: dict[str, Any]) -> Event:
    due = {"retry_at": FIRST} if "retry_at" in data else {}
    text = msgspec.json.encode(data | due).decode()
    return load(type_, 1, text.replace("5" * 64, blobs.digest(PAGE)))


def _model(happened: Sequence[Event]) -> Model:
    job, epoch, rows = Job(UUID(int=0)), 0, list[Row]()
    for place, event in enumerate(happened):
        epoch += isinstance(event, AttemptStarted)
        at = FIRST + BETWEEN * ((place + AN_APPEND - 2) // AN_APPEND)  # the question is an append alone
        who = (WORKER, epoch) if place else ("api", None)
        written = change(job, (event,), at, *who)
        job, rows = written.job, [*rows, *written.rows]
    return Model(job, tuple(map(_piece, rows)))


def _piece(row: Row) -> Piece:
    epoch = "-" if row.epoch is None else str(row.epoch)
    text = row.data.replace("\\", "\\\\")  # as COPY reads it
    columns = (
        row.job_id, row.seq, row.type, row.schema_version, row.status, row.progress, text, row.actor,
        r"\N" if row.epoch is None else row.epoch, stamp(row.occurred_at),
    )  # fmt: skip
    return Piece(
        head=f"{row.schema_version} {epoch} {row.actor}\n".encode(),
        line=row.line().decode(),
        row="\t".join(map(str, columns)),
        at=row.occurred_at - FIRST,
        is_marked="@n" in text or "@text" in text,
    )


def copied(model: Model, number: int, job_id: UUID, later: timedelta) -> Copy:
    """Copy a job, with id, time and words of its own."""
    words = {str(model.job.id): str(job_id), "@n": str(number), "@text": _text(number)}
    name = next(iter(words.items()))
    head, lines = GENESIS, list[str]()
    for at, pieces in itertools.groupby(model.pieces, lambda piece: piece.at):
        moment = stamp(FIRST + at), stamp(FIRST + at + later)
        for piece in pieces:
            line = piece.line.replace(*name).replace(*moment)
            row = piece.row.replace(*name).replace(*moment)
            if piece.is_marked:
                line, row = _worded(line, words), _worded(row, words)
            digest = sha256(head + piece.head + line.encode()).digest()
            lines.append(f"{row}\t\\\\x{head.hex()}\t\\\\x{digest.hex()}\n")
            head = digest
    return Copy(job_id, tuple(_values(model.job, job_id, head, later, words)), "".join(lines))


def _values(job: Job, job_id: UUID, head: bytes, later: timedelta, words: dict[str, str]) -> Iterator[Any]:
    """Yield the columns of the copy's row."""
    for name, value in zip(JOB_NAMES, job_row(job), strict=True):
        if name == "job_id":
            yield job_id
        elif name == "head_hash":
            yield head
        elif name == "rank":
            yield value + later // timedelta(milliseconds=1)
        elif name == "error" and value and job.failure:
            yield value.replace(
                *(msgspec.json.encode(job.failure.occurred_at + by).decode() for by in (timedelta(), later))
            )
        elif isinstance(value, datetime):
            yield value + later
        else:
            yield _worded(value, words) if isinstance(value, str) else value


def _worded(text: str, words: dict[str, str]) -> str:
    for mark, word in words.items():
        text = text.replace(mark, word)
    return text


def _text(number: int) -> str:
    chosen = random.Random(number).choices(range(VOCABULARY), k=40)
    return " ".join(f"word{word}" for word in chosen)
