"""Compare the API's requests per second with a constant Litestar route."""

import statistics
from collections.abc import Sequence

import msgspec
import psutil

from benchmarks.child import Child, child
from benchmarks.load import Order, Tally
from benchmarks.machine import Meter
from benchmarks.scale import Scale
from benchmarks.table import Line, Take, line


def get(path: str) -> str:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"


def post(path: str, body: str) -> str:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body.encode())}\r\n\r\n{body}"


async def compare(
    name: str, url: str, postmaster: psutil.Process, ours: Sequence[str], bare: str, scale: Scale, aim: str
) -> Line:
    """Send `ours` to Dossier and `bare` to the constant route, in turn."""
    async with (
        child("benchmarks.server", "constant") as (constant, constant_port),
        child("benchmarks.server", "api", url) as (api, api_port),
        child("benchmarks.load") as (generator, _),
    ):
        pairs, ceilings = [], []
        for _ in range(scale.rounds):
            one, _ = await _round(generator, api, postmaster, Order(int(api_port), list(ours), scale.seconds))
            order = Order(int(constant_port), [bare], scale.seconds)
            two, tally = await _round(generator, constant, postmaster, order)
            pairs.append((one, two))
            ceilings.append(1e6 / tally.us_client)
    note = f"the generator's own ceiling is about {statistics.median(ceilings):,.0f} requests/s"
    return line(name, pairs, aim, note)


async def _round(
    generator: Child, server: Child, postmaster: psutil.Process, order: Order
) -> tuple[Take, Tally]:
    meter = Meter(server.account, postmaster)
    meter.start()
    await generator.tell(msgspec.json.encode(order))
    tally = msgspec.json.decode(await generator.hear(), type=Tally)
    _, python, postgres = meter.stop()
    if tally.refused:
        raise RuntimeError(f"{tally.refused} of {tally.answered} requests were refused.")
    each = 1e6 / tally.answered
    return Take(tally.rate, tally.p50_ms, tally.p99_ms, python * each, postgres * each), tally
