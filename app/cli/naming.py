"""Find the job meant by an id, its beginning, or `last`."""

import re
from collections.abc import Sequence
from uuid import UUID

from app.cli.exits import NO_SUCH_JOB, USAGE, Ended
from dossier import Dossier
from dossier.job_types import JobView

LAST = "last"
PREFIX = re.compile(r"-*(?:[0-9a-fA-F]-*){1,32}")
SHOWN_MATCHES = 5  # of the jobs that an id may mean


def find_job(dossier: Dossier, text: str) -> UUID:
    """Return the id of the job that `text` means.

    Raises Ended where no job or several are meant.
    """
    if (whole := whole_id(text)) is not None:
        return whole
    if text == LAST:
        return only_job(text, dossier.jobs(limit=1).jobs)
    return only_job(text, dossier.jobs(id_prefix=prefix_of(text), limit=SHOWN_MATCHES + 1).jobs)


def whole_id(text: str) -> UUID | None:
    """Return a whole id, None for anything shorter."""
    try:
        return UUID(text)
    except ValueError:
        return None


def prefix_of(text: str) -> str:
    """Return the digits that an id begins with. Raises Ended."""
    if not PREFIX.fullmatch(text):
        said = f"{text!r} is not a job's id: give the id, the beginning of one, or last."
        raise Ended(said, USAGE, "malformed_job_id")
    return text.replace("-", "").lower()


def only_job(text: str, jobs: Sequence[JobView]) -> UUID:
    """Return the id of the one job found. Raises Ended."""
    if not jobs:
        none = "There are no jobs yet." if text == LAST else f"There is no job whose id begins with {text}."
        raise Ended(none, NO_SUCH_JOB, "job_not_found")
    if len(jobs) > 1:
        named = ", ".join(str(job.job_id) for job in jobs[:SHOWN_MATCHES])
        more = " and more" if len(jobs) > SHOWN_MATCHES else ""
        said = f"Several jobs begin with {text}: {named}{more}. Give more of the id."
        raise Ended(said, NO_SUCH_JOB, "ambiguous_job_id")
    return jobs[0].job_id
