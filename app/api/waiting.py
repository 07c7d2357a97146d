"""Wait for a job to end."""

import asyncio
import contextlib
from uuid import UUID

from app.api.context import ApiContext
from app.store.wake import Hint

LOOK_EVERY = 0.5  # seconds; a hint can be lost


async def until_over(context: ApiContext, job_id: UUID, seconds: float) -> bool:
    """Return whether the job ended within this time.

    Raises JobNotFound, JobArchived, DatabaseUnavailable.
    """
    moved = asyncio.Event()

    def hear(hint: Hint) -> None:
        if hint.everything or job_id in hint.job_ids:
            moved.set()

    unsubscribe = context.wake.subscribe(hear)
    try:
        with contextlib.suppress(TimeoutError):  # the caller says what a job that goes on means
            async with asyncio.timeout(seconds):
                while not (await context.head(job_id)).is_over:
                    with contextlib.suppress(TimeoutError):  # no news in time: look again
                        async with asyncio.timeout(LOOK_EVERY):
                            await moved.wait()
                    moved.clear()
                return True
    finally:
        unsubscribe()
    return False
