"""Collect what arrives while a statement runs into the next one.

A lone caller waits for nothing; under load a round trip and a commit are shared by all who wait.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from app.errors import DatabaseUnavailable

Item = TypeVar("Item")
BatchResultT = TypeVar("BatchResultT")


def _one(_item: object) -> int:
    return 1


class Batch(Generic[Item, BatchResultT]):
    """Calls `run` with waiting items, up to `size` together.

    At most `lanes` calls run at a time.

    Heavy items so come to lie in several runs: while Postgres works on one, Python prepares the next.

    Another lane opens once the newest run has taken `patience` seconds: where commits are fast, waiting for
    it makes one large run of two small ones; where they are slow, it costs no more than that.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Awaitable[Sequence[BatchResultT]]],
        *,
        size: int = 250,
        lanes: int = 2,
        patience: float = 0.0,
        weigh: Callable[[Item], int] = _one,
    ) -> None:
        self._run = run
        self._weigh = weigh
        self._size = size
        self._lanes = lanes
        self._patience = patience
        self._began = 0.0  # the newest run, of the monotonic clock
        self._waiting: deque[tuple[Item, asyncio.Future[BatchResultT]]] = deque()
        self._busy = 0  # lanes
        self._alarm: asyncio.TimerHandle | None = None
        self._running: set[asyncio.Task[None]] = set()  # keeps them from the collector

    async def ask(self, item: Item) -> BatchResultT:
        """Return what `run` answers for this item, or raise what it raised."""
        future: asyncio.Future[BatchResultT] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._open()
        return await future

    def _open(self) -> None:
        """Open another lane once the newest run has had its time."""
        if self._busy and (self._busy == self._lanes or self._alarm):
            return
        left = self._began + self._patience - time.monotonic() if self._busy else 0.0
        if left <= 0:
            self._start()
        else:
            self._alarm = asyncio.get_running_loop().call_later(left, self._look)

    def _look(self) -> None:
        self._alarm = None
        if self._waiting:
            self._open()

    def _start(self) -> None:
        self._busy += 1
        task = asyncio.create_task(self._drain())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _drain(self) -> None:
        try:
            while self._waiting:
                self._began = time.monotonic()
                await self._answer(self._take())
        finally:
            self._busy -= 1  # not by a callback: what was asked before that ran would wait for the next one

    def _take(self) -> list[tuple[Item, asyncio.Future[BatchResultT]]]:
        taken, weight = [], 0
        while self._waiting and weight < self._size:
            taken.append(self._waiting.popleft())
            weight += self._weigh(taken[-1][0])
        return taken

    async def _answer(self, asked: list[tuple[Item, asyncio.Future[BatchResultT]]]) -> None:
        try:
            answers = await self._run([item for item, _ in asked])
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to those who asked
            await self._blame(asked, error)
            return
        for (_, future), answer in zip(asked, answers, strict=True):
            if not future.done():
                future.set_result(answer)

    async def _blame(self, asked: list[tuple[Item, asyncio.Future[BatchResultT]]], error: Exception) -> None:
        """Retry the items one by one, so that only bad ones fail.

        The failed statement wrote nothing.
        """
        if len(asked) > 1 and not isinstance(error, DatabaseUnavailable):
            for one in asked:
                await self._answer([one])
            return
        for _, future in asked:
            if not future.done():
                future.set_exception(error)
