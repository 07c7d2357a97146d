"""`dossier migrate` and `dossier rebuild`: what an operator does to a database."""

import asyncio

import rich_click as click

from app.cli.database import level, owner_url, ready_url
from app.cli.terminal import err, print_json
from app.settings import load_settings
from app.store import migrate as migrations
from app.store.database import make_engine
from app.store.rebuild import rebuild as rebuild_jobs


@click.command(epilog="Example: DATABASE_URL=postgresql://me@localhost/dossier dossier migrate")
def migrate() -> None:
    """Bring the database to the level of this version.

    The user in DATABASE_URL must own the tables. Running it twice does nothing.
    """
    url = owner_url(load_settings())
    before = asyncio.run(level(url)) or "none"
    migrations.migrate(url)
    click.echo(f"The database is at level {migrations.expected()} (before: {before}).")


@click.command(epilog="Example: dossier rebuild")
@click.option("--json", "as_json", is_flag=True, help="Print the count as JSON.")
def rebuild(*, as_json: bool) -> None:
    """Make the tables of jobs again from the log.

    Workers and servers may go on meanwhile.
    """
    url = ready_url(load_settings())
    with err.status("Folding every job's events …"):
        count = asyncio.run(_rebuild(url))
    if as_json:
        print_json({"jobs": count})
    else:
        click.echo(f"{count} jobs were made again from the log.")


async def _rebuild(url: str) -> int:
    """As the owner, because rows that no event stands behind are deleted."""
    engine = make_engine(url, role=None)
    try:
        return await rebuild_jobs(engine)
    finally:
        await engine.dispose()
