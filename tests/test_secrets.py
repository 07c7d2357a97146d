"""No key and no password shows anywhere.

That is output, logs, answers, rows, copies, and the arguments of programs.
"""

import asyncio
import contextlib
import os
import re
import subprocess
import sys

import asyncpg
import httpx
import psutil
import pytest
from click.testing import CliRunner
from mcp import ClientSession, StdioServerParameters, stdio_client
from sqlalchemy import make_url

from app.cli.root import dossier
from app.settings import NAMES, load_settings
from app.store.address import driver_url
from tests.chaos.processes import Fleet
from tests.mocks.openai import PROFILES, OpenAIMock
from tests.mocks.serving import served
from tests.mocks.tavily import TavilyMock
from tests.steps import until

FILES = {"DOSSIER_SIGNING_KEY"}  # names a file
CANARIES = {name: f"canary-of-{name.lower()}" for name in sorted(NAMES) if name.endswith("_KEY")}
CANARIES = {name: value for name, value in CANARIES.items() if name not in FILES}
# 32 bytes in base64, which has no hyphen.
CANARIES |= {name: "canary/of/master/key".ljust(43, "A") + "=" for name in CANARIES if "MASTER" in name}
CANARY = re.compile("canary[-/]of")
PASSWORD = "canary-of-the-database"
ENDED = {"completed", "failed"}
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
COMMANDS = (
    ["migrate"],
    ["doctor", "--call", "--json"],
    ["sql", "-c", "SELECT * FROM report.failures"],
    ["models", "--test"],
    ["verify"],
    ["backup", "saved"],
)


def echo(status):
    """A profile that repeats what it was sent, as some proxies do."""

    def refuse(_mock, request):
        told = {"message": " ".join(request.headers.values()), "code": "refused"}
        return httpx.Response(status, json={"error": told, "detail": told})

    return refuse


class EchoingModel(OpenAIMock):
    profiles = PROFILES | {"bad request": echo(400), "bad key": echo(401)}


class EchoingSearch(TavilyMock):
    profiles = {"bad request": echo(400)}  # noqa: RUF012 - as in its parent


class Everything:
    """All that was shown, by where."""

    def __init__(self) -> None:
        self.shown: dict[str, str] = {}

    def add(self, place: str, text: object) -> None:
        self.shown[place] = self.shown.get(place, "") + str(text)

    def leaks(self) -> list[str]:
        """The places that show a canary, with what stands around it."""
        return [
            f"{place}: …{text[max(0, canary.start() - 60) : canary.end() + 31]}…"
            for place, text in self.shown.items()
            if (canary := CANARY.search(text))
        ]


@pytest.fixture
async def environment(database_url, tmp_path):
    """Set every secret, with providers that repeat what they are sent."""
    models = tmp_path / "models.toml"
    async with (
        served(model := EchoingModel(None)) as to_model,
        served(search := EchoingSearch(None)) as to_search,
    ):
        search.play("bad request")
        models.write_text(
            f'[models.own]\nbase_url = "{to_model}"\nkey = "OWN_KEY"\n'
            'headers = {X-Gateway = "canary-of-a-header"}\n'
        )
        yield (
            model,
            CANARIES
            | {
                "OWN_KEY": "canary-of-own-key",
                "DATABASE_URL": make_url(database_url).set(password=PASSWORD).render_as_string(False),
                "DOSSIER_LOG_LEVEL": "DEBUG",
                "DOSSIER_RETRY_SECONDS": "0.05",
                "DOSSIER_MODELS": str(models),
                "DOSSIER_HOME": str(tmp_path / "home"),
                "DOSSIER_SEARCH": "tavily",
                "OPENAI_BASE_URL": to_model,
                "TAVILY_BASE_URL": to_search,
            },
        )


async def job_is_over(http, body):
    job_id = (await http.post("/jobs", json=body)).raise_for_status().json()["job_id"]

    async def look():
        return (await http.get(f"/jobs/{job_id}")).json()["status"] in ENDED

    await until(look, seconds=120)
    return job_id


async def answers_of(http, job_id):
    """What the API shows of a job and of itself."""
    paths = ("", "/events", "/stream", "/claims", "/bundle", "/report")
    shared = ("/jobs", "/events", "/workers", "/capabilities", "/metrics", "/overview", "/openapi.json")
    for path in (*(f"/jobs/{job_id}{path}" for path in paths), *shared):
        yield path, (await http.get(path, headers={"Accept": "*/*"})).content.decode(errors="replace")


async def research_over_mcp(url, environment, folder):
    """Start a job over stdio, returning what the server answers and prints."""
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "app", "mcp"], env=os.environ | environment | {"DOSSIER_URL": url}
    )
    with (folder / "mcp").open("w+") as printed:
        async with stdio_client(command, printed) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            asked = {"question": "Why?", "effort": "quick"}
            started = await session.call_tool("start_research", asked)
            printed.seek(0)
            return f"{started}{printed.read()}"


def arguments_of(process: psutil.Process) -> str:
    """What a list of processes shows of this one and its children."""
    found = [process, *process.children(recursive=True)]
    lines = []
    for one in found:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            lines.append(" ".join(one.cmdline()))
    return "\n".join(lines)


async def rows_of(url):
    """Every row of every table, as text."""
    connection = await asyncpg.connect(driver_url(url))
    try:
        for (table,) in await connection.fetch(TABLES):
            yield (
                table,
                [row[0] for row in await connection.fetch(f'SELECT row_to_json(t)::text FROM "{table}" t')],
            )
    finally:
        await connection.close()


@pytest.mark.timeout(300)
async def test_no_process_shows_a_key(environment, database_url, tmp_path, monkeypatch):
    model, secrets = environment
    everything, fleet = Everything(), Fleet(database_url, tmp_path)
    open_to_all = {"DOSSIER_API_KEY": ""}
    fleet.server(0, **secrets | open_to_all)
    fleet.worker(2, **secrets | {"TESTS_FORK": "no"})
    try:
        await fleet.start()
        server, worker = fleet.programs
        async with httpx.AsyncClient(base_url=server.url, timeout=60, trust_env=False) as http:
            model.play("success")
            searched = await job_is_over(http, {"query": "At how many degrees does water boil?"})
            model.play("bad request")
            refused = await job_is_over(
                http, {"query": "At how many degrees does water boil?", "model": "own"}
            )
            for job_id in (searched, refused):
                async for path, text in answers_of(http, job_id):
                    everything.add(path, text)
            model.play("bad key")
            everything.add("mcp", await research_over_mcp(server.url, secrets, tmp_path))

            async def key_was_refused():
                return "auth" in worker.said()

            await until(key_was_refused, seconds=120)
        everything.add("processes", arguments_of(psutil.Process()))
    finally:
        fleet.stop()
    for program in fleet.programs:
        everything.add(program.name, program.said())
    for command in COMMANDS:
        everything.add(
            command[0], await asyncio.to_thread(run_command, command, secrets, tmp_path, monkeypatch)
        )
    async for table, rows in rows_of(database_url):
        everything.add(table, "\n".join(rows))
    for file in (tmp_path / "saved").iterdir():
        if file.name != "models.toml":  # the operator's own file, whole
            everything.add(file.name, file.read_bytes())

    assert everything.leaks() == []
    assert "The model's server answered 400" in everything.shown[f"/jobs/{refused}"]
    assert "auth" in everything.shown[worker.name]
    assert "A job was claimed." in everything.shown[worker.name]
    assert "pg_dump" in everything.shown["backup"]


def run_command(command, environment, folder, monkeypatch):
    """Run a command here, returning its output and its programs' arguments."""
    started, popen = [], subprocess.Popen.__init__

    def note(self, arguments, *others, **options):
        started.append(str(arguments))
        popen(self, arguments, *others, **options)

    with monkeypatch.context() as patched:
        patched.chdir(folder)
        patched.setattr(subprocess.Popen, "__init__", note)
        ran = CliRunner().invoke(dossier, command, env=environment)
    return f"{ran.output}\n{ran.exception!r}\n{started}"


AWAY = ("postgresql://me:{}@127.0.0.1:1/x", "postgresql://127.0.0.1:1/x?user=me&password={}")
WRONG = (
    *("postgresql://me:{}@127.0.0.1:port/x", "postgresql://me:{}@[::1/x"),
    *("postgresql:///x?user=me&password={}&host=a,b,c&port=1,2", "mysql://me:{}@127.0.0.1/x"),
)
ASKING = (
    *(["migrate"], ["worker"], ["serve"], ["doctor"], ["sql", "-c", "SELECT 1"], ["verify"]),
    *(["backup", "saved"], ["rebuild"], ["key", "list"], ["jobs"]),
)


@pytest.mark.parametrize("url", [*AWAY, *WRONG])
@pytest.mark.parametrize("command", ASKING, ids=" ".join)
def test_no_command_shows_the_password_of_a_database_that_it_cannot_reach(
    command, url, tmp_path, monkeypatch
):
    environment = {"DATABASE_URL": url.format(PASSWORD), "DOSSIER_HOME": str(tmp_path), "DOSSIER_URL": ""}
    said = run_command(command, environment, tmp_path, monkeypatch)

    assert not CANARY.search(said)
    assert "Traceback" not in said
    assert re.search(r"(SystemExit|Error)\(", said)
    assert url in AWAY or "invalid" in said or "must be an address" in said


@pytest.mark.parametrize(
    ("url", "passwords"),
    [
        ("postgresql://me:a%2Fb@h/x", {"a%2Fb", "a/b"}),
        ("postgresql://h/x?user=me&password=a%2Fb&sslpassword=c", {"a%2Fb", "a/b", "c"}),
        ("postgresql://me:secret@[::1/x", {"secret"}),
        ("postgresql://me@h1:1,h2:2/x", set()),
        ("postgresql://h:1/x?sslmode=require", set()),
    ],
)
def test_a_password_is_a_secret_however_the_address_gives_it(url, passwords):
    assert load_settings({"DATABASE_URL": url}).secrets == passwords
