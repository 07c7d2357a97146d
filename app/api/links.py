"""The addresses in answers.

Events have them without the root path: they outlive the address that they are served at.
"""

from uuid import UUID

from msgspec.structs import replace

from app.domain.job import Job
from dossier.job_types import Callback, Created, JobView


class Links:
    """Addresses below a root path, which may be empty."""

    def __init__(self, root: str = "") -> None:
        self.root = root

    def job(self, job_id: UUID) -> str:
        """Return the address of a job."""
        return f"{self.root}/jobs/{job_id}"

    def created(self, job: Job, callback: Callback | None = None) -> Created:
        """Return the answer for a submitted job.

        Raises ValueError if it was never submitted.
        """
        if job.created_at is None:
            raise ValueError("a job that was never submitted")
        url = self.job(job.id)
        return Created(
            job.id,
            job.status,
            job.progress,
            job.created_at,
            url,
            f"{url}/stream",
            f"{url}/events",
            f"{url}/report",
            callback,
        )

    def shown(self, view: JobView) -> JobView:
        """Return a job with what can be asked about it."""
        url = self.job(view.job_id)
        names = ["stream", "events", "bundle", *(["report", "claims"] if view.result else [])]
        links = {"self": url, **{name: f"{url}/{name}" for name in names}}
        result = view.result and replace(view.result, report_url=f"{url}/report")
        return replace(view, links=links, result=result)
