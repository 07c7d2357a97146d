"""Serve over DATABASE_URL in a process that a test can kill.

python -m tests.page.server <port> <pause>
"""

import os
import sys

import uvloop

from app.stream import connection

connection.RETRY_MS = (100, 200)  # before it is imported from there; else the test waits for seconds


async def serve(port: int, pause: float) -> None:
    from app.api.server import listen, make_server
    from tests.conftest import FAST
    from tests.page.played import PlayedHouse

    house = PlayedHouse(FAST, os.environ["DATABASE_URL"], pause)
    await make_server(house.app(2), house.draining, "error").serve([listen("127.0.0.1", port)])


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), float(sys.argv[2])))
