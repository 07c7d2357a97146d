"""Replay what is stored of a job.

Its log and replies are read once, and today's code runs over them.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from app.agent.decision_replay import Parted, Replay, differing, replies_of
from app.agent.prompt_hash import difference, parts, wording
from app.domain import events as e
from app.domain.caller import Caller
from app.errors import JobNotFound
from app.store import blobs, log
from app.store.database import Engine
from dossier.replayed import Difference, Replayed

BLOBS_AT_ONCE = 100  # blobs of one read: as many pages as this may have to be in one answer of Postgres
DIFFERENCE_WIDTH = 2000  # characters of a text that a difference shows


class Texts(Struct, frozen=True):
    """The texts that differ, and what they are a text of."""

    what: str
    before: str
    after: str


async def replay(engine: Engine, caller: Caller, job_id: UUID) -> Replayed:
    """Walk the job's log with today's code.

    Nothing is written, and no provider is asked.

    Raises JobNotFound, DatabaseUnavailable.
    """
    rows = await log.history(engine, caller, job_id)
    recorded = await asyncio.to_thread(lambda: [row.recorded() for row in rows])
    submitted = recorded[0].event if recorded else None
    if not isinstance(submitted, e.JobSubmitted) or submitted.tenant != caller.tenant:
        raise JobNotFound(str(job_id))
    walk = Replay(job_id, await _kept(engine, list(replies_of(recorded))))
    parted = await asyncio.to_thread(walk.walk, recorded)
    return Replayed(
        job_id,
        same=parted is None and not walk.missing,
        events_compared=walk.compared,
        first_difference=await _explained(engine, parted) if parted else None,
        missing=tuple(walk.missing),
        given=tuple(walk.given),
    )


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
