"""Report a model's progress during a call, at a bounded rate."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from app.agent.ports import Writing
from app.domain import events as e
from app.errors import DatabaseUnavailable, Refused
from app.worker.attempt import Attempt

FIRST_REPORT = 5.0  # seconds of a call until it is first reported
INTERVAL_SHARE = 0.25  # of the time so far until the next report, so that a long call has few
MAX_INTERVAL = 20.0

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def reporting(attempt: Attempt, key: str, writing: Writing) -> AsyncIterator[None]:
    """Record a call's progress, if any, while this is open."""
    reports = asyncio.create_task(_report(attempt, key, writing))
    try:
        yield
    finally:
        reports.cancel()
        await asyncio.gather(reports, return_exceptions=True)


async def _report(attempt: Attempt, key: str, writing: Writing) -> None:
    """Record changes at growing intervals until the lease is lost."""
    waited, wait = 0.0, FIRST_REPORT
    last = ("", 0)
    while True:
        await asyncio.sleep(wait)
        waited += wait
        wait = min(MAX_INTERVAL, max(FIRST_REPORT, INTERVAL_SHARE * waited))
        now = (writing.state, writing.tokens)
        if writing.is_used and now != last:
            try:
                await attempt.record(e.CallProgressed(key, *now))
            except (Refused, DatabaseUnavailable) as error:
                log.debug("The progress of %s was not recorded: %s", key, error)
                return
            last = now
