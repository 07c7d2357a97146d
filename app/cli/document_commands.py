"""`dossier documents`: list or remove what a search finds."""

import click

from app.cli.printing import print_table
from app.cli.shelf import open_shelf
from app.cli.terminal import counted, print_json


@click.group(epilog="Example: dossier documents list")
def documents() -> None:
    """List or remove ingested documents."""


@documents.command("list", epilog="Example: dossier documents list --json")
@click.option("--collection", help="Only documents of this collection.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def list_documents(*, collection: str | None, as_json: bool) -> None:
    """List the ingested documents by their URLs."""
    with open_shelf() as shelf:
        found = list(shelf.listed(collection=collection))
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo("No documents yet; try `dossier ingest --builtin`.")
        return
    rows = [(one.url, one.title, f"{one.size:,}") for one in found]
    print_table(("URL", "Title", "Characters"), rows, cut=("Title",), right=("Characters",))


@documents.command("remove", epilog="Example: dossier documents remove file:///home/me/notes/")
@click.argument("url_prefix")
@click.option("--json", "as_json", is_flag=True, help="Print {removed} as JSON.")
def remove(url_prefix: str, *, as_json: bool) -> None:
    """Remove the documents whose URL begins with URL_PREFIX."""
    if not url_prefix:
        raise click.UsageError("An empty prefix would remove everything.")
    with open_shelf() as shelf:
        count = shelf.remove(url_prefix)
    if as_json:
        print_json({"removed": count})
    else:
        click.echo(f"Removed {counted(count, 'document')}.")
