"""A process logs whole lines with fields, and never a secret."""

import asyncio
import json
import logging
import os
import sys

import asyncpg
import httpx
import pytest

from app.configuration import secrets_of
from app.errors import DatabaseUnavailable, ProviderError
from app.logs import JsonFormatter, LineFormatter
from app.settings import load_settings
from app.store import database
from app.store.api_keys import add_key
from app.worker.breaker import FAILURES_TO_OPEN, Breaker
from dossier.request import Limits
from tests.conftest import serving
from tests.steps import submitted_job, until, whole_log
from tests.worker.working import over, working

KEYS = {
    "OPENAI_API_KEY": 'sk-canary-1"23\\4567890',
    "TAVILY_API_KEY": "tvly-canary-1234567890",
    "DATABASE_URL": "postgresql://me:pass-canary@db/dossier",
}


class Lines(logging.Handler):
    def __init__(self, formatter):
        super().__init__()
        self.setFormatter(formatter)
        self.lines: list[str] = []

    def emit(self, record):
        self.lines.append(self.format(record))


@pytest.fixture
def lines():
    """The log of this process as JSON, from DEBUG on."""
    handler, root = Lines(JsonFormatter(load_settings(KEYS).secrets)), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler.lines
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("form", [LineFormatter, JsonFormatter])
def test_no_secret_is_written_in_message_field_or_traceback(form):
    handler, log = Lines(form(load_settings(KEYS).secrets)), logging.getLogger("canary")
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    try:
        {}[KEYS["TAVILY_API_KEY"]]
    except KeyError:
        log.exception("Key %s", KEYS["OPENAI_API_KEY"], extra={"url": KEYS["DATABASE_URL"]})
    log.removeHandler(handler)

    assert "canary-1" not in handler.lines[0]
    assert "pass-canary" not in handler.lines[0]
    assert handler.lines[0].count("[secret]") >= 3


def test_of_a_secret_that_begins_like_another_no_end_is_left():
    record = logging.makeLogRecord({"msg": "refused: canary-12345678"})

    for secrets in (["canary-1234", "canary-12345678"], ["canary-12345678", "canary-1234"]):
        assert LineFormatter(secrets).format(record).endswith("refused: [secret]")


def test_keys_of_the_servers_in_models_toml_are_secrets_too(tmp_path, monkeypatch):
    file = tmp_path / "models.toml"
    file.write_text(
        '[models.own]\nbase_url = "http://127.0.0.1:9/v1"\nkey = "OWN_KEY"\n'
        'headers = {X-Gateway = "gateway-canary-1"}\n'
    )
    monkeypatch.setenv("OWN_KEY", "own-canary-1234567890")
    settings = load_settings(KEYS | {"DOSSIER_MODELS": str(file)})

    assert {"own-canary-1234567890", "gateway-canary-1"} <= secrets_of(settings)
    assert settings.secrets <= secrets_of(settings)


async def test_a_real_worker_at_debug_shows_no_key(database_url, writer, tmp_path):
    """Not even the libraries' debug lines of a failing job show it."""
    job = await submitted_job(writer, limits=Limits(deadline_seconds=30))
    canaries = {
        "OPENAI_API_KEY": "sk-canary-1234567890",
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "TAVILY_API_KEY": "tvly-canary-1234567890",
        "DOSSIER_API_KEY": "dsk_canary1234567890",
    }
    environment = {**os.environ, **canaries, "DATABASE_URL": database_url, "DOSSIER_LOG_LEVEL": "DEBUG"}
    said = tmp_path / "log"
    with said.open("wb") as log:
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app", "worker"), env=environment, stdout=log, stderr=log
        )
    try:
        await until(lambda: _claimed(writer, job.id))
        await asyncio.sleep(2)  # it asks the model, in vain
    finally:
        worker.terminate()
        await worker.wait()

    written = said.read_text()
    assert "A job was claimed." in written
    assert "An attempt ended." in written
    assert "canary" not in written
    assert not any("canary" in row.data for row in await whole_log(writer.engine, job.id))


async def _claimed(writer, job_id):
    return len(await whole_log(writer.engine, job_id)) > 2


async def test_claim_failure_and_end_of_an_attempt_are_lines_with_their_job(house, lines):
    async def fail(_attempt):
        raise ProviderError("auth", f"The key {KEYS['OPENAI_API_KEY']} was refused.", retryable=False)

    job = await submitted_job(house.writer)
    async with working(house, fail):
        await over(house, job.id)
        await until(lambda: _said(lines, "An attempt ended."))

    entries = [json.loads(line) for line in lines]
    mine = [entry for entry in entries if entry.get("job") == str(job.id)]
    assert [entry["message"] for entry in mine] == [
        "A job was claimed.",
        "An attempt failed.",
        "An attempt ended.",
    ]
    assert {(entry["epoch"], entry["tenant"]) for entry in mine} == {(1, "default")}
    assert mine[1]["error"] == "The key [secret] was refused."
    assert mine[2]["outcome"] == "failed"
    assert not any("canary" in line for line in lines)


def test_an_outage_of_a_provider_is_said_once_when_it_begins_and_once_when_it_ends(house, lines):
    breaker = Breaker("search", house.times(), house.breaker_changed)
    for _ in range(FAILURES_TO_OPEN + 3):
        breaker.failed(ProviderError("network", "refused", retryable=True))
    breaker.succeeded()
    breaker.succeeded()

    said = [entry["message"] for line in lines if (entry := json.loads(line)).get("provider") == "search"]
    assert said == ["A provider is away: its calls wait.", "A provider answers again."]


@pytest.mark.parametrize(
    ("error", "reads_say"), [(ConnectionResetError("cut"), 1), (asyncpg.DiskFullError("no space"), 0)]
)
async def test_an_outage_of_postgres_is_said_once_and_once_when_it_is_over(
    engine, lines, monkeypatch, error, reads_say
):
    real, is_away = database.run_bounded, True

    async def run(connection, sql, params, scope):
        if is_away and sql == "SELECT 1":
            raise error
        return await real(connection, sql, params, scope)

    monkeypatch.setattr(database, "run_bounded", run)
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable):
            await database.fetch(engine, "SELECT 1")
    await database.fetch(engine, "SELECT 2")
    assert sum("Postgres answers again." in line for line in lines) == reads_say
    is_away = False
    await database.fetch(engine, "SELECT 1")
    await database.fetch(engine, "SELECT 1")

    assert sum("Postgres is away" in line for line in lines) == 1
    assert sum("Postgres answers again." in line for line in lines) == 1


async def _said(lines, message):
    return any(message in line for line in lines)


async def test_a_refused_key_is_a_line_without_the_key(house, owner, lines):
    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url) as http:
        await add_key(owner, "reader", ["read"], None)
        headers = {"Authorization": "Bearer dsk_canary_0123456789"}
        assert (await http.get("/jobs", headers=headers)).status_code == 401
    refused = [json.loads(line) for line in lines if "A key was refused." in line]
    assert [(entry["route"], entry["client"]) for entry in refused] == [("/jobs", "127.0.0.1")]
    assert not any("canary" in line for line in lines)
