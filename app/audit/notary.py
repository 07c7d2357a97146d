"""Make, sign and export checkpoints on a schedule, outside the database.

Any number of processes may do it. The number of a checkpoint is taken by the first that inserts it; the
others find that theirs is not needed.
"""

import asyncio
import fcntl
import logging
import os
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
from msgspec import Struct

from app.domain import checkpoint as domain
from app.domain import signature
from app.domain.checkpoint import ACCESS, Checkpoint, JobHead, from_line, heads_of, to_line
from app.domain.signature import Signer
from app.errors import BadSetting
from app.store import access_log, checkpoints, upkeep_log
from app.store.database import Engine
from dossier.problems import DossierError

log = logging.getLogger(__name__)

EARLY = 0.5  # of the pause: a checkpoint that is younger than this was made by another process, for all


class Notary(Struct, frozen=True):
    """How often checkpoints are made, with which key, and where they go."""

    every: timedelta
    signer: Signer | None = None
    file: Path | None = None

    async def run(self, engine: Engine) -> None:
        """Make checkpoints for ever.

        Log and retry what fails.
        """
        while True:
            await asyncio.sleep(self.every.total_seconds() * random.uniform(0.9, 1.1))
            try:
                await self.look(engine)
            except (DossierError, OSError, ValueError, asyncpg.PostgresError) as error:
                log.error("The log's checkpoint could not be made or exported: %s", error)  # noqa: TRY400

    async def look(self, engine: Engine) -> None:
        """Make what is due, and export what the file does not have."""
        before = await checkpoints.last(engine)
        if before is None or datetime.now(UTC) - before.made_at > self.every * EARLY:
            await make(engine, self.signer)
        if self.file:
            await export(engine, self.file)


async def make(engine: Engine, signer: Signer | None) -> list[Checkpoint]:
    """Make checkpoints until everything settled in the logs is covered.

    None if nothing moved.
    """
    made = list[Checkpoint]()
    before = await checkpoints.last(engine)
    while True:
        heads, up_to = await checkpoints.moved(engine, before.up_to if before else checkpoints.NO_SNAPSHOT)
        # In each of them, so that the newest says whether these logs have moved since.
        others = await _other_heads(engine)
        if not heads and set(others) <= set(heads_of(before) if before else ()):
            return made
        heads += others
        before = domain.make(before, heads, up_to, datetime.now(UTC), signer)
        if not await checkpoints.add(engine, before):
            return made  # another process is at it
        made.append(before)


async def _other_heads(engine: Engine) -> list[JobHead]:
    """Return the heads of the logs of upkeep and access, unless empty."""
    upkept, asked = await upkeep_log.last(engine), await access_log.last_access(engine)
    heads = [JobHead(None, upkept.number, upkept.hash)] if upkept else []
    return heads + ([JobHead(None, asked.number, asked.hash, ACCESS)] if asked else [])


async def export(engine: Engine, file: Path) -> int:
    """Append missing checkpoints to the file.

    Return how many.

    Raises BadSetting where the file cannot be read or written, or says what the database does not.
    """
    try:
        with file.open("a+b") as lines:
            # Goes with the file. In a thread, because a task of this loop may hold it.
            await asyncio.to_thread(fcntl.flock, lines, fcntl.LOCK_EX)
            return await _append(engine, file, lines.fileno())
    except (OSError, ValueError) as error:
        raise BadSetting(f"{file} cannot be read or written as a file of checkpoints: {error}") from error


async def _append(engine: Engine, file: Path, lines: int) -> int:
    known = await asyncio.to_thread(read, file)
    stored = [c async for c in checkpoints.after(engine, known[-1].number - 1 if known else 0)]
    if known and (not stored or to_line(stored[0]) != to_line(known[-1])):
        raise BadSetting(
            f"{file} ends with a checkpoint that the database does not have: run `dossier verify`."
        )
    new = stored[1:] if known else stored
    await asyncio.to_thread(_write, lines, new)
    return len(new)


def _write(lines: int, new: Sequence[Checkpoint]) -> None:
    text = b"".join(map(to_line, new))
    while text:
        text = text[os.write(lines, text) :]
    os.fsync(lines)


def read(file: Path) -> list[Checkpoint]:
    """Read a file's checkpoints.

    Raise BadSetting at the first bad line. Also raises OSError.
    """
    found = list[Checkpoint]()
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                found.append(from_line(line))
            except ValueError as error:
                raise BadSetting(f"Line {number} of {file} is not a checkpoint: {error}") from error
    return found


def signer_of(path: str) -> Signer | None:
    """Return the signer with the key at this path, if any.

    Raises BadSetting.
    """
    return signature.signer(_bytes(path, "DOSSIER_SIGNING_KEY")) if path else None


def public_key_of(path: str) -> signature.Public:
    """The public key that lies at this path. Raises BadSetting."""
    return signature.public_key(_bytes(path, "The public key"))


def _bytes(path: str, name: str) -> bytes:
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise BadSetting(f"{name} cannot be read: {error.strerror} ({path}).") from error


def keygen(path: Path) -> Path:
    """Make a key: the private half at `path`, for its owner only.

    The public half is beside it, as returned.

    Raises DossierError where there is a file already.
    """
    secret, public = signature.generate()
    beside = path.with_name(path.name + ".pub")
    try:
        for file, text, mode in ((path, secret, 0o600), (beside, public, 0o644)):
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
                out.write(text)
    except OSError as error:
        raise DossierError(f"No key was written: {error.strerror} ({error.filename}).") from error
    return beside
