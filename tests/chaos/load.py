"""Act as the callers of one run.

They submit, cancel and read over HTTP, and note all that they are told.
"""

import asyncio
import contextlib
import random
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import httpx

from app.domain.history.job_evidence import CancelAnswer, ReaderRecord
from dossier.asynchronous import AsyncDossier
from dossier.problems import DossierError

QUESTION = "At how many degrees does water boil?"
TIMEOUT = httpx.Timeout(5.0)
CANCELLED, READ = 0.1, 0.3  # shares of the jobs
PATIENCE = 120.0  # seconds that a reader looks for its server
DELETES = {200, 202, 409}  # the answers that promise something


class Load:
    """Run a few callers that switch servers when one does not answer."""

    def __init__(self, urls: Sequence[str], seed: str, pause: float) -> None:
        self.created: dict[UUID, list[datetime]] = defaultdict(list)
        self.answered: list[float] = []  # times of each acknowledgement
        self.waits: list[float] = []  # seconds from a submit until its acknowledgement
        self.cancels: dict[UUID, list[CancelAnswer]] = defaultdict(list)
        self.readers: dict[UUID, list[ReaderRecord]] = defaultdict(list)
        self.complaints: list[str] = []  # of readers that were sent away without the whole log
        self.refusals: Counter[int] = Counter()  # answers that promised nothing, by their status
        self._urls = urls
        self._seed = seed
        self._pause = pause
        self._stop = asyncio.Event()
        self._side: set[asyncio.Task] = set()

    async def run(self, callers: int) -> None:
        """Submit until `stop` is called, then wait for all that began."""
        async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as http:
            async with asyncio.TaskGroup() as together:
                for n in range(callers):
                    together.create_task(self._call(http, random.Random(f"{self._seed}/caller {n}"), n))
            try:
                while self._side:
                    await asyncio.gather(*self._side, return_exceptions=True)
            finally:
                for task in self._side:  # readers of a job that never ends
                    task.cancel()

    def stop(self) -> None:
        self._stop.set()

    async def _call(self, http: httpx.AsyncClient, dice: random.Random, n: int) -> None:
        count = 0
        while not self._stop.is_set():
            count += 1
            job_id = await self._submit(http, f"{self._seed}/{n}/{count}")
            if dice.random() < READ:
                self._aside(self._read(job_id, dice.choice(self._urls)))
            if dice.random() < CANCELLED:
                self._aside(self._cancel(http, job_id, dice.uniform(0, 1.5)))
            await asyncio.sleep(dice.uniform(0.5, 1.5) * self._pause)

    def _aside(self, work) -> None:
        task = asyncio.create_task(work)
        self._side.add(task)
        task.add_done_callback(self._side.discard)

    async def _submit(self, http: httpx.AsyncClient, key: str) -> UUID:
        """Submit until acknowledged, under a key that makes it one job."""
        began, headers, body = time.time(), {"Idempotency-Key": key}, {"query": f"{QUESTION} ({key})"}
        while True:
            answer = await self._ask(http, "POST", "/jobs", headers=headers, json=body)
            if answer is not None and answer.status_code in {200, 201}:
                told = answer.json()
                job_id = UUID(told["job_id"])
                self.created[job_id].append(datetime.fromisoformat(told["created_at"]))
                self.answered.append(time.time())
                self.waits.append(time.time() - began)
                return job_id
            await asyncio.sleep(0.1)

    async def _cancel(self, http: httpx.AsyncClient, job_id: UUID, after: float) -> None:
        await asyncio.sleep(after)
        answer = await self._ask(http, "DELETE", f"/jobs/{job_id}")
        if answer is not None and answer.status_code in DELETES:
            at = answer.json().get("cancelled_at")
            told = CancelAnswer(answer.status_code, datetime.fromisoformat(at) if at else None)
            self.cancels[job_id].append(told)

    async def _ask(self, http: httpx.AsyncClient, method: str, path: str, **more) -> httpx.Response | None:
        """Return the first answer of any server, or None."""
        for url in random.sample(self._urls, len(self._urls)):
            with contextlib.suppress(httpx.HTTPError):
                answer = await http.request(method, f"{url}{path}", **more)
                if answer.status_code < 500:
                    return answer
                self.refusals[answer.status_code] += 1
        return None

    async def _read(self, job_id: UUID, url: str) -> None:
        """Follow the job with our own client.

        What it got is judged later, even if it gave up.
        """
        lines, ended = [], False
        async with AsyncDossier(url, patience=PATIENCE) as dossier:
            try:
                async for event in dossier.stream(job_id):
                    lines.append((event.seq, event.line))  # noqa: PERF401 - kept if it breaks off
                ended = True
            except DossierError as error:
                self.complaints.append(f"A reader of job {job_id} gave up: {error!r}")
            finally:
                self.readers[job_id].append(ReaderRecord(tuple(lines), 0, ended))
