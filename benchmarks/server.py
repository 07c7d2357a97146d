"""Start the processes that are measured.

The API with or without a worker, a worker, a constant route.

    python -m benchmarks.server constant
    python -m benchmarks.server api URL [CONCURRENCY]
    python -m benchmarks.server worker URL CONCURRENCY

The first line of output is the port; then one line "job_id nanoseconds" for each job that was started.
"""

import asyncio
import signal
import sys
import time

import uvloop
from litestar import Litestar, get, post

from app.api.server import listen, make_server
from app.domain.commands import CompleteJob
from app.settings import Settings
from app.wiring import Container
from app.worker.attempt import Attempt

QUEUE_LIMIT = 1_000_000  # a benchmark may fill the queue


async def note_and_complete(attempt: Attempt) -> None:
    """Say when the job was started, and complete it."""
    print(attempt.job_id, time.monotonic_ns(), flush=True)
    await attempt.carry_out(CompleteJob(attempt.epoch, "answered"))


class NoOpHouse(Container):
    """A house whose research is over at once."""

    def researching(self):
        return note_and_complete


@get("/constant")
async def get_constant() -> dict[str, str]:
    return {"status": "ok"}


@post("/constant")
async def post_constant() -> dict[str, str]:
    return {"status": "ok"}


async def serve(app: Litestar, draining: asyncio.Event) -> None:
    sock = listen("127.0.0.1", 0)
    print(sock.getsockname()[1], flush=True)
    await make_server(app, draining, "error").serve([sock])


async def work(house: Container, concurrency: int) -> None:
    worker = house.worker(concurrency)
    hearing = asyncio.create_task(house.wake.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.drain)
    print(0, flush=True)
    await worker.run()
    hearing.cancel()
    await house.engine.dispose()


async def main(kind: str, url: str = "", concurrency: str = "0") -> None:
    if kind == "constant":
        app = Litestar([get_constant, post_constant], openapi_config=None, logging_config=None)
        return await serve(app, asyncio.Event())
    house = NoOpHouse(Settings(queue_limit=QUEUE_LIMIT), url)
    if kind == "worker":
        return await work(house, int(concurrency))
    return await serve(house.app(int(concurrency)), house.draining)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
