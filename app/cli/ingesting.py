"""`dossier ingest`: files and folders become documents."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from click.exceptions import Exit
from msgspec import Struct, field
from rich.progress import Progress

from app.cli.exits import FAILED
from app.cli.shelf import ServerShelf, Shelf, database_shelf, open_shelf
from app.cli.terminal import complain, counted, err, print_json
from app.ingest import builtin, folder
from dossier.document_types import AddedDocument

MAX_NAMED_FILES = 20  # files that a summary for people names; --json names all


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
    removed: int = 0  # by --sync, because their files are gone
    failed: list[str] = field(default_factory=list)  # why, each with its file
    same_text: list[str] = field(default_factory=list)  # documents whose text is there already
    notes: list[str] = field(default_factory=list)  # what is not sure, each with its file
    passed_over: dict[str, int] = field(default_factory=dict)  # files of each format that is not supported
    passed_over_files: list[str] = field(default_factory=list)

    def pass_over(self, paths: Iterable[str]) -> None:
        """Count files of formats that are not supported, and keep their names."""
        for path in paths:
            ending = Path(path).suffix.lower() or "without ending"
            self.passed_over[ending] = self.passed_over.get(ending, 0) + 1
            self.passed_over_files.append(path)
        self.passed_over = dict(sorted(self.passed_over.items()))

    def __str__(self) -> str:
        said = f"{self.stored} added or changed, {self.unchanged} unchanged, {len(self.failed)} failed."
        if self.removed:
            said += f" {self.removed} removed, because their files are gone."
        if self.same_text:
            said += f" {len(self.same_text)} whose text is there already: {_named(self.same_text)}."
        if self.passed_over:
            counts = ", ".join(f"{count} {suffix}" for suffix, count in self.passed_over.items())
            said += f" Passed over, because the format is not supported: {counts}."
            said += f"\nPassed over: {_named(self.passed_over_files)}."
        return said


def _named(names: list[str]) -> str:
    """Return the first names, and how many more there are."""
    shown = ", ".join(names[:MAX_NAMED_FILES])
    return shown if len(names) <= MAX_NAMED_FILES else f"{shown}, and {len(names) - MAX_NAMED_FILES} more"


@click.command(epilog="Example: dossier ingest ~/notes handbook.pdf")
@click.argument("paths", nargs=-1, type=NamedPath(path_type=Path))
@click.option("--builtin", "with_builtin", is_flag=True, help="Python's reference and the installed READMEs.")
@click.option("--sync", is_flag=True, help="Remove the documents of files that are gone from these folders.")
@click.option("--collection", "collections", multiple=True, help="Put the documents into this collection.")
@click.option("--later", is_flag=True, help="Let the server at DOSSIER_URL read them later.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def ingest(
    paths: tuple[Path, ...],
    *,
    with_builtin: bool,
    sync: bool,
    collections: tuple[str, ...],
    later: bool,
    as_json: bool,
) -> None:
    """Add documents to search.

    PATHS are files and folders. Texts, web pages, office files, PDFs, books, mail, tables, data, notebooks,
    source code, and .zip and .gz of them are read. What has not changed is left alone, and no text is stored
    twice. A file that cannot be read does not stop the others, and makes the exit code 1. Other formats in a
    folder are counted and named; the exit code is 1 where nothing else was there.
    """
    if not paths and not with_builtin:
        raise click.UsageError("Name files or folders, or pass --builtin.")
    if later and (with_builtin or sync):
        raise click.UsageError("--later goes with neither --builtin nor --sync.")
    summary = Summary()
    with open_shelf() as shelf:
        if later:
            _submit(shelf, list(folder.files(paths)), collections, as_json=as_json)
            return
        if with_builtin:
            _tell(shelf.put_all(builtin.documents()), summary)
        if sync:
            summary.removed = sum(_remove_gone(shelf, path) for path in paths if path.is_dir())
        ingest_files(shelf, list(folder.files(paths)), summary, collections, sync=sync)
    summary.pass_over(map(str, folder.passed_over(paths)))
    _show(summary, as_json=as_json)


def _submit(shelf: Shelf, files: list[Path], collections: tuple[str, ...], *, as_json: bool) -> None:
    if not isinstance(shelf, ServerShelf):
        raise click.UsageError("Set DOSSIER_URL: only a server reads files later.")
    sent = [shelf.submit_file(path, collections) for path in files]
    if as_json:
        print_json(sent)
    else:
        click.echo(f"Sent {counted(len(sent), 'file')}. See how far: dossier documents ingestions")


def _show(summary: Summary, *, as_json: bool) -> None:
    if as_json:
        print_json(summary)
    else:
        for why in (*summary.failed, *summary.notes):
            complain(why)
        click.echo(summary)
    is_empty = not (summary.stored or summary.unchanged or summary.same_text)
    if summary.failed or (summary.passed_over and is_empty):
        raise Exit(FAILED.number)


def ingest_files(
    shelf: Shelf,
    files: list[Path],
    summary: Summary,
    collections: tuple[str, ...] = (),
    *,
    sync: bool = False,
) -> None:
    """Store the documents of files, and show which file is read."""
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("", total=len(files))
        for number, path in enumerate(files, 1):
            progress.update(task, description=f"File {number} of {len(files)}: {path.name[:40]}")
            added = shelf.put_file(path, collections)
            _tell(added.documents, summary)
            summary.failed += added.failed
            summary.pass_over(added.skipped)
            if sync and not added.failed:
                kept = {one.url for one in added.documents}
                summary.removed += _remove_others(shelf, f"{path.resolve().as_uri()}!/", kept)
            progress.advance(task)


def _tell(stored: Iterable[AddedDocument], summary: Summary) -> None:
    for one in stored:
        if one.change == "unchanged":
            summary.unchanged += 1
        elif one.change == "same_text":
            summary.same_text.append(f"{one.url} (as {one.same_text_as})")
        else:
            summary.stored += 1
        if one.note:
            summary.notes.append(f"{one.url}: {one.note}")


def _remove_gone(shelf: Shelf, top: Path) -> int:
    """Remove the documents of files that are no longer in a folder."""
    address = top.resolve().as_uri()
    there = {path.resolve().as_uri() for path in folder.files([top])}
    gone = [one for one in shelf.listed(f"{address}/") if one.url.partition("!/")[0] not in there]
    for one in gone:
        shelf.remove_one(one.document_id)
    return len(gone)


def _remove_others(shelf: Shelf, url_prefix: str, kept: set[str]) -> int:
    """Remove the documents of files that are no longer in an archive."""
    gone = [one for one in shelf.listed(url_prefix) if one.url not in kept]
    for one in gone:
        shelf.remove_one(one.document_id)
    return len(gone)


def add_examples(url: str, *, only_first: bool) -> str:
    """Store Python's reference, with `only_first` only where nothing is.

    Blocks, and runs an event loop of its own. Returns what was done.
    """
    with database_shelf(url) as shelf:
        known = next(iter(shelf.listed("" if only_first else "pydoc:")), None)
        if known:
            return "The documents are already there."
        summary = Summary()
        _tell(shelf.put_all(builtin.python_topics()), summary)
    return f"Ingested the Python reference that every machine has: {counted(summary.stored, 'document')}."
