"""The hub says what its readers wait for."""

import asyncio
from uuid import UUID

from app.domain.caller import ANYBODY
from app.store.database import make_engine
from app.store.event_feed import Cursor
from app.store.wake import Wake
from app.stream.hub import Hub
from tests.steps import until

NOWHERE = "postgresql://nobody@127.0.0.1:9/none"


async def test_that_streams_and_feeds_wait_for_the_database_is_logged(caplog):
    engine = make_engine(NOWHERE)
    hub = Hub(engine, Wake(engine, None), asyncio.Event(), 10)
    hub.topic(ANYBODY, UUID(int=1), 0)
    hub.feed(ANYBODY, None, Cursor(0, 0))
    running = asyncio.create_task(hub.run())

    async def both_said():
        return {"Streams", "Feeds"} <= {
            message.partition(" wait for the database: ")[0] for message in caplog.messages
        }

    await until(both_said, 60)

    assert not running.done()  # it asks again
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await engine.dispose()
