"""Drain no-op jobs by PgQueuer, in a process of its own.

    python -m benchmarks.peers.pgqueuer_drain URL COUNT BATCH

It prints a line once the jobs are queued, drains when it reads one, and prints another when it has.
"""

import asyncio
import sys

import asyncpg
import uvloop
from pgqueuer import Job, PgQueuer
from pgqueuer.domain.types import QueueExecutionMode


async def main(url: str, count: str, batch: str) -> None:
    connection = await asyncpg.connect(url)
    queue = PgQueuer.from_asyncpg_connection(connection)
    await queue.queries.install()
    await queue.queries.enqueue(["nothing"] * int(count), [None] * int(count), [0] * int(count))

    @queue.entrypoint("nothing")
    async def do_nothing(_job: Job) -> None:
        """Return at once."""

    print("queued", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await queue.run(batch_size=int(batch), mode=QueueExecutionMode.drain)
    print("drained", await connection.fetchval("SELECT count(*) FROM pgqueuer"), flush=True)
    await connection.close()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
