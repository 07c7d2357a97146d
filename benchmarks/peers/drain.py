"""Drain jobs that do nothing beside other queues.

Ours keeps a log with a hash chain, fences and leases; theirs keep the state of a job.
"""

from collections.abc import Mapping
from importlib.util import find_spec

from msgspec import Struct

from app.store.database import driver_url
from benchmarks import drain
from benchmarks.child import child
from benchmarks.database import Cluster
from benchmarks.machine import Meter
from benchmarks.scale import Scale
from benchmarks.table import Line, Take, line

INSTALL = "pip install 'dossier[peers]'"


class Peer(Struct, frozen=True):
    """Another queue, and how it is asked to drain.

    `at_once` is its batch or its concurrency: of those tried, the ones at which it is fastest.
    `share` is the part of our jobs that it gets, so that a slow one ends.
    """

    package: str
    at_once: tuple[int, ...]
    share: float = 1.0
    aim: str = ""


PEERS: Mapping[str, Peer] = {
    "PgQueuer": Peer("pgqueuer", (50, 200), aim="≥ 115 %"),
    "Procrastinate": Peer("procrastinate", (100,), share=0.1),
}


async def measure(cluster: Cluster, scale: Scale) -> list[Line]:
    return [one for name, peer in PEERS.items() for one in await _compare(cluster, scale, name, peer)]


async def _compare(cluster: Cluster, scale: Scale, name: str, peer: Peer) -> list[Line]:
    """Return a line for each batch or concurrency of the peer."""
    if not find_spec(peer.package):
        note = f"{peer.package} is not installed; {INSTALL}"
        return [Line(f"jobs drained, and by {name}", Take(), Take(), 0.0, 0, note=note)]
    found = []
    for at_once in peer.at_once:
        pairs = [await _pair(cluster, scale.jobs, peer, at_once) for _ in range(scale.rounds)]
        note = f"theirs {at_once} at a time, {int(scale.jobs * peer.share):,} jobs; ours {scale.jobs:,}"
        found.append(line(f"jobs drained, and by {name} {at_once}", pairs, peer.aim, note))
    return found


async def _pair(cluster: Cluster, count: int, peer: Peer, at_once: int) -> tuple[Take, Take]:
    async with cluster.database() as url:
        ours = await drain.ours(cluster, url, count)
    async with cluster.bare_database() as url:
        return ours, await _theirs(cluster, url, int(count * peer.share), peer, at_once)


async def _theirs(cluster: Cluster, url: str, count: int, peer: Peer, at_once: int) -> Take:
    module = f"benchmarks.peers.{peer.package}_drain"
    async with child(module, driver_url(url), str(count), str(at_once)) as (running, _):
        meter = Meter(running.account, cluster.postmaster)
        meter.start()
        await running.tell(b"")
        answer = await running.hear()
        spent = meter.stop()
    if answer != b"drained 0":
        raise RuntimeError(f"{peer.package} left jobs behind: {answer.decode()}")
    return drain.take(spent, count)
