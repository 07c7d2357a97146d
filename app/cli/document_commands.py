"""`dossier documents`: search, list or remove documents."""

import click

from app.cli.printing import print_table
from app.cli.shelf import ServerShelf, Shelf, open_shelf
from app.cli.terminal import counted, print_json
from dossier.document_types import DocumentSearch, FoundDocument


@click.group(epilog="Example: dossier documents list")
def documents() -> None:
    """Search, list or remove ingested documents."""


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
        nothing = "No documents yet; try `dossier ingest --builtin`."
        click.echo(f"No documents are in the collection {collection!r}." if collection else nothing)
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


@documents.command("search", epilog="Example: dossier documents search 'What is a context manager?'")
@click.argument("query")
@click.option("--limit", type=click.IntRange(1, 50), default=10, show_default=True, help="How many.")
@click.option("--collection", "collections", multiple=True, help="Only in this one; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def search_documents(query: str, *, limit: int, collections: tuple[str, ...], as_json: bool) -> None:
    """Search the documents as a job does."""
    with open_shelf() as shelf:
        found = shelf.search(DocumentSearch(query, limit, collections))
    if as_json:
        print_json(found)
        return
    if found.failure:
        click.echo(f"Searched by words alone: {found.failure}", err=True)
    if found.rerank_failure:
        click.echo(f"Not sorted again: {found.rerank_failure}", err=True)
    if not found.documents:
        click.echo("Nothing found.")
        return
    heading = "Relevance" if found.reranker else "Score"  # by which they are in order
    print_table(
        (heading, "By words", "By meaning", "URL", "Passage"),
        list(map(_cells, found.documents)),
        cut=("URL", "Passage"),
    )


def _cells(one: FoundDocument) -> tuple[str, ...]:
    fit = one.score if one.relevance is None else one.relevance
    ranks = (str(one.words_rank or ""), str(one.meaning_rank or ""))
    return (f"{fit:.2f}", *ranks, one.url, " ".join(one.passage.split()))


@documents.command("embedding", epilog="Example: dossier documents embedding")
@click.option("--json", "as_json", is_flag=True, help="Print {is_on, documents, models} as JSON.")
def embedding(*, as_json: bool) -> None:
    """Show how far documents are embedded."""
    with open_shelf() as shelf:
        told = shelf.embedding()
    if as_json:
        print_json(told)
        return
    if not told.is_on:
        click.echo("Documents are found by their words alone: docs/sources.md, By meaning.")
        return
    rows = [
        (
            one.name,
            one.state,
            str(told.documents - one.waiting - one.failed),
            str(one.waiting),
            str(one.failed),
        )
        for one in told.models
    ]
    print_table(("Model", "State", "Embedded", "Waiting", "Refused"), rows)
    for one in told.models:
        if one.error:
            click.echo(f"{one.name}: {one.error}", err=True)


@documents.command("ingestions", epilog="Example: dossier documents ingestions --limit 5")
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def list_ingestions(*, limit: int, as_json: bool) -> None:
    """List the files that the server at DOSSIER_URL reads later."""
    with open_shelf() as shelf:
        found = _of_server(shelf).ingestions(limit).ingestions
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo("No files yet; try `dossier ingest --later PATH`.")
        return
    rows = [
        (
            str(one.ingestion_id),
            one.name,
            one.status,
            f"{one.progress} %",
            f"{one.documents_done:,}",
            one.error or "",
        )
        for one in found
    ]
    print_table(("Id", "File", "Status", "Progress", "Documents", "Error"), rows, cut=("File", "Error"))


@documents.command("cancel", epilog="Example: dossier documents cancel 01a21ae7-0bb8-8249-b378-85865ec49303")
@click.argument("ingestion_id")
@click.option("--json", "as_json", is_flag=True, help="Print the file as JSON.")
def cancel(ingestion_id: str, *, as_json: bool) -> None:
    """Cancel a file that the server at DOSSIER_URL reads later."""
    with open_shelf() as shelf:
        found = _of_server(shelf).cancel_ingestion(ingestion_id)
    if as_json:
        print_json(found)
    else:
        stored = counted(found.documents_done, "document")
        click.echo(f"Cancelled {found.name}. Stored of it: at least {stored}.")


def _of_server(shelf: Shelf) -> ServerShelf:
    if not isinstance(shelf, ServerShelf):
        raise click.UsageError("Set DOSSIER_URL: only a server reads files later.")
    return shelf
