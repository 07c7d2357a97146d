"""Drain no-op jobs by Procrastinate, in a process of its own.

    python -m benchmarks.peers.procrastinate_drain URL COUNT CONCURRENCY

It prints a line once the jobs are queued, drains when it reads one, and prints another when it has.
"""

import asyncio
import sys

import uvloop
from procrastinate import App, PsycopgConnector


async def main(url: str, count: str, concurrency: str) -> None:
    queue = App(connector=PsycopgConnector(conninfo=url, max_size=8))

    @queue.task(name="nothing")
    async def do_nothing() -> None:
        """Return at once."""

    async with queue.open_async():
        await queue.schema_manager.apply_schema_async()
        await do_nothing.batch_defer_async(*({} for _ in range(int(count))))
        print("queued", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await queue.run_worker_async(wait=False, concurrency=int(concurrency), install_signal_handlers=False)
        jobs = await queue.job_manager.list_jobs_async(status="todo")
        print("drained", len(list(jobs)), flush=True)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
