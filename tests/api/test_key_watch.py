"""A look at the keys that fails is not the last one."""

import asyncio

import asyncpg
import pytest

from app.api import keyring as keyring_module
from app.api.keyring import KEY_ENDED, Keyring
from app.domain.caller import Caller


class RefusedOnce(Keyring):
    """Meets a database that refuses the first look."""

    looks = 0

    async def why_ended(self, caller):
        self.looks += 1
        if self.looks == 1:
            raise asyncpg.InsufficientPrivilegeError("permission denied for table api_keys")
        return KEY_ENDED


class Following:
    """A reader, who hears that his stream ends."""

    def __init__(self):
        self.told = asyncio.get_running_loop().create_future()

    def leave(self, reason):
        self.told.set_result(reason)


async def test_a_refused_look_does_not_leave_streams_open_for_ever(monkeypatch, caplog):
    monkeypatch.setattr(keyring_module, "KEYS_FRESH", 0.01)
    keyring, reader = RefusedOnce(engine=None), Following()

    with keyring.watching(Caller("acme"), reader):
        async with asyncio.timeout(60):
            assert await reader.told == KEY_ENDED

    assert "cannot be checked" in caplog.text


@pytest.mark.parametrize("times", [1, 2])
async def test_a_watch_begins_again_after_nobody_read(monkeypatch, times):
    monkeypatch.setattr(keyring_module, "KEYS_FRESH", 0.01)
    keyring = RefusedOnce(engine=None)
    keyring.looks = 1

    for _ in range(times):
        reader = Following()
        with keyring.watching(Caller("acme"), reader):
            async with asyncio.timeout(60):
                assert await reader.told == KEY_ENDED
