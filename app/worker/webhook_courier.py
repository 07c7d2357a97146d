"""Tell webhook endpoints what happens to jobs, at least once."""

import asyncio
import contextlib
import logging
import random
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.domain.webhook import TOLD, message_body, next_wait, signed_headers
from app.errors import DatabaseUnavailable
from app.metrics import ProcessMetrics
from app.providers.webhook_sender import SentAnswer, WebhookSender
from app.store import webhook_deliveries as deliveries
from app.store import webhook_endpoints as endpoints
from app.store.database import Engine
from app.store.wake import Wake
from app.worker import crash

COURIER_POLL = 5.0  # seconds between two looks without a hint
COURIER_PAUSE = 0.1  # seconds between two looks, however many hints come
CLAIM_LEASE = timedelta(seconds=60)  # longer than a message may take
MAX_SENDING = 20  # messages on their way, in one process
PRUNE_EVERY = 3600.0  # seconds
GONE = 410

log = logging.getLogger(__name__)


class WebhookCourier:
    """Turns the feed into deliveries, and sends what is due."""

    def __init__(
        self,
        engine: Engine,
        wake: Wake,
        sender: WebhookSender,
        metrics: ProcessMetrics,
        *,
        poll: float = COURIER_POLL,
        root: str = "",
    ) -> None:
        self._engine = engine
        self._metrics = metrics
        self._wake = wake
        self._sender = sender
        self._poll = poll
        self._root = root
        self._moved = asyncio.Event()
        self._sending: dict[asyncio.Task[None], UUID] = {}
        self._prune_at = 0.0
        self._is_listening = False

    async def run(self) -> None:
        """Work until cancelled. Another worker repeats what is on its way."""
        unsubscribe = self._wake.subscribe(lambda _hint: self._moved.set())
        try:
            while True:
                await self._rest(await self._try_to_look())
        finally:
            unsubscribe()
            for task in self._sending:
                task.cancel()

    async def _try_to_look(self) -> float:
        """Look, and say when next.

        Research goes on whatever happens to webhooks.
        """
        try:
            return await self._look()
        except DatabaseUnavailable:
            log.debug("Webhooks wait for Postgres.")
        except Exception:
            log.exception("Webhooks could not be looked at; they are tried again in %g s.", self._poll)
        return self._poll

    async def _rest(self, wait: float) -> None:
        """Rest until a hint comes.

        With nobody to tell, hints are not worth a look.
        """
        if not self._is_listening:
            await asyncio.sleep(wait)
            return
        await asyncio.sleep(COURIER_PAUSE)
        with contextlib.suppress(TimeoutError):  # then the next look is due
            async with asyncio.timeout(wait):
                await self._moved.wait()

    async def _look(self) -> float:
        """Read the feed, send what is due, and say when next."""
        self._moved.clear()
        listening = await endpoints.listening(self._engine)
        self._is_listening = bool(listening) or await endpoints.has_callbacks(self._engine)
        if not self._is_listening:
            await deliveries.skip_ahead(self._engine)
            return self._poll
        while await self._tell(listening):
            listening = await endpoints.listening(self._engine)
        await self._claim()
        await self._prune()
        due = await deliveries.next_due(self._engine)
        return self._poll if due is None else min(self._poll, max(due, COURIER_PAUSE))

    async def _tell(self, listening: list[endpoints.ListeningEndpoint]) -> bool:
        """Make deliveries of a page, and return whether more follows."""
        start = await deliveries.read_cursor(self._engine)
        page = await deliveries.read_told(self._engine, start)
        if page.end == start:
            return False
        callbacks = await endpoints.callbacks_of(self._engine, [told.job_id for told in page.events])
        new = [
            deliveries.NewDelivery(endpoint.endpoint_id, told, body)
            for told in page.events
            for endpoint in (*listening, *callbacks)
            if endpoint.job_id in {None, told.job_id}
            if endpoint.tenant == told.tenant and TOLD[told.type] in endpoint.events
            if told.xid > endpoint.since
            and (body := message_body(endpoint.style, told, self._root)) is not None
        ]
        await deliveries.move_cursor(self._engine, start, page.end, new)
        return page.is_full or page.end < start

    async def _claim(self) -> None:
        room = MAX_SENDING - len(self._sending)
        if room <= 0:
            return
        busy = list(set(self._sending.values()))
        for due in await deliveries.claim_due(self._engine, busy, room, CLAIM_LEASE):
            task = asyncio.get_running_loop().create_task(self._deliver(due))
            self._sending[task] = due.endpoint_id
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._sending.pop(task, None)
        self._moved.set()
        if not task.cancelled() and (error := task.exception()):
            log.error("A webhook could not be recorded; it is sent again.", exc_info=error)

    async def _deliver(self, due: deliveries.DueDelivery) -> None:
        began = time.monotonic()
        headers = signed_headers(due.secrets, due.message_id, datetime.now(UTC), due.body)
        answer = await self._sender.send(due.url, headers, due.body)
        crash.reached("after_webhook")
        milliseconds = int((time.monotonic() - began) * 1000)
        await self._record(due, answer, milliseconds)

    async def _record(self, due: deliveries.DueDelivery, answer: SentAnswer, milliseconds: int) -> None:
        said = deliveries.Tried(answer.status, answer.error, milliseconds)
        self._metrics.webhook_seconds.observe(milliseconds / 1000)
        if answer.is_taken:
            self._metrics.webhook_tries.labels("delivered").inc()
            await deliveries.record_try(self._engine, due, said, "delivered")
            return
        wait = next_wait(due.tries, answer.retry_after, random.uniform(-1, 1))
        disabled = "It answered 410." if answer.status == GONE else None
        if wait is None:
            disabled = "A message failed for three days."
        self._metrics.webhook_tries.labels("given_up" if disabled else "failed").inc()
        if disabled:
            lost = {"endpoint_id": str(due.endpoint_id), "message_id": due.message_id, "tries": due.tries}
            log.warning("A webhook message is given up.", extra=lost)
            about = {"endpoint_id": str(due.endpoint_id), "reason": disabled}
            log.warning("A webhook endpoint is disabled.", extra=about)
        await deliveries.record_try(
            self._engine, due, said, "failed" if disabled else "pending", wait=wait, disabled=disabled
        )

    async def _prune(self) -> None:
        if time.monotonic() >= self._prune_at:
            self._prune_at = time.monotonic() + PRUNE_EVERY
            await deliveries.prune(self._engine)
            await endpoints.end_callbacks(self._engine)
