"""`dossier costs` adds up what jobs and documents cost."""

from typing import Any, get_args

import click

from app.cli.printing import print_table
from app.cli.server_connection import connect
from app.cli.terminal import print_json
from dossier.cost_types import CostGroup, CostRow


@click.command(epilog="Example: dossier costs --by tag --days 7")
@click.option("--by", default="day", show_default=True, type=click.Choice(get_args(CostGroup)))
@click.option(
    "--days", default=30, show_default=True, type=click.IntRange(1, 366), help="How many, up to today (UTC)."
)
@click.option("--json", "as_json", is_flag=True, help="Print {by, since, rows, quotas} as JSON.")
def costs(by: Any, days: int, *, as_json: bool) -> None:  # noqa: ANN401 - click's
    """Add up what was spent, by day, tenant, model or tag.

    A job with several tags counts in each of them. Documents have no tag; they cost something where a server
    embeds them.
    """
    with connect() as dossier:
        found = dossier.costs(by, days)
    if as_json:
        print_json(found)
        return
    names = (by.capitalize(), "Jobs", "USD", "Of which documents", "Calls of unknown cost", "Tokens")
    print_table(names, list(map(_cells, found.rows)), empty="Nothing was submitted or embedded in this time.")


def _cells(row: CostRow) -> tuple[str, ...]:
    return (
        row.name or "none",
        str(row.jobs),
        f"{row.cost_usd:.4f}",
        f"{row.documents_usd:.4f}" if row.documents_usd else "",
        str(row.unknown_cost_calls),
        str(row.tokens),
    )
