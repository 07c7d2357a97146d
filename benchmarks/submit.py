"""POST /jobs per second at 50 clients."""

from benchmarks.database import QUESTION, Cluster
from benchmarks.scale import Scale
from benchmarks.table import Line
from benchmarks.web import compare, post

BODY = f'{{"query": "{QUESTION.query}", "effort": "quick", "tags": ["boiling"]}}'


async def measure(cluster: Cluster, scale: Scale) -> list[Line]:
    async with cluster.database() as url:
        ours, bare = [post("/jobs", BODY)], post("/constant", BODY)
        return [await compare("POST /jobs, 50 clients", url, cluster.postmaster, ours, bare, scale, "≥ 50 %")]
