"""Bring about what operators meet, and check that it can be seen.

python -m tests.game_day [event ...]
"""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import httpx
from sqlalchemy import make_url

from app.store.database import fetch
from tests.chaos import postgres as pg
from tests.chaos.postgres import Postgres, running_postgres
from tests.chaos.processes import Fleet, Program, free_port
from tests.chaos.world import World, world
from tests.cli.shell import shell
from tests.game_day.signs import PLACES, Event, Sign, answered, logged, metric, observe
from tests.steps import until
from tests.upgrade.release import last_release, unpack

QUESTION = "At how many degrees does water boil?"
UNAVAILABLE = 503
REFUSED_POSTS = r'dossier_http_requests_total\{method="POST",route="/jobs",status="503"\}'
PATIENCE = 600.0  # seconds of a command, on a slow machine
AWAY = 15.0  # seconds that Postgres is away
WAITING_FOR_PROVIDER = "A provider is away: its calls wait."


class Day:
    """The processes of one day."""

    def __init__(self, postgres: Postgres, made: World) -> None:
        self.postgres, self.made = postgres, made
        self.api = made.servers[0]
        self.metrics: dict[Program, str] = {}

    async def hire(self) -> Program:
        """Start a worker with a port for its figures."""
        port = free_port()
        worker = self.made.hire(2, DOSSIER_METRICS_PORT=str(port), DOSSIER_RETRY_SECONDS="0.05")
        self.metrics[worker] = f"http://127.0.0.1:{port}"
        await worker.start()
        return worker

    async def submit(self, url: str = "") -> str:
        """Submit a job and return its id."""
        async with httpx.AsyncClient(base_url=url or self.api.url, timeout=60, trust_env=False) as http:
            body = {"query": f"{QUESTION} ({uuid4().hex[:8]})"}
            return (await http.post("/jobs", json=body)).raise_for_status().json()["job_id"]

    async def over(self, job_id: str, url: str = "") -> str:
        """Wait for the end of a job, and return its status."""

        async def look() -> str:
            async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
                told = (await http.get(f"{url or self.api.url}/jobs/{job_id}")).json()
                return told["status"] if told.get("completed_at") else ""

        return await until(look, seconds=180)

    async def outage(self) -> Event:
        """The model's server fails."""
        worker = next(iter(self.metrics))
        self.made.model.play("server_error")
        job_id = await self.submit()
        event = await observe(
            "A provider is away",
            metric(self.metrics[worker], r"dossier_breaker_open\{", 1),
            logged(worker, WAITING_FOR_PROVIDER),
            answered("GET /workers: outages", f"{self.api.url}/workers", _has_outage),
            answered(
                "GET /jobs/…: current_step",
                f"{self.api.url}/jobs/{job_id}",
                _has("Waiting for"),
            ),
        )
        self.made.model.play("slow")
        await self.over(job_id)
        return event

    async def restart(self) -> Event:
        """Postgres crashes, and comes back."""
        since = len(self.api.said().encode())
        away = asyncio.create_task(self.postgres.restart("immediate", AWAY))
        event = await observe(
            "Postgres is away",
            answered("GET /health/ready: 503", f"{self.api.url}/health/ready", _is(503)),
            metric(self.api.url, r"dossier_database_up", 0, 0),
            logged(self.api, "Postgres is away: requests and jobs wait.", since),
        )
        await away
        await until(lambda: is_ready(self.api.url), seconds=120)
        back = await observe("", logged(self.api, "Postgres answers again.", since))
        event.seen.extend(back.seen)
        event.missing.extend(back.missing)
        return event

    async def freeze(self) -> Event:
        """A worker is stopped in the middle of its jobs."""
        self.made.model.delay = 1.0
        frozen, other = list(self.metrics)[:2]
        since = len(other.said().encode())
        jobs = [await self.submit() for _ in range(4)]
        await until(lambda: self._works_on(frozen), seconds=60)
        frozen.freeze()
        event = await observe(
            "A worker is frozen",
            metric(self.api.url, r'dossier_workers\{state="silent"\}', 1),
            logged(other, "A job was rescued.", since),
            answered("GET /workers: silent", f"{self.api.url}/workers", _has('"silent"')),
        )
        frozen.thaw()
        self.made.model.delay = 0.15
        for job_id in jobs:
            await self.over(job_id)
        return event

    async def _works_on(self, worker: Program) -> bool:
        return worker.said().count("A job was claimed.") > worker.said().count("An attempt ended.")

    async def fill_disk(self) -> Event:
        """No commit finds room: each is refused with Postgres's own code."""
        since = len(self.api.said().encode())
        await self.made.run(pg.REFUSE.format(share=1, code="53100"))
        async with httpx.AsyncClient(base_url=self.api.url, timeout=60, trust_env=False) as http:
            refused = (await http.post("/jobs", json={"query": QUESTION})).status_code
        event = await observe(
            "The disk is full",
            metric(
                self.api.url, r'dossier_http_requests_total\{method="POST",route="/jobs",status="503"\}', 1
            ),
            metric(self.api.url, r"dossier_database_errors_total", 1),
            logged(self.api, "DiskFullError", since),
            answered(
                f"POST /jobs: {refused}", f"{self.api.url}/health/live", lambda _told: refused == UNAVAILABLE
            ),
        )
        await self.made.run(pg.ALLOW)
        await self.over(await self.submit())
        return event

    async def expire_key(self) -> Event:
        """The model's server refuses the key."""
        self.made.model.play("auth_error")
        job_id = await self.submit()
        await self.over(job_id)
        worker = await self._worker_of(job_id)
        event = await observe(
            "The model's key expired",
            metric(self.metrics[worker], r'dossier_calls_total\{.*outcome="auth"', 1),
            logged(worker, "error_type=auth"),
            answered("GET /jobs/…: auth", f"{self.api.url}/jobs/{job_id}", _has('"auth"')),
        )
        self.made.model.play("slow")
        async with httpx.AsyncClient(base_url=self.api.url, timeout=60, trust_env=False) as http:
            again = (await http.post(f"/jobs/{job_id}/retry")).raise_for_status().json()["job_id"]
        assert await self.over(again) == "completed"
        return event

    async def _worker_of(self, job_id: str) -> Program:
        return next(worker for worker in self.metrics if job_id in worker.said())

    async def upgrade(self, folder: Path) -> Event:
        """The last release runs, and today's version comes."""
        commit = last_release()
        old = {"PYTHONPATH": str(unpack(commit, folder))}
        url = await self._empty()
        await asyncio.to_thread(
            shell, folder, f"{sys.executable} -P -m app migrate", PATIENCE, DATABASE_URL=url, **old
        )
        fleet = Fleet(url, folder)
        server = fleet.server(**old)
        fleet.worker(1, **old, **self.made.environment)
        try:
            await fleet.start()
            await self.over(await self.submit(server.url), server.url)
            early = await command(folder, "dossier worker", DATABASE_URL=url)
            moved = await command(folder, "dossier migrate", DATABASE_URL=url)
            today = fleet.server()
            await today.start()
            fleet.worker(1, **self.made.environment)
            await fleet.start()
            await self.over(await self.submit(server.url), today.url)
            return await observe(
                "An upgrade: a process before its migration",
                _told("this version needs", early.stderr),
                _told("The database is at level", moved.stdout),
                metric(today.url, r"dossier_build_info\{", 1),
                answered("GET /health/ready of the old one: 200", f"{server.url}/health/ready", _is(200)),
            )
        finally:
            fleet.stop()

    async def _empty(self) -> str:
        name = f"day_{uuid4().hex[:8]}"
        await self.made.run(f"CREATE DATABASE {name}")
        return make_url(self.made.url).set(database=name).render_as_string(hide_password=False)

    async def restore(self, folder: Path) -> Event:
        """A copy of before is brought back, with jobs that ran."""
        self.made.model.delay = 1.0
        running = await self.submit()
        await until(lambda: self._is_running(running), seconds=60)
        saved = await asyncio.to_thread(
            shell, folder, "dossier backup saved", PATIENCE, DATABASE_URL=self.made.url
        )
        assert saved.returncode == 0, saved.stderr
        self.made.model.delay = 0.15
        lost = await self.submit()
        await self.over(lost)
        async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
            cursor = (await http.get(f"{self.api.url}/events", params={"limit": 1000})).json()["head"]
        url = await self._empty()
        back = await command(folder, "dossier restore saved", DATABASE_URL=url)
        assert back.returncode == 0, back.stderr
        fleet = Fleet(url, folder)
        server, port = fleet.server(), free_port()
        environment = {**self.made.environment, "DOSSIER_METRICS_PORT": str(port)}
        try:
            await server.start()
            unheld = await observe(
                "",
                metric(server.url, r"dossier_jobs_unheld", 1),
                answered(
                    "GET /events?after=…: 409",
                    f"{server.url}/events?after={cursor}",
                    _is(409),
                ),
            )
            worker = fleet.worker(1, **environment)
            await worker.start()
            event = await observe(
                "An older copy was restored",
                _told("Restored and verified", back.stdout),
                logged(worker, "A job was rescued."),
                answered(
                    "GET /jobs/… of later: 404",
                    f"{server.url}/jobs/{lost}",
                    _is(404),
                ),
            )
            event.seen.extend(unheld.seen)
            event.missing.extend(unheld.missing)
            await self.over(running, server.url)
            return event
        finally:
            fleet.stop()

    async def _is_running(self, job_id: str) -> bool:
        rows = await fetch(self.made.owner, "SELECT status FROM jobs WHERE job_id = $1::text::uuid", job_id)
        return bool(rows[0][0] == "running")


async def command(folder: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command, however slow the machine."""
    return await asyncio.to_thread(shell, folder, script, PATIENCE, **environment)


def _told(says: str, text: str) -> Sign:
    """A line that a command printed."""

    async def look() -> bool:
        return says in text

    return Sign("log", says, look)


def _has_outage(told: httpx.Response) -> bool:
    return told.status_code == 200 and any(one["outages"] for one in told.json()["workers"])


def _has(text: str) -> Callable[[httpx.Response], bool]:
    return lambda told: text in told.text


def _is(status: int) -> Callable[[httpx.Response], bool]:
    return lambda told: told.status_code == status


async def is_ready(url: str) -> bool:
    """Return True where the server takes requests."""
    with contextlib.suppress(httpx.HTTPError):
        async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
            return (await http.get(f"{url}/health/ready")).status_code == 200
    return False


def _within(folder: Path, name: str) -> Path:
    """Make a folder for the logs of other processes."""
    made = folder / name
    made.mkdir()
    return made


async def play(names: list[str]) -> list[Event]:
    """Play the whole day."""
    async with running_postgres() as postgres, world(postgres, "game day", workers=0) as made:
        day, folder = Day(postgres, made), made.fleet.folder
        for _ in range(2):
            await day.hire()
        events = []
        for name, part in (
            ("outage", day.outage),
            ("restart", day.restart),
            ("upgrade", lambda: day.upgrade(_within(folder, "upgrade"))),
            ("restore", lambda: day.restore(_within(folder, "restore"))),
            ("full disk", day.fill_disk),
            ("frozen worker", day.freeze),
            ("expired key", day.expire_key),
        ):
            if names and name not in names:
                continue
            say(f"{name} …")
            events.append(await part())
            for sign in events[-1].missing:
                say(f"    {sign.place} does not show: {sign.says}")
        return events


def table(events: list[Event]) -> str:
    """Return a table in Markdown."""
    rows = [("what happened", *PLACES), ("---",) * (1 + len(PLACES)), *(event.cells() for event in events)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def say(text: str) -> None:
    """Print progress."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def main() -> int:
    """Play, and print the table."""
    events = asyncio.run(play(sys.argv[1:]))
    print(table(events))  # noqa: T201 - the outcome
    return 1 if any(event.missing for event in events) else 0


if __name__ == "__main__":
    sys.exit(main())
