"""`dossier share` makes links to reports, and tokens for streams."""

import click

from app.cli.naming import find_job
from app.cli.printing import print_table
from app.cli.server_connection import connect
from app.cli.terminal import complain, print_json
from dossier.share_types import Share


@click.group(epilog="Example: dossier share create last --days 7")
def share() -> None:
    """Make links to reports, and tokens for streams.

    Everybody who has a link can read the report, and nothing else, until it ends.
    """


@share.command("create", epilog="Example: dossier share create last --days 7")
@click.argument("job_id")
@click.option("--days", type=click.IntRange(1, 365), default=30, show_default=True, help="Until it ends.")
@click.option("--json", "as_json", is_flag=True, help="Print the link as JSON.")
def create_share(job_id: str, days: int, *, as_json: bool) -> None:
    """Make a link and print its address once."""
    with connect() as dossier:
        made = dossier.share(find_job(dossier, job_id), expires_in_days=days)
    if as_json:
        print_json(made)
        return
    click.echo(made.url)
    complain(f"Link {made.share.share_id} ends on {made.share.expires_at:%Y-%m-%d}. It is shown only once.")


@share.command("list", epilog="Example: dossier share list last --json")
@click.argument("job_id")
@click.option("--json", "as_json", is_flag=True, help="Print the links as JSON.")
def list_shares(job_id: str, *, as_json: bool) -> None:
    """List the links to a report, never their addresses."""
    with connect() as dossier:
        found = dossier.shares(find_job(dossier, job_id))
    if as_json:
        print_json(found)
        return
    rows = [_cells(one) for one in found.shares]
    empty = f"No links yet. Make one: dossier share create {job_id}"
    print_table(("Id", "Made", "Ends", "Revoked"), rows, empty=empty)


def _cells(one: Share) -> tuple[str, ...]:
    revoked = f"{one.revoked_at:%Y-%m-%d}" if one.revoked_at else ""
    return str(one.share_id), f"{one.created_at:%Y-%m-%d}", f"{one.expires_at:%Y-%m-%d}", revoked


@share.command("stream", epilog="Example: dossier share stream last")
@click.argument("job_id")
@click.option("--json", "as_json", is_flag=True, help="Print the token as JSON.")
def share_stream(job_id: str, *, as_json: bool) -> None:
    """Let a page elsewhere follow one job for 15 minutes.

    Prints the address of the stream, this once. It opens nothing else, and ends with the key in use.
    """
    with connect() as dossier:
        made = dossier.stream_token(find_job(dossier, job_id))
    if as_json:
        print_json(made)
        return
    click.echo(made.stream_url)
    complain(f"It opens this job's stream until {made.expires_at:%H:%M} UTC, and nothing else.")


@share.command("revoke", epilog="Example: dossier share revoke 0199d2a4-5c3b-7000-8000-3f1a5b7c9d00")
@click.argument("share_id")
@click.option("--json", "as_json", is_flag=True, help="Print {revoked} as JSON.")
def revoke_share(share_id: str, *, as_json: bool) -> None:
    """End a link at once."""
    with connect() as dossier:
        dossier.revoke_share(share_id)
    if as_json:
        print_json({"revoked": share_id})
    else:
        click.echo(f"Link {share_id} is revoked.")
