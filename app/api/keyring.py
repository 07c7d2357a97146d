"""The keys that one process knows, a few seconds old at most."""

import asyncio
import contextlib
import hmac
import logging
import secrets
import time
from datetime import UTC, datetime
from typing import Any

import asyncpg

from app.domain.api_key import read_key
from app.domain.caller import ANYBODY, Caller
from app.errors import DatabaseUnavailable, TenantSuspended
from app.store.api_keys import ApiKey, note_use, read_keys
from app.store.database import Engine
from app.stream.reader import Reader

KEYS_FRESH = 2.0  # seconds that the keys are used for before they are read again
NOTE_EVERY = 10.0  # seconds between two notes of which keys were used

KEY_ENDED = "key_ended"
TOKEN_EXPIRED = "token_expired"  # noqa: S105 - a reason that streams give

PARENT = Caller(actor="process")  # who started this process, and knows its secret

log = logging.getLogger(__name__)


class Watch:
    """Watches a reader while it is open.

    There is one for each stream, so it is smaller than a generator.
    """

    __slots__ = ("_caller", "_keyring", "_reader")

    def __init__(self, keyring: "Keyring", caller: Caller, reader: Reader[Any]) -> None:
        self._keyring = keyring
        self._caller = caller
        self._reader = reader

    def __enter__(self) -> None:
        self._keyring.watch(self._caller, self._reader)

    def __exit__(self, *_: object) -> None:
        self._keyring.unwatch(self._caller, self._reader)


class Keyring:
    """Knows the callers.

    As long as no key was ever made, and nobody can sign in, everybody is let in.
    """

    def __init__(self, engine: Engine, process_key: str | None = None, *, is_locked: bool = False) -> None:
        """Make a keyring.

        Args:
            engine: of the database with the keys.
            process_key: a secret shared with the process that started this one; it allows everything.
            is_locked: nobody is let in without a key, though there is none: people can sign in.
        """
        self.process_key = process_key or secrets.token_urlsafe(32)
        self._engine = engine
        self._is_locked = is_locked
        self._keys: dict[str, ApiKey] = {}
        self._read_at = float("-inf")
        self._was_read = False
        self._reading = asyncio.Lock()
        self._used: set[str] = set()
        self._noted_at = time.monotonic()
        self._watched: dict[Caller, set[Reader[Any]]] = {}
        self._watch: asyncio.Task[None] | None = None
        self._noting: asyncio.Task[None] | None = None

    async def is_in_use(self) -> bool:
        """Return whether there are keys, so that callers need one. Raises DatabaseUnavailable."""
        await self._refresh()
        return self._is_locked or bool(self._keys)

    async def caller(self, text: str | None) -> Caller | None:
        """Return who presents this key, or None if it opens nothing.

        Raises TenantSuspended, DatabaseUnavailable.
        """
        if text and hmac.compare_digest(text.encode(), self.process_key.encode()):
            return PARENT
        if not await self.is_in_use():
            return ANYBODY
        presented = read_key(text or "")
        key = self._keys.get(presented.key_id) if presented else None
        if presented is None or key is None or not hmac.compare_digest(presented.digest, key.secret_sha256):
            return None
        if not key.is_valid(datetime.now(UTC)):
            return None
        actor = key.subject or f"key:{key.key_id}"
        if key.suspended_at is not None:
            raise TenantSuspended(key.tenant, actor)
        self._note(key.key_id)
        return Caller(key.tenant, key.scopes, key.key_id, actor)

    def look_again(self) -> None:
        """Read the keys at the next request, because they changed."""
        self._read_at = float("-inf")

    async def why_ended(self, caller: Caller) -> str | None:
        """Return why a stream of this caller has to end."""
        if caller.until and datetime.now(UTC) >= caller.until:
            return TOKEN_EXPIRED
        if caller.key_id is None:
            return KEY_ENDED if caller != PARENT and await self.is_in_use() else None
        await self._refresh()
        key = self._keys.get(caller.key_id)
        is_open = key is not None and key.suspended_at is None and key.is_valid(datetime.now(UTC))
        return None if is_open else KEY_ENDED

    def watching(self, caller: Caller, reader: Reader[Any]) -> "Watch":
        """End the reader's stream soon after the caller's key or token."""
        return Watch(self, caller, reader)

    def watch(self, caller: Caller, reader: Reader[Any]) -> None:
        """Watch a reader."""
        self._watched.setdefault(caller, set()).add(reader)
        if self._watch is None:
            self._watch = asyncio.get_running_loop().create_task(self._look())

    def unwatch(self, caller: Caller, reader: Reader[Any]) -> None:
        """Watch a reader no more."""
        readers = self._watched[caller]
        readers.discard(reader)
        if not readers:
            del self._watched[caller]

    def count_streams(self, tenant: str) -> int:
        """Count the open streams of a tenant in this process."""
        return sum(len(readers) for caller, readers in self._watched.items() if caller.tenant == tenant)

    async def _look(self) -> None:
        """Send away whose key or token has ended, until nobody reads."""
        try:
            while self._watched:
                await asyncio.sleep(KEYS_FRESH)
                try:
                    await self._send_away()
                except (DatabaseUnavailable, asyncpg.PostgresError) as error:
                    log.warning("The keys of open streams cannot be checked, and are again soon: %s", error)
        finally:
            self._watch = None

    async def _send_away(self) -> None:
        for caller, readers in tuple(self._watched.items()):
            if reason := await self.why_ended(caller):
                for reader in tuple(readers):
                    reader.leave(reason)

    async def _refresh(self) -> None:
        if time.monotonic() - self._read_at < KEYS_FRESH:
            return
        async with self._reading:
            if time.monotonic() - self._read_at >= KEYS_FRESH:
                try:
                    self._keys = {key.key_id: key for key in await read_keys(self._engine)}
                except DatabaseUnavailable:  # the keys of before are good for what needs no database
                    if not self._was_read:
                        raise
                self._was_read = True
                self._read_at = time.monotonic()

    def _note(self, key_id: str) -> None:
        """Note the use off the request's path."""
        self._used.add(key_id)
        if time.monotonic() - self._noted_at > NOTE_EVERY:
            self._noted_at = time.monotonic()
            used, self._used = self._used, set()
            self._noting = asyncio.get_running_loop().create_task(self._write(used))

    async def _write(self, used: set[str]) -> None:
        with contextlib.suppress(DatabaseUnavailable, asyncpg.PostgresError):  # the next use is noted again
            await note_use(self._engine, sorted(used))
