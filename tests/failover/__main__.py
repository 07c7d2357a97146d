"""Kill, switch over and partition a Patroni cluster while jobs run.

    python -m tests.failover

It ends with a table of what came of it.
"""

import asyncio
import contextlib
import itertools
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from app.audit.verify import verify
from app.store.database import fetch
from tests.chaos import logs
from tests.chaos.load import Load
from tests.chaos.readers import Manner, Reader
from tests.chaos.world import World, judge, under_load, world
from tests.failover.cluster import Node, PatroniCluster, networks, programs
from tests.folders import passable_folder
from tests.steps import until

SEED = "failover"
INSIDE = "DOSSIER_FAILOVER_INSIDE"  # set in the network of its own
JOBS = 4  # that are acknowledged before and after each fault
PATIENCE = 240.0
SILENCE = 5.0  # seconds after which a reader connects again
WRITE = "CREATE TABLE IF NOT EXISTS stray (at timestamptz); INSERT INTO stray VALUES (now())"


class Outcome(NamedTuple):
    """What came of one failover."""

    name: str
    seconds: float  # the longest without an acknowledged job
    streams: int
    resets: int
    remark: str


async def has(load: Load, count: int) -> bool:
    """Return True once so many jobs were acknowledged."""
    return len(load.created) >= count


async def follow(reader: Reader, port: int) -> None:
    """Follow a job's stream until its end."""
    await reader.follow(lambda: Manner(port, patience=SILENCE), lambda: 0.1)


async def with_fault(
    made: World,
    cluster: PatroniCluster,
    load: Load,
    name: str,
    strike: Callable[[], Awaitable[Callable[[], str]]],
) -> Outcome:
    """Strike while streams are open, and wait until all is whole again."""
    say(f"{name} …")
    await until(cluster.is_whole, seconds=PATIENCE)
    before = len(load.created)
    await until(lambda: has(load, before + JOBS), seconds=PATIENCE)
    newest = list(load.created)[-JOBS:]
    readers = [Reader(f"{name} {number}", job_id) for number, job_id in enumerate(newest)]
    async with asyncio.TaskGroup() as streams:
        for number, reader in enumerate(readers):
            streams.create_task(follow(reader, made.servers[number % 2].port))
        at, acknowledged = time.time(), len(load.created)
        heal = await strike()
        made.note(at)
        await until(lambda: has(load, acknowledged + JOBS), seconds=PATIENCE)
        remark = await asyncio.to_thread(heal)
        await until(cluster.is_whole, seconds=PATIENCE)
    for reader in readers:
        reader.check(await logs.log_of(made.owner, reader.job_id))
    longest = max(later - earlier for earlier, later in pairs([at, *(m for m in load.answered if m > at)]))
    say(f"{name}: the longest wait for an acknowledgement was {longest:.1f} s; {remark}")
    return Outcome(name, longest, len(readers), sum(reader.resets for reader in readers), remark)


def pairs(moments: list[float]) -> list[tuple[float, float]]:
    """Return neighbours."""
    return list(itertools.pairwise(moments))


async def play(cluster: PatroniCluster) -> int:
    """Play all three, and judge the log."""

    async def kill() -> Callable[[], str]:
        node = await cluster.leader()
        await asyncio.to_thread(node.kill)

        def heal() -> str:
            cluster.restart(node)
            return f"{node.name} came back as a standby"

        return heal

    async def switch_over() -> Callable[[], str]:
        await cluster.switch_over()
        return lambda: "asked for by Patroni's API"

    async def part() -> Callable[[], str]:
        node = await cluster.leader()
        node.part()
        first = await asyncio.to_thread(node.psql, WRITE, 3)
        return lambda: _rejoined(node, first)

    async with world(cluster, SEED, workers=2, thinking=0.15) as made:
        async with under_load(made, callers=2, pause=0.4) as load:
            outcomes = [
                await with_fault(made, cluster, load, name, strike)
                for name, strike in (("switchover", switch_over), ("kill", kill), ("partition", part))
            ]
        verdict = await judge(made, "failover", load)
        found = (await verify(cluster.url, processes=1)).findings
        stray = await fetch(made.owner, "SELECT to_regclass('stray') IS NULL")
    print(table(outcomes, verdict.acknowledged))  # noqa: T201 - the outcome
    problems = [*verdict.violations, *map(str, found)]
    problems += [one.remark for one in outcomes if "ACKNOWLEDGED" in one.remark]
    problems += [] if stray[0][0] else ["A write of the primary that was cut off is in the log."]
    for problem in problems:
        say(problem)
    return 0 if verdict.is_clean and not problems else 1


def _rejoined(node: Node, first: str) -> str:
    """Try to write on the isolated primary, then let it rejoin."""
    later = node.psql(WRITE, 8)
    node.join()
    return f"writes on the primary that was cut off: at once {_refusal(first)}, later {_refusal(later)}"


def _refusal(told: str) -> str:
    """Return what a writer was told, in short."""
    return told.splitlines()[-1].strip()[-50:] if told else "ACKNOWLEDGED"


def table(outcomes: list[Outcome], acknowledged: int) -> str:
    """Return a table in Markdown."""
    head = ("failover", "longest wait for an acknowledgement", "streams open", "resets", "remark")
    rows = [head, ("---",) * len(head)]
    rows += [
        (one.name, f"{one.seconds:.1f} s", str(one.streams), str(one.resets), one.remark) for one in outcomes
    ]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([*lines, "", f"{acknowledged} jobs were acknowledged; each is in the log, once."])


def say(text: str) -> None:
    """Print progress."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


async def run(bin_folder: Path) -> int:
    """Make the cluster and play."""
    with passable_folder("dossier-failover-") as folder, networks(folder, bin_folder) as nodes:
        cluster = PatroniCluster(nodes)
        try:
            await cluster.begin()
            say(f"{cluster.nodes[0].name}, {cluster.nodes[1].name}: {await cluster.members()}")
            return await play(cluster)
        except BaseException:
            for node in cluster.servers:
                with contextlib.suppress(OSError):
                    say(f"----- {node.name} -----\n{node.log()}")
            raise


def main() -> int:
    """Enter a network of its own, and run."""
    bin_folder = programs()
    if bin_folder is None or os.geteuid() != 0:
        say("Skipped: this needs root, and the packages postgresql, patroni, etcd-server and iproute2.")
        return 0
    if not os.environ.get(INSIDE):
        os.environ[INSIDE] = "yes"
        os.execvp("unshare", ["unshare", "--net", sys.executable, "-m", "tests.failover"])
    return asyncio.run(run(bin_folder))


if __name__ == "__main__":
    sys.exit(main())
