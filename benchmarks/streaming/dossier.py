"""Run the API as in production.

It has a way in for frames that no database has seen.

python -m benchmarks.streaming.dossier URL [pushed]
"""

import os
import sys
from uuid import UUID

import uvloop

from app.api.server import listen, make_server
from app.settings import Settings
from app.stream import hub
from app.wiring import Container
from benchmarks.streaming import accounts, events
from benchmarks.streaming.orders import Publish, Published, Started, obey_while, say

PUSHED, NEVER = "pushed", 86_400.0


async def main(url: str, source: str = "") -> None:
    if source == PUSHED:
        hub.STREAM_POLL = NEVER  # it would find that the log in the database ends before what was pushed
    accounts.settle_as(server=True)
    house = Container(Settings(), url)

    def push(job: str, seqs: range) -> None:
        house.hub._topics[UUID(job)].extend([hub.frame(events.row(job, seq)) for seq in seqs])

    async def publish(order: Publish) -> Published:
        return await events.publish(order, push)

    sock = listen("127.0.0.1", 0)
    say(Started(sock.getsockname()[1], os.getpid()))
    await obey_while(make_server(house.app(), house.draining, "error").serve([sock]), publish)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
