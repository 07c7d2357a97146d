"""Show what a server offers, and estimate jobs."""

from typing import get_args

import click

from app.cli.printing import print_table
from app.cli.server_connection import connect
from app.cli.terminal import counted, print_json
from dossier.discovery_types import EffortOffer, Past, PastFigures
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
    engines = ", ".join(offered.search_engines) or "none on the web"
    click.echo(f"Search: {engines}; {counted(offered.documents, 'document')}")
    names = ("Effort", "Searches", "Pages", "Calls", "Seconds", "Usually")
    print_table(names, list(map(_cells, offered.efforts)), right=names[1:5])


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
    click.echo(f"At most: {counted(found.max_calls, 'call')}, {found.deadline_seconds} s of work")
    click.echo(f"Waiting before it: {counted(found.waiting_jobs, 'job')}")


def _cells(one: EffortOffer) -> tuple[str, ...]:
    most = (one.max_searches, one.max_pages, one.max_calls, one.deadline_seconds)
    return one.effort, *map(str, most), _usually(one.past)


def _usually(past: Past | None) -> str:
    if past is None:
        return "not known: no such job was completed lately"
    cost = f", ${_range(past.cost_usd, 4)}" if past.cost_usd else ", at an unknown cost"
    return (
        f"{_range(past.calls, 0)} calls, {_range(past.seconds, 0)} s{cost} (of {counted(past.jobs, 'job')})"
    )


def _range(figures: PastFigures, digits: int) -> str:
    low, high = f"{figures.p50:.{digits}f}", f"{figures.p90:.{digits}f}"
    return low if low == high else f"{low} to {high}"
