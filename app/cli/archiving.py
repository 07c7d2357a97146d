"""`dossier archive` moves old months of the log into files.

They leave the database.
"""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import click
from click.exceptions import Exit

from app.audit.archive import ArchivedMonth, check
from app.audit.archive import archive as archive_months
from app.cli.database_url import ready_url
from app.cli.exits import FAILED
from app.cli.terminal import complain, counted, err, print_json
from app.settings import load_settings
from app.store.database import make_engine


@click.group(
    invoke_without_command=True, epilog="Example: dossier archive --before 2026-01 --to /archive --detach"
)
@click.option("--before", metavar="YYYY-MM", help="Months before this one, which must be over.")
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), help="Where the files go.")
@click.option("--detach", is_flag=True, help="Also detach the months from the log.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
@click.pass_context
def archive(
    context: click.Context, before: str | None, folder: Path | None, *, detach: bool, as_json: bool
) -> None:
    """Move old months of the log to files.

    A month is written whole: all its jobs must be over. Its file is read again and verified before the month
    is detached. The detached table stays in the database until you drop it. The user in DATABASE_URL must own
    the tables.
    """
    if context.invoked_subcommand:
        return
    if before is None or folder is None:
        raise click.UsageError("Both --before and --to are needed.")
    until = _month(before)
    kept = asyncio.run(_archive(ready_url(load_settings()), until, folder, detach=detach))
    if as_json:
        print_json([_plain(one) for one in kept])
        return
    for one in kept:
        found = one.manifest
        what = (
            f"{found.month}: {counted(found.events, 'event')} of {counted(found.jobs, 'job')} in {one.path}"
        )
        click.echo(what + (", detached." if one.detached else "."))
    if not kept:
        click.echo(f"No month that is over ends before {before}.")


async def _archive(url: str, before: datetime, folder: Path, *, detach: bool) -> list[ArchivedMonth]:
    engine = make_engine(url, role=None, pool_size=1)
    try:
        with err.status("Writing …"):
            return [one async for one in archive_months(engine, before, folder, detach=detach)]
    finally:
        await engine.dispose()


def _month(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is not a month; use YYYY-MM, e.g. 2026-01.", param_hint="--before"
        ) from None


def _plain(one: ArchivedMonth) -> dict[str, object]:
    found = one.manifest
    return {
        "month": found.month,
        "jobs": found.jobs,
        "events": found.events,
        "file": str(one.path.with_name(found.file)),
        "manifest": str(one.path),
        "sha256": found.sha256,
        "detached": one.detached,
    }


@archive.command(epilog="Example: dossier archive verify events_2025_12.ndjson.zst")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON.")
def verify(files: tuple[Path, ...], *, as_json: bool) -> None:
    """Check archives: every hash of every event, and that none is missing.

    Needs no database. The exit code is 1 if one was altered.
    """
    verdicts = [check(file) for file in files]
    if as_json:
        print_json([{"ok": verdict.ok, "verdict": verdict} for verdict in verdicts])
    for verdict in () if as_json else verdicts:
        looked = f"{counted(verdict.events, 'event')} of {counted(verdict.jobs, 'job')}"
        for finding in verdict.findings:
            click.echo(f"{finding.kind}: {finding.message}")
        if verdict.ok:
            click.echo(f"{verdict.month}: verified, no changes found: {looked}.")
        else:
            complain(f"{verdict.month}: {len(verdict.findings)} findings in {looked}.")
    if not all(verdict.ok for verdict in verdicts):
        raise Exit(FAILED.number)
