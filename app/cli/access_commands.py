"""`dossier access` lists who asked for what."""

import click

from app.cli.naming import find_job
from app.cli.printing import print_table
from app.cli.server_connection import connect
from app.cli.terminal import print_json
from dossier.access_types import AccessLine

ACCESS_COLUMNS = ("Number", "Time", "Tenant", "Who", "Request", "Job", "Status")


@click.command(epilog="Example: dossier access --key 0Ab3dE6h")
@click.option("--key", "key_id", help="Only requests with this key, by its id.")
@click.option("--job", "job_id", help="Only requests about this job.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="Entries.")
@click.option("--cursor", help="Continue the page before, from what it ended with.")
@click.option("--json", "as_json", is_flag=True, help="Print the entries as JSON.")
def access(key_id: str | None, job_id: str | None, limit: int, cursor: str | None, *, as_json: bool) -> None:
    """List who asked for what, newest first.

    Requests are logged once there are keys. The key in use must be an admin's.
    """
    with connect() as dossier:
        job = find_job(dossier, job_id) if job_id else None
        page = dossier.access(key_id=key_id, job_id=job, limit=limit, cursor=cursor)
    if as_json:
        print_json(page)
        return
    rows = [_cells(entry) for entry in page.entries]
    empty = "No requests yet. They are logged once there are keys: dossier key create NAME"
    print_table(ACCESS_COLUMNS, rows, right=("Number", "Status"), empty=empty)
    if page.next_cursor:
        click.echo(f"More: --cursor {page.next_cursor}", err=True)


def _cells(entry: AccessLine) -> tuple[str, ...]:
    return (
        str(entry.number),
        f"{entry.at:%Y-%m-%d %H:%M:%S}",
        entry.tenant or "–",
        entry.actor,
        f"{entry.method} {entry.route}",
        str(entry.job_id or ""),
        str(entry.status),
    )
