"""Run all benchmarks, or those that are named.

python -m benchmarks [NAME …] [--quick] [--json]
"""

import argparse
import asyncio
import signal
import sys
import time
from functools import partial
from pathlib import Path

import msgspec
import uvloop

from benchmarks import (
    agent,
    append,
    audit,
    drain,
    get,
    latency,
    length,
    loop,
    machine,
    many,
    memory,
    shelf,
    start,
    stream,
    submit,
)
from benchmarks.database import cluster
from benchmarks.depth import run as depth
from benchmarks.growth import run as growth
from benchmarks.peers import drain as peers
from benchmarks.quality import run as quality
from benchmarks.scale import FULL, QUICK, Scale
from benchmarks.streaming import sheet
from benchmarks.streaming.sheet import Sheet
from benchmarks.table import Line, show

LIMIT = 120  # seconds; a benchmark that hangs ends with an error, and its Postgres with it
LIMITS = {
    "audit": 900,
    "peers": 300,
    "stream": 1800,
    "loop": 900,
    "depth": 900,
    "growth": 7200,
    "many": 900,
    "memory": 2400,
    "length": 300,
    "start": 300,
    "shelf": 1200,
    "quality": 3600,
}  # for those that take longer

BENCHMARKS = {
    "submit": submit.measure,
    "get": get.measure,
    "latency": latency.measure,
    "drain": drain.measure,
    "peers": peers.measure,
    "append": append.measure,
    "agent": agent.measure,
    "audit": audit.measure,
    "stream": stream.measure,
    "loop": loop.measure,
    "depth": depth.measure,
    "growth": growth.measure,
    "length": length.measure,
    "many": many.measure,
    "memory": memory.measure,
    "start": start.measure,
    "shelf": shelf.measure,
    "quality": quality.measure,
}


async def run(
    names: list[str], scale: Scale, folder: Path | None
) -> tuple[dict[str, object], list[Line | Sheet]]:
    found = []
    # As for Ctrl-C: the way out leads through the blocks that stop what was started.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    async with cluster(folder) as running:
        header = machine.describe(await running.version())
        for name in names:
            started = time.perf_counter()
            async with asyncio.timeout(LIMITS.get(name, LIMIT)):
                found += await BENCHMARKS[name](running, scale)
            print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr)
    return header, found


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure Dossier against yardsticks.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"some of: {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="less of everything: does it run, roughly?")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="public data sets for `quality`")
    parser.add_argument(
        "--embeddings", metavar="URL", default="", help="a server of embeddings for `quality`"
    )
    parser.add_argument("--model", metavar="NAME", default="", help="its model")
    parser.add_argument("--events", type=int, metavar="N", help="of the longest log of `growth`")
    parser.add_argument(
        "--folder", type=Path, help="keeps the logs of `growth`, so that they are filled once"
    )
    parser.add_argument("--fill", action="store_true", help="only fill the folder of `growth`")
    given = parser.parse_args()
    if given.data and not given.data.is_dir():
        parser.error(f"no such folder: {given.data}")
    if given.events is not None and given.events < growth.LEAST:
        parser.error(f"--events: use at least {growth.LEAST:,}")
    if given.fill and not given.folder:
        parser.error("--fill needs --folder")
    BENCHMARKS["growth"] = partial(growth.measure, events=given.events, folder=given.folder, fills=given.fill)
    if bool(given.embeddings) != bool(given.model):
        parser.error("--embeddings needs --model, the name of its model, and --model needs --embeddings")
    BENCHMARKS["quality"] = partial(
        quality.measure, folder=given.data, embeddings=given.embeddings, model=given.model
    )
    if unknown := set(given.names) - BENCHMARKS.keys():
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    scale = QUICK if given.quick else FULL
    header, found = uvloop.run(run(given.names or list(BENCHMARKS), scale, given.folder))
    lines = [one for one in found if isinstance(one, Line)]
    sheets = [one for one in found if isinstance(one, Sheet)]
    if given.json:
        print(msgspec.json.encode({"machine": header, "lines": lines, "sheets": sheets}).decode())
    else:
        tables = [*([show(lines)] if lines else []), *map(sheet.show, sheets)]
        print(", ".join(f"{name} {value}" for name, value in header.items()), *tables, sep="\n\n")


if __name__ == "__main__":
    main()
