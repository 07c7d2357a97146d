"""`dossier mark` and `dossier library`: what readers keep about jobs."""

from typing import Any, get_args

import click

from app.cli.naming import find_job
from app.cli.printing import print_table
from app.cli.saved_filters import find_filter
from app.cli.server_connection import connect
from app.cli.terminal import counted, line, one_of, print_json
from dossier.job_types import JobSort, Mark, Outcome, Status
from dossier.library_types import JobSearch, Library

EXAMPLE_MARK = "dossier mark last --favourite --add kitchen --note 'Cook it.'"


@click.command(epilog=f"Example: {EXAMPLE_MARK}")
@click.argument("job_id")
@click.option("--favourite/--no-favourite", default=None, help="Whether it is a favourite.")
@click.option("--note", metavar="TEXT", help='Replace the note; "" takes it away.')
@click.option("--add", "added", multiple=True, metavar="NAME", help="Put it into a collection; repeatable.")
@click.option("--remove", "removed", multiple=True, metavar="NAME", help="Take it out of one; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Print the mark as JSON.")
def mark(
    job_id: str,
    *,
    favourite: bool | None,
    note: str | None,
    added: tuple[str, ...],
    removed: tuple[str, ...],
    as_json: bool,
) -> None:
    """Make a job a favourite, note something, collect it.

    Without options, show its mark. A mark is kept beside the job, not in its log.
    """
    with connect() as dossier:
        key = find_job(dossier, job_id)
        names = None
        if added or removed:
            kept = dossier.mark(key).collections
            names = [name for name in dict.fromkeys((*kept, *added)) if name not in removed]
        made = dossier.mark(key, favourite=favourite, note=note, collections=names)
    if as_json:
        print_json(made)
    else:
        _print_mark(made)


def _print_mark(made: Mark) -> None:
    click.echo("Favourite." if made.favourite else "No favourite.")
    click.echo(f"Collections: {', '.join(made.collections) or 'none'}.")
    click.echo(f"Note: {made.note}" if made.note else "No note.")


@click.group(epilog="Example: dossier library show")
def library() -> None:
    """List collections, save and delete filters."""


@library.command("show", epilog="Example: dossier library show --json")
@click.option("--json", "as_json", is_flag=True, help="Print {favourites, collections, filters} as JSON.")
def show_library(*, as_json: bool) -> None:
    """List the collections and the saved filters."""
    with connect() as dossier:
        found = dossier.library()
    if as_json:
        print_json(found)
    else:
        _print_library(found)


def _print_library(found: Library) -> None:
    line(f"{counted(found.favourites, 'favourite')}: dossier jobs --favourite")
    rows = [("collection", one.name, counted(one.jobs, "job")) for one in found.collections]
    rows += [("filter", one.name, _words(one.search)) for one in found.filters]
    print_table(
        ("Kind", "Name", "Holds"), rows, empty=f"No collections and no filters yet. Try: {EXAMPLE_MARK}"
    )


def _words(search: JobSearch) -> str:
    given = ((name, getattr(search, name)) for name in JobSearch.__struct_fields__)
    parts = [f"{name}={_shown(value)}" for name, value in given if value and value != "newest"]
    return " ".join(parts) or "all jobs"


def _shown(value: Any) -> str:  # noqa: ANN401 - any field of a search
    return ",".join(value) if isinstance(value, tuple) else "yes" if value is True else str(value)


@library.command("save", epilog="Example: dossier library save dear --min-cost 1 --sort costliest")
@click.argument("name")
@click.option("--search", "q", metavar="WORDS", help="Words of question, report or note.")
@click.option(
    "--status", type=click.Choice(get_args(Status)), metavar="STATUS", help=one_of(get_args(Status))
)
@click.option("--outcome", type=click.Choice(get_args(Outcome)))
@click.option("--tag", "tags", multiple=True, help="Repeatable: all of them.")
@click.option("--favourite", is_flag=True, help="Favourites alone.")
@click.option("--collection", metavar="NAME", help="The jobs of this collection.")
@click.option("--min-cost", type=click.FloatRange(0), help="Completed jobs that cost this much, in $.")
@click.option("--max-cost", type=click.FloatRange(0), help="Completed jobs that cost no more, in $.")
@click.option("--sort", default="newest", show_default=True, type=click.Choice(get_args(JobSort)))
@click.option("--json", "as_json", is_flag=True, help="Print the filter as JSON.")
def save_filter(name: str, *, as_json: bool, **search: Any) -> None:  # noqa: ANN401 - click's
    """Save a filter of jobs, in place of one of that name."""
    with connect() as dossier:
        saved = dossier.save_filter(name, JobSearch(**search))
    if as_json:
        print_json(saved)
    else:
        line(f"Saved. List its jobs: dossier jobs --filter {name!r}")


@library.command("delete", epilog="Example: dossier library delete dear")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print {deleted} as JSON.")
def delete_filter(name: str, *, as_json: bool) -> None:
    """Delete a saved filter, and no job."""
    with connect() as dossier:
        dossier.delete_filter(find_filter(dossier, name).filter_id)
    if as_json:
        print_json({"deleted": name})
    else:
        click.echo(f"Filter {name} is deleted.")
