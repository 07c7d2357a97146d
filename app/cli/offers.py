"""Show what a server offers, and estimate jobs."""

from typing import get_args

import rich_click as click
from rich.table import Table

from app.cli.server_connection import connect
from app.cli.terminal import out, print_json
from dossier.discovery_types import Past, PastFigures
from dossier.request import Effort


@click.command(epilog="Example: dossier capabilities --json")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def capabilities(*, as_json: bool) -> None:
    """Show what the server offers."""
    with connect() as dossier:
        offered = dossier.capabilities()
    if as_json:
        print_json(offered)
        return
    click.echo(f"Dossier {offered.version}")
    click.echo(f"Models: {', '.join(offered.models) or 'none; sentences are selected from the sources'}")
    click.echo(
        f"Search: {', '.join(offered.search_engines) or 'none on the web'}; {offered.documents:,} documents"
    )
    table = Table(box=None, pad_edge=False)
    for heading in ("effort", "searches", "pages", "calls", "seconds", "usually"):
        table.add_column(heading)
    for one in offered.efforts:
        most = (one.max_searches, one.max_pages, one.max_calls, one.deadline_seconds)
        table.add_row(one.effort, *map(str, most), _usually(one.past))
    out.print(table)


@click.command(epilog='Example: dossier estimate "Which planets have rings?" --effort deep')
@click.argument("query")
@click.option("--effort", default="standard", show_default=True, type=click.Choice(get_args(Effort)))
@click.option("--model", help="A language model other than the server's own.")
@click.option("--json", "as_json", is_flag=True, help="Print the estimate as JSON.")
def estimate(query: str, effort: Effort, model: str | None, *, as_json: bool) -> None:
    """Estimate what a job would take, without submitting it."""
    with connect() as dossier:
        found = dossier.estimate(query, effort=effort, model=model)
    if as_json:
        print_json(found)
        return
    click.echo(f"Usually: {_usually(found.past)}")
    click.echo(f"At most: {found.max_calls} calls, {found.deadline_seconds} s of work")
    click.echo(f"Waiting before it: {found.waiting_jobs} jobs")


def _usually(past: Past | None) -> str:
    if past is None:
        return "not known: no such job was completed lately"
    cost = f", ${_range(past.cost_usd, 4)}" if past.cost_usd else ", at an unknown cost"
    return f"{_range(past.calls, 0)} calls, {_range(past.seconds, 0)} s{cost} (of {past.jobs} jobs)"


def _range(figures: PastFigures, digits: int) -> str:
    low, high = f"{figures.p50:.{digits}f}", f"{figures.p90:.{digits}f}"
    return low if low == high else f"{low} to {high}"
