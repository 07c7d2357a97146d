"""Report a model's progress during a call, at a bounded rate.

Of a section of a report that is its text too, so that readers see it grow.
"""

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator

from msgspec import UNSET

from app.agent.ports import Writing
from app.domain import events as e
from app.domain.threaded_work import is_section_key
from app.errors import DatabaseUnavailable, Refused
from app.text.wrapping import THOUGHT_TAG
from app.worker.attempt import Attempt

FIRST_REPORT = 5.0  # seconds of a call until it is first reported
FIRST_TEXT = 3.0  # of a call that writes a section
INTERVAL_SHARE = 0.25  # of the time so far until the next report, so that a long call has few
MAX_INTERVAL = 20.0
MAX_TOLD_TEXT = 8_000  # characters of one report; the next one goes on from there
MAX_SHOWN_SECTION = 40_000  # characters of a section that readers see before it is there

_OPEN_FENCE = re.compile(r"\s*```(?:markdown|md)?[^\S\n]*\n")

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def reporting(attempt: Attempt, key: str, writing: Writing) -> AsyncIterator[None]:
    """Record a call's progress, if any, while this is open."""
    reports = asyncio.create_task(_report(attempt, _Progress(key, writing)))
    try:
        yield
    finally:
        reports.cancel()
        await asyncio.gather(reports, return_exceptions=True)


class _Progress:
    """What of a reply was told already."""

    def __init__(self, key: str, writing: Writing) -> None:
        self._key, self._writing = key, writing
        self._last: tuple[e.WritingState | str, int] = ("", 0)
        self._told = ""
        self.is_text = is_section_key(key)

    def event(self) -> e.CallProgressed | None:
        """Return what is new, None where nothing is."""
        writing = self._writing
        now = (writing.state, writing.tokens)
        if not writing.is_used or now == self._last:
            return None
        self._last = now
        if not self.is_text:
            return e.CallProgressed(self._key, *now)
        text = shown_text(writing.said)
        # Only thoughts that turn out to be some, and a reply that begins again, take back what was told.
        start = len(self._told) if text.startswith(self._told) else 0
        new = text[start : start + MAX_TOLD_TEXT]
        if not new and start == len(self._told):
            return e.CallProgressed(self._key, *now)
        self._told = text[:start] + new
        return e.CallProgressed(self._key, *now, new, start or UNSET)


def shown_text(said: str) -> str:
    """Return a section's text so far, without thoughts and wrapping."""
    tags = list(THOUGHT_TAG.finditer(said))
    if tags:
        said = said[tags[-1].end() :] if tags[-1][1] or tags[-1][2] else ""
    if fence := _OPEN_FENCE.match(said):
        said = said[fence.end() :]
    return said.replace("\x00", "").encode("utf-8", "replace").decode()[:MAX_SHOWN_SECTION]


async def _report(attempt: Attempt, progress: _Progress) -> None:
    """Record changes at growing intervals until the lease is lost."""
    least = FIRST_TEXT if progress.is_text else FIRST_REPORT
    waited, wait = 0.0, least
    while True:
        await asyncio.sleep(wait)
        waited += wait
        wait = min(MAX_INTERVAL, max(least, INTERVAL_SHARE * waited))
        if (event := progress.event()) is None:
            continue
        try:
            await attempt.record(event)
        except (Refused, DatabaseUnavailable) as error:
            log.debug("The progress of a call was not recorded: %s", error)
            return
