"""Print reports and jobs on a screen or a pipe.

On a pipe a report is its markdown, byte for byte.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib import import_module
from typing import Literal

import click
from rich.table import Table

from app.cli.terminal import counted, harmless, line, out
from app.text.report_evidence import parts_of
from app.text.report_languages.english import ENGLISH
from dossier.job_types import Author, JobView, OutputField, Result

WIDE = 100  # columns of a terminal that also has room for when a job was created
NARROW = 72  # columns of a terminal that has no room for whole ids and a question
WRITTEN: dict[Author, str] = {
    "model": "",
    "stand_in": ENGLISH.stand_in,
    "extractive": "Selected from the pages that were read; no language model was used.",
}
SHORT = 13  # characters of a short id: the time of the job to the millisecond


def print_report(markdown: str) -> None:
    """A report on standard output."""
    if out.is_terminal:
        rich_markdown = import_module("rich.markdown")  # it takes long to load, and a pipe does without it
        out.print(rich_markdown.Markdown(harmless(markdown)))
    else:
        click.echo(markdown)


def print_job(view: JobView) -> None:
    """Print all about a job that fits a screen.

    A pipe gets a line for each fact: its name, a tab, its value.
    """
    if not out.is_terminal:
        for row in _rows(view):
            _print_values(row)
        return
    table = Table.grid(padding=(0, 2))
    for name, value in _rows(view):
        table.add_row(f"{name}:", harmless(value))
    out.print(table)


def _rows(view: JobView) -> Iterator[tuple[str, str]]:
    usage = view.usage
    yield "Job", str(view.job_id)
    yield "Question", view.query
    yield "Status", f"{view.status}, {view.progress} %, step {view.steps_completed}: {view.current_step}"
    yield "Effort", f"{view.effort}, priority {view.priority}"
    if view.model:
        yield "Model", view.model
    yield from _wishes(view)
    if view.forked_from:
        yield "Forked from", f"{view.forked_from.job_id}, after event {view.forked_from.after}"
    if view.tags:
        yield "Tags", ", ".join(view.tags)
    yield "Created", _time(view.created_at)
    yield "Started", f"{_time(view.started_at)}, attempt {view.attempt}"
    yield "Over", _time(view.completed_at)
    failed = f", {counted(usage.failed_tries, 'failed try', 'failed tries')}" if usage.failed_tries else ""
    counts = usage_in_words(usage.searches, usage.pages_read, usage.calls)
    yield "Usage", f"{counts}{failed}, {cost_in_words(usage.known_cost_usd, usage.unknown_cost_calls)}"
    if view.error:
        yield "Error", f"{view.error.error_type}: {view.error.error_message}"
        if view.error.outcome_reason:
            yield "Outcome", f"{view.outcome}: {view.error.outcome_reason}"
    if view.result:
        result = view.result
        yield "Result", f"{result.title or 'no title'} ({result.stop_reason}, confidence {result.confidence})"
        yield "Outcome", f"{view.outcome or 'unknown'}: {result.outcome_reason}"
        was_read = any(source.read for source in result.sources)
        if how := WRITTEN[result.written_by]:
            yield "Written by", f"{result.written_by}: {how}" if was_read else result.written_by
        if parts := parts_of(result):
            yield "Parts", " ".join(parts)
        sources = counted(len(result.sources), "source")
        yield "Evidence", f"{counted(len(result.claims), 'cited sentence')}{_added(result)}, {sources} found"
        for field in result.output.fields if result.output else ():
            yield f"Field {field.field}", _field_in_words(field)
        yield "Report", f"dossier report {view.job_id}"


def _wishes(view: JobView) -> Iterator[tuple[str, str]]:
    """Yield what the report is to be like."""
    if view.language:
        yield "Language", view.language
    if view.length is not None:
        yield "Length", f"{view.length} words" if isinstance(view.length, int) else view.length
    if view.outline:
        yield "Headings", "; ".join(view.outline)
    if view.instructions:
        yield "Instructions", view.instructions
    if asked := view.input_request:
        yield "Asks", " ".join(asked.questions)
        for number, step in enumerate(asked.plan or (), 1):
            yield f"Step {number}", step
        yield "Answer", f"dossier answer {view.job_id}, until {_time(asked.expires_at)}"


def _field_in_words(field: OutputField) -> str:
    sources = "".join(f"[{claim.number}]" for claim in field.citations)
    if field.status == "found":
        return f"{field.value} {sources} ({field.confidence})"
    if field.status == "passage":
        quote = " ".join(field.citations[0].quote.split())
        return f"no value; a passage: “{quote}” {sources}"
    return f"not found: {field.reason}"


def _added(result: Result) -> str:
    """Say how many citations the system added."""
    bound = sum(claim.bound for claim in result.claims)
    return f" ({bound} bound by the system)" if bound else ""


def cost_in_words(known_usd: float, unpriced_calls: int) -> str:
    """Return the cost, or its least amount if prices are unknown."""
    if not unpriced_calls:
        return f"${known_usd:.4f}"
    calls = "1 call has" if unpriced_calls == 1 else f"{unpriced_calls} calls have"
    return f"at least ${known_usd:.4f} ({calls} no known price)"


def _time(at: datetime | None) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else "not yet"


def print_jobs(views: Sequence[JobView]) -> None:
    """Print a table of jobs, with only the questions cut.

    A terminal shows what came of a job in place of `completed`; a pipe gets both.
    """
    if not out.is_terminal:
        whole = ("Job", "Status", "Outcome", "%", "Created", "Question")
        print_table(whole, [_whole_cells(view) for view in views], cut=("Question",))
        return
    ids = [str(view.job_id) for view in views]
    shown = _short_ids(ids) if out.width < NARROW else ids
    rows = [[job_id, _state(view), str(view.progress)] for job_id, view in zip(shown, views, strict=True)]
    names = ["Job", "State", "%", "Question"]
    if out.width >= WIDE:
        names = ["Job", "State", "%", "Created", "Question"]
        rows = [[*row, _time(view.created_at)] for row, view in zip(rows, views, strict=True)]
    rows = [[*row, _question(view)] for row, view in zip(rows, views, strict=True)]
    print_table(names, rows, cut=("Question",), right=("%",))


def _whole_cells(view: JobView) -> list[str]:
    outcome, created = view.outcome or "", _time(view.created_at)
    return [str(view.job_id), view.status, outcome, str(view.progress), created, _question(view)]


def _state(view: JobView) -> str:
    """Return a completed job's outcome, or another job's status."""
    state = view.outcome if view.status == "completed" and view.outcome else view.status
    return state.replace("_", " ")


def _question(view: JobView) -> str:
    return " ".join(view.query.split())


def _short_ids(ids: Sequence[str]) -> list[str]:
    """Shorten ids as far as they stay apart."""
    length = SHORT
    while length < max(map(len, ids)) and len({name[:length] for name in ids}) < len(set(ids)):
        length += 1
    return [name[:length] for name in ids]


def usage_in_words(searches: int, pages: int, calls: int) -> str:
    """Return what a job has used, without its cost."""
    return f"{counted(searches, 'search', 'searches')}, {counted(pages, 'page')}, {counted(calls, 'call')}"


def print_table(
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    cut: Sequence[str] = (),
    right: Sequence[str] = (),
    empty: str = "",
) -> None:
    """Print a table of the terminal's width, or tab-separated values.

    Only columns in `cut` are shortened; another one that is too long is folded. Without rows a terminal
    shows `empty` instead, and a pipe gets the names alone.
    """
    if not out.is_terminal:
        for row in (names, *rows):
            _print_values(row)
        return
    if empty and not rows:
        line(empty)
        return
    table = Table(box=None, pad_edge=False)
    for name in names:
        if name in cut:
            table.add_column(name, no_wrap=True, overflow="ellipsis", ratio=1)
        else:
            justify: Literal["right", "left"] = "right" if name in right else "left"
            table.add_column(name, overflow="fold", justify=justify)
    table.expand = bool(cut)
    for row in rows:
        table.add_row(*map(harmless, row))
    out.print(table)


def _print_values(row: Sequence[str]) -> None:
    """Print a line of a pipe."""
    click.echo("\t".join(" ".join(harmless(value).split()) for value in row))
