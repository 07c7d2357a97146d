"""Webhooks deliver each event at least once, in order and signed.

This holds whatever the receiver or the worker does.
"""

import asyncio
import contextlib
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import openai
import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from app.domain import commands as c
from app.domain import webhook
from app.providers.webhook_sender import WebhookSender, wished_pause
from app.store import webhook_deliveries, webhook_endpoints
from app.store.analyst_session import connected
from app.store.database import fetch
from app.worker import webhook_courier
from app.worker.webhook_courier import WebhookCourier
from dossier import ApiError, AsyncDossier
from tests.conftest import FAST, TestHouse, serving
from tests.mocks.serving import served
from tests.steps import as_worker, claimed_job, completed_job, until

HTTP = {"http": True}


class Receiver:
    """Answer as told, then accept everything."""

    def __init__(self, *statuses, pause=0.0, **headers):
        self.statuses = list(statuses)
        self.pause = pause
        self.headers = headers
        self.got = []

    async def answer(self, request):
        self.got.append(request)
        await asyncio.sleep(self.pause)
        return httpx.Response(self.statuses.pop(0) if self.statuses else 204, headers=self.headers)

    @property
    def bodies(self):
        return [json.loads(request.content) for request in self.got]

    @property
    def ids(self):
        return [request.headers["webhook-id"] for request in self.got]


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(webhook, "RETRY_WAITS", (0.05,) * 9)
    monkeypatch.setattr(webhook_courier, "COURIER_PAUSE", 0.01)
    monkeypatch.setattr(webhook_courier, "CLAIM_LEASE", timedelta(seconds=1.5))


@contextlib.asynccontextmanager
async def carrying(house, hosts=("127.0.0.1",), **options):
    """A courier at work."""
    sender = WebhookSender(hosts, **options)
    courier = WebhookCourier(house.engine, house.wake, sender, house.metrics, poll=0.05)
    running = asyncio.create_task(courier.run())
    try:
        yield
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await sender.aclose()


@contextlib.asynccontextmanager
async def endpoint(house, receiver, **options):
    """Make an endpoint at this receiver, and a client of the API."""
    async with (
        served(receiver) as address,
        serving(house, workers=0) as url,
        AsyncDossier(url) as dossier,
    ):
        made = await dossier.create_webhook(f"{address}/hook", **options)
        yield dossier, made


async def delivered(dossier, made, count=1, state="delivered"):
    async def are_over():
        page = await dossier.webhook_deliveries(made.webhook.endpoint_id)
        found = [one for one in page.deliveries if one.state == state]
        return found if len(found) >= count else None

    return await until(are_over)


async def test_a_completed_job_is_told_and_standardwebhooks_verifies_it(house):
    receiver = Receiver()
    async with endpoint(house, receiver) as (dossier, made), carrying(house):
        job = await completed_job(house.writer, metadata={"ticket": 7})
        [one] = await delivered(dossier, made)
    [request] = receiver.got
    checked = Verifier(made.secret).verify(request.content, dict(request.headers))
    assert checked["type"] == "job.completed"
    assert checked["data"]["job_id"] == str(job.id)
    assert checked["data"]["metadata"] == {"ticket": 7}
    assert one.message_id == request.headers["webhook-id"]
    assert [attempt.status for attempt in one.attempts] == [204]
    with pytest.raises(WebhookVerificationError):
        Verifier(made.secret).verify(request.content + b" ", dict(request.headers))


async def test_openai_unwraps_the_events_of_its_own_style(house):
    receiver = Receiver()
    async with endpoint(house, receiver, style="openai") as (dossier, made), carrying(house):
        job = await completed_job(house.writer)
        await delivered(dossier, made)
    client = openai.OpenAI(api_key="none", webhook_secret=made.secret)
    event = client.webhooks.unwrap(receiver.got[0].content, dict(receiver.got[0].headers))
    assert (event.type, event.data.id) == ("response.completed", f"resp_{job.id.hex}")


async def test_a_failing_receiver_is_tried_again_under_the_same_id(house):
    receiver = Receiver(500, 302, 429, Location="http://127.0.0.1:1/elsewhere")
    async with endpoint(house, receiver) as (dossier, made), carrying(house):
        await completed_job(house.writer)
        [one] = await delivered(dossier, made)
    assert [attempt.status for attempt in one.attempts] == [500, 302, 429, 204]
    assert len(set(receiver.ids)) == 1


async def test_the_events_of_a_job_keep_their_order_over_failures(house):
    receiver = Receiver(500, 500, 500)
    kinds = ("job.submitted", "job.completed")
    async with endpoint(house, receiver, events=kinds) as (dossier, made), carrying(house):
        await completed_job(house.writer)
        await delivered(dossier, made, 2)
    assert [body["type"] for body in receiver.bodies] == [*["job.submitted"] * 4, "job.completed"]


async def test_one_slow_endpoint_delays_no_other(house):
    slow, quick = Receiver(pause=4), Receiver()
    async with (
        endpoint(house, quick) as (dossier, made),
        served(slow) as address,
        carrying(house, timeout=60),
    ):
        await dossier.create_webhook(address)
        for _ in range(30):
            await completed_job(house.writer)
        await delivered(dossier, made, 20)
    assert len(slow.got) < 30


async def test_a_receiver_that_does_not_answer_in_time_or_is_down_is_tried_again(house):
    receiver = Receiver(pause=0.6)
    async with endpoint(house, receiver) as (dossier, made), carrying(house, timeout=0.2):
        await completed_job(house.writer)
        [one] = await delivered(dossier, made, state="pending")

        async def was_tried():
            page = await dossier.webhook_deliveries(made.webhook.endpoint_id)
            return [try_.error for try_ in page.deliveries[0].attempts if try_.error]

        assert "No answer within 0.2 seconds." in await until(was_tried)
        receiver.pause = 0
        [after] = await delivered(dossier, made)
    assert after.delivery_id == one.delivery_id


async def test_410_disables_the_endpoint_until_it_is_enabled_again(house):
    receiver = Receiver(410)
    async with endpoint(house, receiver) as (dossier, made), carrying(house):
        await completed_job(house.writer)
        [failed] = await delivered(dossier, made, state="failed")
        [gone] = (await dossier.webhooks()).webhooks
        assert gone.disabled_reason == "It answered 410."
        await completed_job(house.writer)

        await dossier.enable_webhook(gone.endpoint_id)
        await dossier.resend_webhook(gone.endpoint_id, failed.delivery_id)
        [again] = await delivered(dossier, made)
    assert again.delivery_id == failed.delivery_id
    assert receiver.ids == [failed.message_id] * 2


async def test_a_message_that_fails_for_three_days_disables_its_endpoint(house):
    receiver = Receiver(*[500] * 99)
    async with endpoint(house, receiver) as (dossier, made), carrying(house):
        await completed_job(house.writer)
        [failed] = await delivered(dossier, made, state="failed")
        assert len(failed.attempts) == 10
        assert (await dossier.webhooks()).webhooks[0].disabled_reason == "A message failed for three days."


async def test_both_secrets_sign_after_a_rotation(house):
    receiver = Receiver()
    async with endpoint(house, receiver) as (dossier, made), carrying(house):
        rotated = await dossier.rotate_webhook(made.webhook.endpoint_id)
        await completed_job(house.writer)
        await delivered(dossier, made)
    assert rotated.webhook.old_secret_until
    for secret in (made.secret, rotated.secret):
        Verifier(secret).verify(receiver.got[0].content, dict(receiver.got[0].headers))


@pytest.mark.parametrize(
    ("hosts", "error"), [((), "private"), (("elsewhere",), "private"), (("127.0.0.1",), None)]
)
async def test_private_addresses_are_refused_in_the_connection(house, hosts, error):
    async def resolve(_host, _port):
        return ["127.0.0.1"]

    sender = WebhookSender(hosts, resolve=resolve)
    answer = await sender.send("https://127.0.0.1:443/", [], b"{}")
    await sender.aclose()
    assert ("private" in (answer.error or "")) == bool(error)


async def test_plain_http_is_refused_except_for_listed_hosts():
    answer = await WebhookSender().send("http://example.com/", [], b"{}")
    assert answer.error == "The address does not begin with https://."


async def test_events_of_before_the_endpoint_are_not_told(house):
    receiver = Receiver()
    await completed_job(house.writer)
    async with endpoint(house, receiver) as (dossier, made), carrying(house):
        later = await completed_job(house.writer)
        await delivered(dossier, made)
    assert [body["data"]["job_id"] for body in receiver.bodies] == [str(later.id)]


async def test_two_couriers_tell_each_event_once(house, database_url):
    receiver, other = Receiver(), TestHouse(FAST, database_url)
    async with endpoint(house, receiver) as (dossier, made), carrying(house), carrying(other):
        for _ in range(10):
            await completed_job(house.writer)
        await delivered(dossier, made, 10)
    await other.engine.dispose()
    assert len(receiver.got) == len(set(receiver.ids)) == 10


async def test_a_courier_that_ends_between_sending_and_recording_sends_again(house, monkeypatch):
    receiver = Receiver()

    async def die(*_args, **_kwargs):
        raise asyncio.CancelledError

    async with endpoint(house, receiver) as (dossier, made):
        with monkeypatch.context() as patched:
            patched.setattr(webhook_courier.WebhookCourier, "_record", die)
            async with carrying(house):
                await completed_job(house.writer)
                await until(lambda: asyncio.sleep(0, bool(receiver.got)))
        async with carrying(house):
            [one] = await delivered(dossier, made)
    assert set(receiver.ids) == {one.message_id}
    assert (one.attempts[0].status, one.attempts[-1].status) == (None, 204)


async def test_a_log_that_lost_its_end_is_read_again_without_repeats(house, owner):
    receiver = Receiver()
    async with endpoint(house, receiver) as (dossier, made), carrying(house):
        await completed_job(house.writer)
        await delivered(dossier, made)
        await fetch(owner, "UPDATE webhook_cursor SET xid = '4000000000'::xid8, position = 4000000000")
        await completed_job(house.writer)
        await delivered(dossier, made, 2)
    assert len(receiver.got) == 2


async def test_a_deleted_endpoint_gets_nothing_more_and_its_secret_is_gone(house, engine):
    receiver = Receiver(*[500] * 99)
    async with endpoint(house, receiver) as (dossier, made), carrying(house):
        await completed_job(house.writer)
        await until(lambda: asyncio.sleep(0, bool(receiver.got)))
        await dossier.delete_webhook(made.webhook.endpoint_id)
        assert (await dossier.webhooks()).webhooks == []
    assert await fetch(engine, "SELECT FROM webhook_endpoints WHERE length(secret) > 0") == []
    assert [row[0] for row in await fetch(engine, "SELECT state FROM webhook_deliveries")] == ["dropped"]


def test_retries_span_three_days_and_obey_a_wish_within_bounds():
    waits = [webhook.next_wait(tries, None, 0) for tries in range(1, 11)]
    assert waits[-1] is None
    assert webhook.next_wait(1, 120.0, 0) == 120.0
    assert webhook.next_wait(1, 1e9, 0) == 86_400.0


def test_a_receiver_asks_for_a_pause_in_seconds_or_until_a_date():
    at = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)

    assert 3590 < wished_pause(at) <= 3600
    assert (wished_pause("30"), wished_pause("9" * 400)) == (30, 999_999_999)
    assert wished_pause("Fri, 01 Jan 1999 00:00:00 GMT") == 0
    assert [wished_pause(text) for text in ("", "soon", "-1", "nan", "1e400", "²")] == [None] * 6


async def test_a_look_that_fails_is_logged_and_the_next_one_delivers(house, monkeypatch, caplog):
    read, failing = webhook_deliveries.read_told, [ValueError("a row of another version")]

    async def once(*args):
        if failing:
            raise failing.pop()
        return await read(*args)

    monkeypatch.setattr(webhook_deliveries, "read_told", once)
    receiver = Receiver()
    async with endpoint(house, receiver) as (dossier, made), carrying(house):
        await completed_job(house.writer)
        await delivered(dossier, made)
    assert "Webhooks could not be looked at" in caplog.text
    assert len(receiver.got) == 1


@pytest.mark.parametrize("turns", range(5))
async def test_a_cancel_that_meets_a_hint_ends_the_courier(house, turns):
    """Before Python 3.12, asyncio.wait_for swallows such a cancel.

    The process would never end.
    """
    courier = WebhookCourier(house.engine, house.wake, WebhookSender(()), house.metrics, poll=60)
    courier._is_listening = True
    running = asyncio.create_task(courier._rest(60))
    await asyncio.sleep(0.05)
    courier._moved.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    ended_by_itself = running.done()
    running.cancel()
    await asyncio.wait([running], timeout=60)
    assert running.cancelled() or ended_by_itself


async def test_tries_are_counted_and_deliveries_are_rows_for_analysts(house, database_url):
    receiver = Receiver(500, 204)
    async with endpoint(house, receiver) as (dossier, made), carrying(house):
        job = await completed_job(house.writer)
        [one] = await delivered(dossier, made)
        async with httpx.AsyncClient(base_url=dossier.url) as http:
            shown = (await http.get("/metrics")).text
    async with connected(database_url, 60) as analyst:
        [row] = await analyst.fetch("SELECT * FROM report.webhook_deliveries")

    for line in (
        'webhook_tries_total{outcome="failed"} 1.0',
        'webhook_tries_total{outcome="delivered"} 1.0',
        "webhook_seconds_count 2.0",
        "webhooks_waiting 0.0",
    ):
        assert f"dossier_{line}\n" in shown
    assert (row["delivery_id"], row["job_id"], row["tenant"]) == (one.delivery_id, job.id, "default")
    assert (row["type"], row["state"], row["attempts"]) == ("job.completed", "delivered", 2)
    assert (row["last_status"], row["last_error"], row["host"]) == (204, None, "127.0.0.1")
    assert row["delivered_at"] >= row["created_at"]


async def test_a_callback_hears_of_its_own_job_alone_and_its_secret_verifies_it(house):
    receiver = Receiver(500)
    async with (
        served(receiver) as address,
        serving(house, workers=0) as url,
        AsyncDossier(url) as dossier,
        carrying(house),
    ):
        made = await dossier.submit("boil?", callback_url=f"{address}/done", idempotency_key="k")
        again = await dossier.submit("boil?", callback_url=f"{address}/other", idempotency_key="k")
        ended = {(await completed_job(house.writer)).id for _ in range(2)}  # the oldest first
        endpoint_id = made.callback.endpoint_id

        async def is_delivered():
            page = await dossier.webhook_deliveries(endpoint_id)
            return page.deliveries if page.deliveries and page.deliveries[0].state == "delivered" else None

        [one] = await until(is_delivered)
        assert (await dossier.webhooks()).webhooks == []
        await fetch(house.engine, "UPDATE webhook_endpoints SET created_at = now() - interval '2 hours'")
        await webhook_endpoints.end_callbacks(house.engine)
        assert not await webhook_endpoints.has_callbacks(house.engine)

    first, second = receiver.got
    assert again.callback == made.callback
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == one.message_id
    assert {request.url.path for request in receiver.got} == {"/done"}
    checked = Verifier(made.callback.secret).verify(second.content, dict(second.headers))
    assert checked["data"]["job_id"] == str(made.job_id)
    assert len(ended) == 2
    assert made.job_id in ended
    assert len(await fetch(house.engine, "SELECT 1 FROM events WHERE data::text LIKE '%/done%'")) == 0


async def test_a_fork_and_a_background_response_call_back_too(house):
    receiver = Receiver()
    async with (
        served(receiver) as address,
        serving(house, workers=0) as url,
        AsyncDossier(url) as dossier,
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client,
        carrying(house),
    ):
        origin = await completed_job(house.writer)
        wish = {"callback_url": f"{address}/fork", "idempotency_key": "k"}
        fork, again = [await dossier.fork(origin.id, instruction="And?", **wish) for _ in range(2)]
        asked = {"model": "dossier-quick", "input": "boil?", "extra_body": {"callback_url": f"{address}/v1"}}
        response = await client.responses.create(background=True, **asked)
        for refused in ({}, {"background": True, "stream": True}):
            with pytest.raises(openai.BadRequestError, match="nobody waits"):
                await client.responses.create(**asked, **refused)
        for _ in range(2):
            job = await claimed_job(house.writer)
            await as_worker(house.writer, job, c.CompleteJob(job.epoch, "answered"))

        async def has_both():
            return len(receiver.got) == 2

        await until(has_both)

    assert again.callback == fork.callback
    secrets = {"/fork": fork.callback.secret, "/v1": response.callback["secret"]}
    told = {
        one.url.path: Verifier(secrets[one.url.path]).verify(one.content, dict(one.headers))
        for one in receiver.got
    }
    assert told["/fork"]["data"]["job_id"] == str(fork.job_id)
    assert told["/v1"]["data"]["job_id"].replace("-", "") == response.id.removeprefix("resp_")


async def test_a_callback_to_a_private_address_is_refused_in_the_connection(house):
    receiver = Receiver()
    async with (
        served(receiver) as address,
        serving(house, workers=0) as url,
        AsyncDossier(url) as dossier,
        carrying(house, hosts=()),
    ):
        made = await dossier.submit("boil?", callback_url=address.replace("http:", "https:"))
        await dossier.cancel(made.job_id)

        async def is_tried():
            page = await dossier.webhook_deliveries(made.callback.endpoint_id)
            tried = [one for one in page.deliveries if one.attempts and one.attempts[0].error]
            return tried or None

        [one] = await until(is_tried)
        with pytest.raises(ApiError) as refused:
            await dossier.submit("boil?", callback_url="javascript:alert(1)")
    assert "127.0.0.1" in one.attempts[0].error
    assert receiver.got == []
    assert (refused.value.code, refused.value.errors[0].field) == ("malformed_url", "callback_url")
