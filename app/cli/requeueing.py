"""`dossier requeue` and `dossier retry` give jobs another go."""

from collections.abc import Iterator
from typing import get_args
from uuid import UUID

import click

from app.cli.naming import find_job
from app.cli.server_connection import connect
from app.cli.terminal import one_of, print_json
from dossier import Dossier
from dossier.job_types import ErrorType


@click.command(epilog="Example: dossier requeue last")
@click.argument("job_id")
@click.option("--json", "as_json", is_flag=True, help="Print the job as JSON.")
def requeue(job_id: str, *, as_json: bool) -> None:
    """Take a job from its worker and return it to the queue.

    It costs the job no attempt. Its worker stops at its next write or beat.
    """
    with connect(0) as dossier:
        view = dossier.requeue(find_job(dossier, job_id))
    if as_json:
        print_json(view)
    else:
        click.echo(f"Job {view.job_id} is {view.status} again.")


@click.command(epilog="Example: dossier retry --all --error-type auth")
@click.argument("job_ids", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every failed job that was not retried yet.")
@click.option(
    "--error-type",
    type=click.Choice(get_args(ErrorType)),
    metavar="TYPE",
    help=f"With --all: only jobs that failed so. {one_of(get_args(ErrorType))}",
)
@click.option(
    "--limit",
    default=100,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="With --all: jobs at most.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a list of {failed, job} as JSON.")
def retry(
    job_ids: tuple[str, ...], *, every: bool, error_type: str | None, limit: int, as_json: bool
) -> None:
    """Retry failed jobs, each in a new job.

    The new job takes over what the failed one learnt, and costs nothing for it. Retrying a job twice gives
    the same new job.
    """
    if bool(job_ids) == every:
        raise click.UsageError("Name the jobs to retry, or pass --all.")
    with connect(0) as dossier:
        failed = _failed(dossier, error_type, limit) if every else (find_job(dossier, one) for one in job_ids)
        made = [(job_id, dossier.retry(job_id)) for job_id in failed]
    if as_json:
        print_json([{"failed": job_id, "job": job} for job_id, job in made])
        return
    for job_id, job in made:
        click.echo(f"Job {job_id} is tried again as {job.job_id}.")
    if not made:
        click.echo("No failed job was found.")


def _failed(dossier: Dossier, error_type: str | None, limit: int) -> Iterator[UUID]:
    """Yield failed jobs, the newest first."""
    for view in dossier.iter_jobs(status="failed"):
        if limit and (error_type is None or (view.error and view.error.error_type == error_type)):
            limit -= 1
            yield view.job_id
        if not limit:
            return
