"""Find the jobs that a person means in the database itself."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from app.cli.naming import LAST, SHOWN_MATCHES, only_job, prefix_of, whole_id
from app.domain.caller import ANYBODY
from app.store import job_lists
from app.store.database import make_engine


def find_stored_jobs(url: str, texts: Sequence[str]) -> tuple[UUID, ...]:
    """Return the ids of the jobs meant, from the database itself."""
    if all(whole_id(text) for text in texts):
        return tuple(UUID(text) for text in texts)
    return asyncio.run(_find_stored(url, texts))


async def _find_stored(url: str, texts: Sequence[str]) -> tuple[UUID, ...]:
    engine = make_engine(url, pool_size=1)
    try:
        found = []
        for text in texts:
            whole = whole_id(text)
            prefix, limit = ("", 1) if text == LAST else (prefix_of(text), SHOWN_MATCHES + 1)
            page = await job_lists.page(engine, ANYBODY, job_lists.JobFilter(id_prefix=prefix), limit)
            found.append(whole or only_job(text, page.jobs))
        return tuple(found)
    finally:
        await engine.dispose()
