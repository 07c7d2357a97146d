"""`dossier show`, `jobs`, `cancel` and `report` answer without waiting."""

import re
import sys
from typing import Any, get_args

import click

from app.cli.asking import how_to_go_on
from app.cli.naming import find_job
from app.cli.printing import print_job, print_jobs, print_report
from app.cli.saved_filters import saved_search
from app.cli.server_connection import connect, is_own
from app.cli.terminal import line, one_of, print_json
from dossier import ReportFormat
from dossier.job_types import JobSort, Outcome, Status

DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
PAGING = {"limit", "sort", "cursor"}  # options that do not say which jobs
REPORT_KINDS = (*get_args(ReportFormat), "docx")


def whole_time(text: str | None) -> str | None:
    """Complete a time that is a date alone, in UTC."""
    return f"{text}T00:00:00Z" if text and DATE.fullmatch(text) else text


@click.command(epilog="Example: dossier show last")
@click.argument("job_id")
@click.option("--at", help="Show a past state: the seq of an event, or a time like 2026-11-23T16:22:30Z.")
@click.option("--json", "as_json", is_flag=True, help="Print the job as JSON.")
def show(job_id: str, at: str | None, *, as_json: bool) -> None:
    """Show one job."""
    with connect() as dossier:
        view = dossier.job(find_job(dossier, job_id), at)
    if as_json:
        print_json(view)
    else:
        print_job(view)


@click.command(epilog="Example: dossier jobs --search 'context manager' --status completed --limit 5")
@click.option("--search", metavar="WORDS", help="Only those with these words in question, report or note.")
@click.option(
    "--status", type=click.Choice(get_args(Status)), metavar="STATUS", help=one_of(get_args(Status))
)
@click.option("--outcome", type=click.Choice(get_args(Outcome)), help="Only those with this outcome.")
@click.option("--tag", "tags", multiple=True, help="Only those that carry it; repeatable: all of them.")
@click.option("--after", "created_after", metavar="TIME", help="Only those created since then.")
@click.option("--before", "created_before", metavar="TIME", help="Only those created before then.")
@click.option("--min-cost", type=click.FloatRange(0), help="Only completed ones that cost this much, in $.")
@click.option("--max-cost", type=click.FloatRange(0), help="Only completed ones that cost no more, in $.")
@click.option("--forked-from", metavar="JOB_ID", help="Only the forks of this job.")
@click.option("--family", metavar="JOB_ID", help="Only what this job goes back to, and all forks of that.")
@click.option("--favourite", is_flag=True, help="Only favourites.")
@click.option("--collection", metavar="NAME", help="Only those in this collection.")
@click.option("--filter", "saved", metavar="NAME", help="A saved filter, instead of the options above.")
@click.option("--sort", default="newest", show_default=True, type=click.Choice(get_args(JobSort)))
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100))
@click.option("--cursor", help="The `next_cursor` of the page before.")
@click.option("--json", "as_json", is_flag=True, help="Print {jobs, next_cursor} as JSON.")
def jobs(*, saved: str | None, as_json: bool, **wanted: Any) -> None:  # noqa: ANN401 - click's
    """List and search jobs, newest first.

    A TIME is a date, or like 2026-11-23T16:22:30Z.
    """
    if saved is not None and any(value for name, value in wanted.items() if name not in PAGING):
        raise click.UsageError("--filter stands alone: leave out the other filters, or --filter.")
    for name in ("created_after", "created_before"):
        wanted[name] = whole_time(wanted[name])
    with connect() as dossier:
        for name in ("forked_from", "family"):
            if wanted[name]:
                wanted[name] = find_job(dossier, wanted[name])
        if saved is not None:
            wanted |= saved_search(dossier, saved)
        page = dossier.jobs(**wanted)
    if as_json:
        print_json(page)
    elif not page.jobs:
        is_narrowed = any(value for name, value in wanted.items() if name not in PAGING - {"cursor"})
        line("No job fits." if is_narrowed else 'No jobs yet; try dossier ask "…".')
    else:
        print_jobs(page.jobs)
        if page.next_cursor:
            line(f"More: --cursor {page.next_cursor}")


@click.command(epilog="Example: dossier cancel last")
@click.argument("job_id")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def cancel(job_id: str, *, as_json: bool) -> None:
    """Cancel a job.

    Nothing more is paid for; a job that is over stays as it is, and the exit code is 1.
    """
    with connect() as dossier:
        answer = dossier.cancel(find_job(dossier, job_id))
    if as_json:
        print_json(answer)
        return
    click.echo(f"{answer.status}: {answer.message}")
    if is_own() and answer.status == "cancelling":
        line(how_to_go_on(answer.job_id))


@click.command("finish", epilog="Example: dossier finish last")
@click.argument("job_id")
@click.option("--json", "as_json", is_flag=True, help="Print the job as JSON.")
def finish_job(job_id: str, *, as_json: bool) -> None:
    """Finish a job now, with what it has.

    The report is written from the pages that were read; its `stop_reason` is finish_requested. A job that
    is over stays as it is, and the exit code is 1.
    """
    with connect() as dossier:
        view = dossier.finish(find_job(dossier, job_id))
    if as_json:
        print_json(view)
        return
    click.echo(f"{view.status}: the report is written now, from what was read.")
    if is_own():
        line(how_to_go_on(view.job_id))


@click.command(epilog="Example: dossier report last --format html > report.html")
@click.argument("job_id")
@click.option("--format", "kind", default="md", show_default=True, type=click.Choice(REPORT_KINDS))
@click.option("--json", "as_json", is_flag=True, help="Print {job_id, format, report} as JSON.")
def report(job_id: str, kind: Any, *, as_json: bool) -> None:  # noqa: ANN401 - click's
    """Print the report of a completed job.

    `bib` and `csl` are its sources. `docx` is a file: redirect it.
    """
    if kind == "docx" and (as_json or sys.stdout.isatty()):
        raise click.UsageError("A docx is a file: leave --json out and add > report.docx")
    with connect() as dossier:
        key = find_job(dossier, job_id)
        if kind == "docx":
            click.echo(dossier.report_docx(key), nl=False)
            return
        text = dossier.report(key, kind)
    if as_json:
        print_json({"job_id": key, "format": kind, "report": text})
    elif kind == "md":
        print_report(text)
    else:
        click.echo(text)
