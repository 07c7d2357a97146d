"""`dossier migrate` and `dossier rebuild`: what an operator does to a database."""

import asyncio
import time

import click

from app.cli.database_url import level, owner_url, ready_url
from app.cli.terminal import counted, err, print_json
from app.settings import load_settings
from app.store import migrate as migrations
from app.store.rebuild import Rebuilt, rebuild_at


@click.command(epilog="Example: DATABASE_URL=postgresql://me@localhost/dossier dossier migrate")
@click.option("--json", "as_json", is_flag=True, help="Print {level, before} as JSON.")
def migrate(*, as_json: bool) -> None:
    """Upgrade the database to this version.

    The user in DATABASE_URL must own the tables. Running it twice does nothing.
    """
    url = owner_url(load_settings())
    before = asyncio.run(level(url)) or "none"
    is_later = migrations.serves(before) and before != migrations.expected()
    if not is_later:
        migrations.migrate(url)
    after = before if is_later else migrations.expected()
    if as_json:
        print_json({"level": after, "before": before})
    elif is_later:
        click.echo(f"The database is at level {after}, which a newer version needs. This one runs on it too.")
    else:
        click.echo(f"The database is at level {after} (before: {before}).")


@click.command(epilog="Example: dossier rebuild")
@click.option("--processes", type=click.IntRange(0, 64), default=0, help="0: one for each core.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def rebuild(*, processes: int, as_json: bool) -> None:
    """Rebuild the jobs table from the log.

    The new rows are built beside those that are read, and take the place of the ones that differ. Workers and
    servers may keep running. The user in DATABASE_URL must own the tables.
    """
    url = ready_url(load_settings())
    began = time.monotonic()
    with err.status("Folding every job's events …") as status:

        def told(jobs: int, events: int) -> None:
            rate = events / max(time.monotonic() - began, 0.001)
            status.update(f"{counted(events, 'event')} of {counted(jobs, 'job')}, {rate:,.0f} events/s …")

        found = asyncio.run(rebuild_at(url, processes=processes, told=told))
    if as_json:
        print_json(found)
    else:
        click.echo(_in_words(found, time.monotonic() - began))


def _in_words(found: Rebuilt, seconds: float) -> str:
    said = f"Rebuilt {counted(found.jobs, 'job')} from {counted(found.events, 'event')} in {seconds:.1f} s. "
    said += f"Changed rows: {found.changed:,}; removed rows: {found.removed:,}."
    if found.busy:
        said += f" {found.busy:,} kept changing; each is rewritten with its last event."
    return said
