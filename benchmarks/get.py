"""GET /jobs/{id} per second at 50 clients, over a thousand jobs."""

import random

from app.settings import Settings
from app.wiring import Container
from benchmarks import web
from benchmarks.database import Cluster, fill
from benchmarks.scale import Scale
from benchmarks.table import Line

JOBS = 1000


async def measure(cluster: Cluster, scale: Scale) -> list[Line]:
    async with cluster.database() as url:
        house = Container(Settings(), url)
        jobs = await fill(house.writer, JOBS)
        await house.engine.dispose()
        ours = [web.get(f"/jobs/{job.id}") for job in random.choices(jobs, k=5 * JOBS)]
        bare = web.get("/constant")
        name = "GET /jobs/{id}, 50 clients"
        return [await web.compare(name, url, cluster.postmaster, ours, bare, scale, "≥ 75 %")]
