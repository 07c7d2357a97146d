"""Give the installed clients, or skip with what is missing."""

import sys
from collections.abc import AsyncIterator
from types import FunctionType
from uuid import uuid4

import pytest
from playwright.async_api import Browser
from sqlalchemy import make_url

from tests.conftest import FAST, TestHouse, execute, with_database
from tests.readers import clients, install
from tests.readers.browser import launched
from tests.readers.outages import Backup

CLIENTS = {
    client.__name__: client
    for client in (
        clients.curl,
        clients.npm_eventsource,
        clients.httpx_sse,
        clients.openai,
        clients.async_dossier,
        clients.dossier,
    )
}
MISSING = {"curl": install.without_curl, "npm_eventsource": install.without_node}


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium, one for all tests."""
    if reason := install.without_chromium():
        pytest.skip(reason)
    async with launched(install.shell()) as browser:
        yield browser


@pytest.fixture(params=["chromium", *CLIENTS])
def client(request) -> clients.Client:
    """Every client in turn."""
    name = request.param
    if name == "chromium":
        return clients.chromium(request.getfixturevalue("browser"))
    if name in MISSING and (reason := MISSING[name]()):
        pytest.skip(reason)
    return CLIENTS[name]


@pytest.fixture
async def successor(database_url: str) -> AsyncIterator[TestHouse]:
    """Another server's house over the same database."""
    house = TestHouse(FAST, database_url)
    yield house
    await house.engine.dispose()


@pytest.fixture
async def backup(postgres_url: str) -> AsyncIterator[Backup]:
    """Copy a house's database as it is, and give the copy's house."""
    copies: list[TestHouse] = []

    async def copy(house: TestHouse) -> TestHouse:
        await house.engine.dispose()  # Postgres copies only what nobody is connected to
        name = f"dossier_{uuid4().hex[:12]}"
        await execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE {make_url(house.url).database}")
        copies.append(TestHouse(FAST, with_database(postgres_url, name)))
        return copies[-1]

    yield copy
    for house in copies:
        await house.engine.dispose()
        await execute(postgres_url, f"DROP DATABASE {make_url(house.url).database} WITH (FORCE)")


@pytest.fixture(autouse=True)
def quick(monkeypatch) -> None:
    """Shorten waits and heartbeats everywhere, because the tests would take longer."""
    for name, value in {"RETRY_MS": (30, 60), "HEARTBEAT_SECONDS": 0.05, "TICK": 0.05}.items():
        replace(monkeypatch, name, value)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")


def replace(monkeypatch, name: str, value) -> None:
    """Replace the constant of `value`'s name and type, in defaults too."""
    modules = [module for key, module in sys.modules.items() if key.startswith(("app.api.", "app.stream."))]
    holders = [module for module in modules if type(vars(module).get(name)) is type(value)]
    assert holders, f"{name} is in no module: was it renamed?"
    for module in holders:
        before = vars(module)[name]
        monkeypatch.setattr(module, name, value)
        for function in functions(module):
            if any(default is before for default in function.__defaults__ or ()):
                defaults = tuple(value if default is before else default for default in function.__defaults__)
                monkeypatch.setattr(function, "__defaults__", defaults)


def functions(module) -> list[FunctionType]:
    """Those of a module and of its classes."""
    members = list(vars(module).values())
    members += [inner for member in members if isinstance(member, type) for inner in vars(member).values()]
    return [member for member in members if isinstance(member, FunctionType)]
