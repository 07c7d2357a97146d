"""A webhook is sent again if its worker dies before recording it."""

import httpx

from app.domain.caller import ANYBODY
from app.store import webhook_endpoints
from app.store.database import fetch
from app.worker.crash import VARIABLE
from dossier.webhook_types import NewWebhook
from tests.mocks.serving import served
from tests.steps import completed_job, until

CLAIM_ENDS = "UPDATE webhook_deliveries SET next_at = now() WHERE state = 'pending'"
OVER = "SELECT state, attempts FROM webhook_deliveries WHERE state = 'delivered'"


class Taker:
    """A receiver that takes every message."""

    def __init__(self):
        self.got = []

    async def answer(self, request):
        self.got.append((request.headers["webhook-id"], request.content))
        return httpx.Response(204)


async def test_a_message_that_was_sent_and_not_recorded_is_sent_again_under_its_id(fleet, writer):
    taker, environment = Taker(), {"DOSSIER_ALLOW_PRIVATE_HOSTS": "127.0.0.1"}
    async with served(taker) as address:
        new = NewWebhook(f"{address}/hook")
        assert await webhook_endpoints.add_endpoint(writer.engine, ANYBODY, new)
        await completed_job(writer)  # before there is a worker that would claim it
        dying = fleet.worker(**environment, **{VARIABLE: "after_webhook"})
        await dying.start()
        assert await dying.ended() == -9

        await fleet.worker(**environment).start()
        await fetch(writer.engine, CLAIM_ENDS)
        [(state, attempts)] = await until(lambda: fetch(writer.engine, OVER))

    assert (state, attempts) == ("delivered", 2)
    assert len(taker.got) == 2
    assert taker.got[0] == taker.got[1]
