"""Work on deep jobs in a process whose memory is watched.

    python -m benchmarks.waiting.worker URL MODEL_URL CONCURRENCY [traced]

It speaks to a model's server as every worker does. The first line of output says that it is idle; it begins
with the first line of standard input, and answers each further one by how many jobs it has, and by the bytes
that tracemalloc has seen: now, and at most since the last line.
"""

import asyncio
import random
import signal
import sys
import tracemalloc

import uvloop

from app.agent.ports import Hit, PageReply, SearchReply
from app.agent.recent_texts import RecentTexts
from app.process_memory import settle
from app.settings import Settings
from app.toolmaking import KEPT_CUTS, NamedProviders
from app.wiring import Container
from app.worker.providers import Choose, Tools
from benchmarks.waiting.logs import FOUND, POOL, page


class LongPages:
    """A web of long pages."""

    name = "web"
    scope = "web"

    async def search(self, query: str, _limit: int, **_: object) -> SearchReply:
        found = range(FOUND)
        return SearchReply(tuple(Hit(f"https://example.com/{query}/{n}", f"{n}", query, 0.5) for n in found))

    async def read(self, _url: str) -> PageReply:
        return PageReply(page(random.randrange(POOL)))


class WatchedProviders(NamedProviders):
    """The providers that settings name, with a web of long pages."""

    def choose(self) -> Choose:
        web = LongPages()
        return lambda _job: web


class WatchedHouse(Container):
    """A process's parts, with a web of long pages."""

    def tools(self) -> Tools:
        maker = self.toolmaker
        parts = self.settings, self.engine, self.http, self.reader, maker.finder, RecentTexts(KEPT_CUTS)
        return WatchedProviders(*parts).tools(self.breaker_changed)


async def main(url: str, model: str, concurrency: str, traced: str = "") -> None:
    settings = Settings(
        openai_base_url=model,
        model="held",
        lease_seconds=3600,
        model_first_seconds=3600,
        model_call_seconds=3600,
        log_level="ERROR",
    )
    house = WatchedHouse(settings, url)
    worker = house.worker(int(concurrency))
    await house.engine.fetch("SELECT 1")
    settle()
    print(0, flush=True)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    await lines.readline()
    if traced:
        tracemalloc.start()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.hurry)
    running = asyncio.create_task(worker.run())
    telling = asyncio.create_task(_tell(lines, house))
    await running
    telling.cancel()


async def _tell(lines: asyncio.StreamReader, house: WatchedHouse) -> None:
    used = house.metrics.slots_used
    while await lines.readline():
        [sample] = used.collect()[0].samples
        now, most = tracemalloc.get_traced_memory()
        print(int(sample.value), now, most, flush=True)
        if tracemalloc.is_tracing():
            tracemalloc.reset_peak()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
