"""Jobs of months that are over."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain import commands as c
from app.domain.change import change
from app.domain.decide import decide
from app.domain.job import Job
from dossier.request import ResearchRequest

OLD = datetime(2025, 3, 10, 12, tzinfo=UTC)


def old_id(at: datetime) -> UUID:
    """A job's id as it would have been given then."""
    milliseconds = int(at.timestamp() * 1000)
    return UUID(int=(uuid7().int & ((1 << 80) - 1)) | milliseconds << 80)


async def old_job(writer, at=OLD, *, over=True) -> UUID:
    """A job of back then, through the code that writes every job."""
    empty = Job(old_id(at))
    submitted = change(
        empty, decide(c.SubmitJob(ResearchRequest("why?"), "default", 3), empty), at, "api", None
    )
    assert await writer.submit(submitted)
    if over:
        job = submitted.job
        ended = change(job, decide(c.RequestCancel(), job), at + timedelta(seconds=5), "api", None)
        assert await writer.append(ended)
    return empty.id
