"""Replay what is stored of a job.

Its log and replies are read once, and today's code runs over them.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from app.agent.decision_replay import Parted, Replay, differing, replies_of
from app.agent.prompt_hash import difference, parts, wording
from app.domain import events as e
from app.domain.caller import Caller
from app.domain.row import Row
from app.errors import JobNotFound
from app.store import blobs, log
from app.store.database import Engine
from dossier.replayed import Difference, Replayed

BLOBS_AT_ONCE = 100  # blobs of one read: as many pages as this may have to be in one answer of Postgres
FETCHED_AT_ONCE = 8_000_000  # bytes of replies that are read before the events that they belong to
MAX_AT_HAND = 16_000_000  # bytes of replies and pages that a walk keeps
DIFFERENCE_WIDTH = 2000  # characters of a text that a difference shows


class Texts(Struct, frozen=True):
    """The texts that differ, and what they are a text of."""

    what: str
    before: str
    after: str


class KeptBodies:
    """Replies and pages for a walk in a thread.

    The newest are at hand. What was let go, as pages before the report are, is read again when needed.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._kept = dict[str, bytes | None]()  # None: forgotten
        self._size = 0

    async def fetch(self, names: Collection[str]) -> None:
        """Read those that are not at hand, and let the oldest go."""
        wanted = [name for name in names if name not in self._kept]
        found = await _kept(self._engine, wanted)
        for name in wanted:
            self._kept[name] = found.get(name)
            self._size += len(found.get(name, b""))
        while self._size > MAX_AT_HAND and len(self._kept) > len(wanted):
            self._size -= len(self._kept.pop(next(iter(self._kept))) or b"")

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._read(name) is not None

    def __getitem__(self, name: str) -> bytes:
        body = self._read(name)
        if body is None:
            raise KeyError(name)
        return body

    def _read(self, name: str) -> bytes | None:
        if name not in self._kept:
            asyncio.run_coroutine_threadsafe(self.fetch([name]), self._loop).result()
        return self._kept[name]


async def replay(engine: Engine, caller: Caller, job_id: UUID) -> Replayed:
    """Walk the job's log with today's code.

    Nothing is written, and no provider is asked.

    Raises JobNotFound, DatabaseUnavailable.
    """
    bodies = KeptBodies(engine)
    walk = Replay(job_id, bodies)
    parted = await _walked(walk, bodies, log.pages(engine, caller, job_id))
    if walk.job.tenant != caller.tenant:
        raise JobNotFound(str(job_id))
    return Replayed(
        job_id,
        same=parted is None and not walk.missing,
        events_compared=walk.compared,
        first_difference=await _explained(engine, parted) if parted else None,
        missing=tuple(walk.missing),
        given=tuple(walk.given),
    )


async def _walked(walk: Replay, bodies: KeptBodies, pages: AsyncIterator[list[Row]]) -> Parted | None:
    """Walk a log by pages, with its replies at hand."""
    async for rows in pages:
        recorded = await asyncio.to_thread(lambda page: [row.recorded() for row in page], rows)
        for part in _parts(recorded):
            await bodies.fetch(list(replies_of(part)))
            if parted := await asyncio.to_thread(walk.follow, part):
                return parted
    return await asyncio.to_thread(walk.end)


def _parts(recorded: Sequence[e.Recorded]) -> Iterator[list[e.Recorded]]:
    """Cut a page so that each part's replies can be held."""
    part, size = list[e.Recorded](), 0
    for fact in recorded:
        more = fact.event.reply_size if isinstance(fact.event, e.CallCompleted) else 0
        if part and size + more > FETCHED_AT_ONCE:
            yield part
            part, size = [], 0
        part.append(fact)
        size += more
    yield part


async def _kept(engine: Engine, names: Sequence[str]) -> Mapping[str, bytes]:
    kept = dict[str, bytes]()
    for at in range(0, len(names), BLOBS_AT_ONCE):
        kept |= await blobs.get(engine, names[at : at + BLOBS_AT_ONCE])
    return kept


async def _explained(engine: Engine, parted: Parted) -> Difference:
    """The difference for people: which fields, and where their texts part."""
    recorded, today = parted.recorded, parted.today
    texts = await _asked(engine, parted)
    if texts is None and recorded is not None and today is not None and type(recorded) is type(today):
        texts = _longest(recorded, today)
    what = f"{parted.what} {texts.what}".strip() if texts else parted.what
    names = differing(recorded, today) if recorded and type(recorded) is type(today) and today else None
    return Difference(
        parted.seq,
        what,
        _fields(recorded, names),
        _fields(today, names),
        await asyncio.to_thread(difference, texts.before, texts.after) if texts else "",
    )


async def _asked(engine: Engine, parted: Parted) -> Texts | None:
    """What a model was asked, and would be asked today."""
    event, today, ask = parted.recorded, parted.today, parted.ask
    if ask is None or not isinstance(event, e.CallRequested) or not isinstance(today, e.CallRequested):
        return None
    if event.input_sha256 != today.input_sha256:
        kept = await blobs.get(engine, [event.input_sha256])
        return _inputs(kept.get(event.input_sha256, b"{}"), _json(ask))
    before = parts((await _kept(engine, [event.prompt_sha256 or ""])).get(event.prompt_sha256 or "", b"[]"))
    told = wording(ask)
    after, texts = parts(told.texts[0][1].encode()), dict(told.texts)
    for n in range(max(len(before), len(after))):
        old, new = before[n : n + 1], after[n : n + 1]
        if old != new:
            kept = await blobs.get(engine, [part.sha256 for part in old])
            role = (new or old)[0].role
            place = "the schema of the reply" if role == "schema" else f"message {n + 1} ({role})"
            return Texts(
                f"The first part that differs is {place}.",
                "".join(kept.get(part.sha256, b"").decode() for part in old),
                "".join(texts[part.sha256] for part in new),
            )
    return None


def _inputs(before: bytes, after: bytes) -> Texts:
    old, new = json.loads(before), json.loads(after)
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    shown = [json.dumps({n: part.get(n) for n in names}, indent=1, ensure_ascii=False) for part in (old, new)]
    return Texts(f"What differs in it: {', '.join(names)}.", *shown)


def _longest(recorded: e.Event, today: e.Event) -> Texts | None:
    """Of the fields that differ, the texts that say most."""
    before, after = asdict(recorded), asdict(today)
    texts = [
        Texts("", str(before[name]), str(after[name]))
        for name in differing(recorded, today)
        if isinstance(before[name], str) and isinstance(after[name], str)
    ]
    return max(texts, key=lambda found: len(found.before), default=None)


def _fields(event: e.Event | None, names: Sequence[str] | None) -> dict[str, Any] | None:
    if event is None or isinstance(event, e.Unrecognised):
        return None
    fields = msgspec.to_builtins(event)
    return {"type": event.type} | {
        name: _short(value) for name, value in fields.items() if names is None or name in names
    }


def _short(value: object) -> object:
    text = value if isinstance(value, str) else _json(value).decode()
    return value if len(text) <= DIFFERENCE_WIDTH else f"{text[:DIFFERENCE_WIDTH]}…"


_json = msgspec.json.Encoder(order="deterministic").encode
