"""`dossier ingest` and `dossier documents`: the documents that a search finds."""

import asyncio
from pathlib import Path
from typing import Any

import rich_click as click
from click.exceptions import Exit
from msgspec import Struct, field
from rich.progress import Progress

from app.cli.database_url import ready_url
from app.cli.exits import FAILED
from app.cli.printing import print_table
from app.cli.terminal import complain, err, print_json
from app.errors import BadDocument, BadSetting
from app.ingest import builtin, extract
from app.ingest.confined import confined_document
from app.settings import Settings, load_settings
from app.store import corpus
from app.store.database import Engine, make_engine

Extracted = extract.ExtractedDocument | BadDocument


class NamedPath(click.Path):
    """A path that is not empty, which would mean the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - click's
        """Refuse the empty path."""
        if value == "":
            self.fail("The path is empty: name a file or a folder, or . for this one.", param, ctx)
        return super().convert(value, param, ctx)


class Summary(Struct):
    """What became of the documents."""

    stored: int = 0  # new or changed
    unchanged: int = 0
    failed: list[str] = field(default_factory=list)  # why, each with its file
    passed_over: dict[str, int] = field(default_factory=dict)  # files of each format that is not supported

    def __str__(self) -> str:
        said = f"{self.stored} added or changed, {self.unchanged} unchanged, {len(self.failed)} failed."
        if not self.passed_over:
            return said
        counts = ", ".join(f"{count} {suffix}" for suffix, count in self.passed_over.items())
        return f"{said} Passed over, because the format is not supported: {counts}."


@click.command(epilog="Example: dossier ingest ~/notes handbook.pdf")
@click.argument("paths", nargs=-1, type=NamedPath(path_type=Path))
@click.option("--builtin", "with_builtin", is_flag=True, help="Python's reference and the installed READMEs.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def ingest(paths: tuple[Path, ...], *, with_builtin: bool, as_json: bool) -> None:
    """Add documents to search.

    PATHS are files and folders: .txt, .md, .rst, .html and .pdf. What has not changed is left alone;
    a file that cannot be read does not stop the others, and makes the exit code 1. Other formats in a folder
    are counted; the exit code is 1 where nothing else was there.
    """
    if not paths and not with_builtin:
        raise click.UsageError("Name files or folders, or pass --builtin.")
    url = ready_url(local_settings())
    files = list(extract.files(paths))
    found: list[Extracted] = list(builtin.documents()) if with_builtin else []
    summary = asyncio.run(_ingest(url, files, found))
    summary.passed_over = extract.passed_over(paths)
    if as_json:
        print_json(summary)
    else:
        for why in summary.failed:
            complain(why)
        click.echo(summary)
    if summary.failed or (summary.passed_over and not summary.stored and not summary.unchanged):
        raise Exit(FAILED.number)


def local_settings() -> Settings:
    """Settings under which documents go where they are searched. Raises BadSetting."""
    settings = load_settings()
    if settings.url and not settings.database_url:
        raise BadSetting(
            "Documents go straight into the database: set DATABASE_URL to that of the server at DOSSIER_URL."
        )
    return settings


async def _ingest(url: str, files: list[Path], found: list[Extracted]) -> Summary:
    engine = make_engine(url, pool_size=1)
    try:
        return await store(engine, [*found, *files])
    finally:
        await engine.dispose()


async def add_examples(url: str, *, only_first: bool) -> str:
    """Store Python's reference, with `only_first` only where nothing is.

    Returns what was done.
    """
    engine = make_engine(url, pool_size=1)
    try:
        known = await corpus.documents(engine, 1, after="" if only_first else "pydoc:")
        if known and (only_first or known[0].url.startswith("pydoc:")):
            return "The documents are already there."
        summary = await store(engine, list(builtin.python_topics()))
        return f"Ingested the Python reference that every machine has: {summary.stored} documents."
    finally:
        await engine.dispose()


async def store(engine: Engine, items: list[Extracted | Path]) -> Summary:
    """Store documents and files, under a progress bar."""
    summary = Summary()
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        for item in progress.track(items, description="Reading"):
            await _store(engine, _document(item), summary)
    return summary


def _document(item: Extracted | Path) -> Extracted:
    if not isinstance(item, Path):
        return item
    try:
        return confined_document(item)
    except BadDocument as error:
        return error


async def _store(engine: Engine, found: Extracted, summary: Summary) -> None:
    if isinstance(found, BadDocument):
        summary.failed.append(str(found))
    elif await corpus.put(engine, found.url, found.title, found.text):
        summary.stored += 1
    else:
        summary.unchanged += 1


@click.group(epilog="Example: dossier documents list")
def documents() -> None:
    """List or remove ingested documents."""


@documents.command("list", epilog="Example: dossier documents list --json")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def list_documents(*, as_json: bool) -> None:
    """List the ingested documents by their URLs."""
    found = asyncio.run(_list(ready_url(local_settings())))
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo("No documents yet; try `dossier ingest --builtin`.")
        return
    rows = [(one.url, one.title, f"{one.size:,}") for one in found]
    print_table(("URL", "Title", "Characters"), rows, cut="Title", right=("Characters",))


async def _list(url: str) -> list[corpus.ListedDocument]:
    engine = make_engine(url, pool_size=1)
    found: list[corpus.ListedDocument] = []
    try:
        while page := await corpus.documents(
            engine, corpus.MAX_LISTED_DOCUMENTS, after=found[-1].url if found else ""
        ):
            found += page
    finally:
        await engine.dispose()
    return found


@documents.command("remove", epilog="Example: dossier documents remove file:///home/me/notes/")
@click.argument("url_prefix")
@click.option("--json", "as_json", is_flag=True, help="Print {removed} as JSON.")
def remove(url_prefix: str, *, as_json: bool) -> None:
    """Remove the documents whose URL begins with URL_PREFIX."""
    if not url_prefix:
        raise click.UsageError("An empty prefix would remove everything.")
    count = asyncio.run(_remove(ready_url(local_settings()), url_prefix))
    if as_json:
        print_json({"removed": count})
    else:
        click.echo(f"{count} documents removed.")


async def _remove(url: str, url_prefix: str) -> int:
    engine = make_engine(url, pool_size=1)
    try:
        return await corpus.remove(engine, url_prefix)
    finally:
        await engine.dispose()
