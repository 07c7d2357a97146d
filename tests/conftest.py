"""Give tests one Postgres, an empty migrated database each, and real servers."""

import asyncio
import contextlib
import gc
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import asyncpg
import httpx
import pytest
import uvicorn.server
from xdist.remote import Producer

from app.agent.extractive import Extractive
from app.api.server import Door, listen, make_server
from app.settings import Settings
from app.store import embedded
from app.store.database import driver_url, make_engine
from app.store.migrate import migrate
from app.store.wake import Wake
from app.store.writer import Writer
from app.wiring import Container
from app.worker.providers import Helpers, Tools
from tests import apps, fork_server, order, ready_clusters, shares
from tests.databases import Databases, with_database
from tests.folders import passable_folder
from tests.network import no_network  # noqa: F401 - a fixture of every test
from tests.once import once  # noqa: F401 - the same
from tests.scripted import ScriptedModel, ScriptedSearch

# Python processes that tests start run the code that the tests import, whatever their folder.
os.environ["PYTHONPATH"] = str(Path(__file__).parents[1])
# A job in the background of a shell ignores Ctrl-C, and so would all that tests start in it.
signal.signal(signal.SIGINT, signal.default_int_handler)

fork_server.install()


class Sooner:
    """Let uvicorn wait a fifth as long before it looks again.

    It takes 0.1 s two or three times at the end of each of the tests' 800 servers.
    """

    def __getattr__(self, name: str) -> object:
        return getattr(asyncio, name)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 5)


uvicorn.server.asyncio = Sooner()

# The tests' server never has to survive a power cut nor to age; tests of that start servers of their own.
SHORT_LIVED = (
    "ALTER SYSTEM SET fsync = off",
    "ALTER SYSTEM SET synchronous_commit = off",
    "ALTER SYSTEM SET full_page_writes = off",
    "ALTER SYSTEM SET autovacuum = off",  # it visits every database of every test, each time anew
    "SELECT pg_reload_conf()",
)
FAST = Settings(lease_seconds=1.5, drain_seconds=0.1)


def docker_answers() -> bool:
    if not shutil.which("docker"):
        return False
    with contextlib.suppress(subprocess.SubprocessError):
        return subprocess.run(["docker", "info"], capture_output=True, timeout=5, check=False).returncode == 0
    return False


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> order.ByFile | None:
    return order.ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[object]:
    """Keep the garbage collector away from what is imported.

    It stays to the end. What comes then is looked at as seldom as `tests` says.
    """
    gc.disable()
    try:
        shares.import_own(session.config)
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order.sort(items)


def pytest_configure(config: pytest.Config) -> None:
    """Name a folder of clusters that this process's workers share."""
    if ready_clusters.FOLDER not in os.environ:
        folder = TemporaryDirectory(prefix="dossier-clusters-")
        os.environ[ready_clusters.FOLDER] = folder.name
        config.add_cleanup(folder.cleanup)


def pytest_unconfigure() -> None:
    fork_server.close()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Choose TEST_DATABASE_URL, else a container, else the embedded Postgres.

    A container is chosen if a Docker engine answers.
    """
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
    elif docker_answers():
        from testcontainers.postgres import PostgresContainer

        with PostgresContainer("postgres:18", driver=None) as container:
            asyncio.run(execute(container.get_connection_url(), *SHORT_LIVED))
            yield container.get_connection_url()
    else:
        with passable_folder("dossier-test-") as folder:
            server = embedded.start(folder)
            asyncio.run(execute(server.get_uri(), *SHORT_LIVED))
            yield server.get_uri()
            server.cleanup()


async def execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(driver_url(url))
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


@pytest.fixture(scope="session")
async def template(postgres_url: str) -> AsyncIterator[str]:
    """A migrated database that the tests' databases are copied from."""
    name = f"dossier_template_{uuid4().hex[:8]}"
    await execute(postgres_url, f"CREATE DATABASE {name}")
    await asyncio.to_thread(migrate, with_database(postgres_url, name))
    yield name
    await execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
async def databases(postgres_url: str, template: str) -> AsyncIterator[Databases]:
    databases = Databases(postgres_url, template)
    yield databases
    await databases.close()


@pytest.fixture
async def database_url(databases: Databases, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """Give the test an empty migrated database, by its owner's URL."""
    url = await databases.take(untouched=request.node.get_closest_marker("untouched") is not None)
    yield url
    await databases.give_back(url)


@pytest.fixture
async def engine(database_url: str):
    """The application's engine, in the role that cannot change the log."""
    engine = make_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def owner(database_url: str):
    """An engine in the owner's role."""
    engine = make_engine(database_url, role=None)
    yield engine
    await engine.dispose()


@pytest.fixture
def writer(engine) -> Writer:
    return Writer(engine, Wake(engine, None))


class TestHouse(Container):
    """A house whose providers are scripted."""

    __test__ = False

    def __init__(self, settings: Settings, url: str) -> None:
        super().__init__(settings, url)
        self.model = ScriptedModel()
        self.search = ScriptedSearch()
        self.judge = None
        self.embedder = None

    def tools(self):
        helpers = Helpers(lambda _job: self.judge, self.embedder)
        tools = {"times": self.times(), "changed": self.breaker_changed}
        return Tools(self.model, Extractive(), lambda _job: self.search, None, helpers, **tools)


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[TestHouse]:
    """A process's collaborators, with nothing running yet."""
    house = TestHouse(FAST, database_url)
    yield house
    await house.engine.dispose()


@contextlib.asynccontextmanager
async def serving(house: Container, workers: int = 1, port: int = 0, **door: object) -> AsyncIterator[str]:
    """Run a real server over this house on loopback, yielding its URL.

    `door` is what `Door` takes.
    """
    sock = listen("127.0.0.1", port)
    settings = house.settings
    made = Door(**{"allowed_origins": settings.origins, "root_path": settings.root_path, **door})
    app = house.app(workers)
    server = make_server(app, house.draining, "error", metrics=house.metrics, door=made, notes=house.access)
    running = asyncio.create_task(server.serve([sock]))
    while not server.started:
        await asyncio.sleep(0.01)
        if running.done():
            await running
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        house.draining.set()
        server.should_exit = True
        await running
        apps.give_back(app)


@pytest.fixture
async def server(house: TestHouse) -> AsyncIterator[str]:
    """The URL of a real server with one worker."""
    async with serving(house) as url:
        yield url


@pytest.fixture
async def http(server: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that server."""
    async with httpx.AsyncClient(base_url=server, timeout=90) as client:
        yield client


@pytest.fixture
async def api(house: TestHouse) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a real server without a worker.

    The test itself works on the jobs.
    """
    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url, timeout=90) as client:
        yield client
