"""`dossier sql` answers questions about jobs in SQL.

Its role can read the views of `report` only.
"""

import asyncio
import csv
import importlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import click
import msgspec
from click.exceptions import Exit
from rich.table import Table

from app.cli.database_url import ready_url
from app.cli.terminal import complain, harmless, line, out
from app.settings import load_settings
from app.store import analyst_session
from app.store.address import standby_url
from dossier.problems import DossierError

MAX_SHOWN_ROWS = 1000  # rows of a table on a screen
SQL_PROMPT = "dossier=> "
HELP = "End a statement with ;  \\d lists the views, \\d <view> its columns, \\q quits."

_json = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode

Write = Callable[[analyst_session.QueryAnswer], Awaitable[None]]


@click.command(epilog='Example: dossier sql -c "SELECT status, count(*) FROM report.jobs GROUP BY 1"')
@click.option("-c", "--command", "sql", help="Run one statement and exit.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV with a header, as on a pipe.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each row.")
@click.option(
    "--timeout",
    default=60.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Seconds that a statement may take; 0 for no limit.",
)
def sql(*, sql: str | None, as_csv: bool, as_json: bool, timeout: float) -> None:
    """Query the jobs in SQL.

    Opens psql where it is installed, else a prompt. Statements can also come on standard input. They run
    as dossier_report, which reads the views of the schema report and nothing else.
    """
    settings = load_settings()
    # The login of an analyst cannot see the level; Postgres itself reports missing views.
    standby = standby_url(settings.read_url) if settings.read_url else ""
    url = (
        settings.report_url or standby or settings.listen_url or settings.database_url or ready_url(settings)
    )
    if settings.report_url:
        asyncio.run(analyst_session.require_analyst(url, timeout))
    write = _print_json if as_json else _print_table if out.is_terminal and not as_csv else _print_csv
    if sql is None and sys.stdin.isatty() and not as_csv and not as_json and (psql := shutil.which("psql")):
        raise Exit(_run_psql(psql, url, timeout))
    if sql is not None:
        _answer(url, timeout, sql, write)
    elif sys.stdin.isatty():
        _converse(url, timeout, write)
    else:
        for statement in _statements(sys.stdin):
            _answer(url, timeout, statement, write)


def _run_psql(psql: str, url: str, timeout: float) -> int:
    """Run psql as a child and return its exit code.

    The embedded Postgres stops when this process ends, so psql cannot replace it.
    """
    asyncio.run(analyst_session.check(url, timeout))
    inherited = {name: value for name, value in os.environ.items() if name not in {"PGHOSTADDR", "PGSERVICE"}}
    before = signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is for psql
    try:
        return subprocess.call([psql], env={**inherited, **analyst_session.psql_environment(url, timeout)})  # noqa: S603
    finally:
        signal.signal(signal.SIGINT, before)


def _converse(url: str, timeout: float, write: Write) -> None:
    """Prompt for statements where psql is missing.

    An error or Ctrl-C ends a statement, not the prompt.
    """
    importlib.import_module("readline")  # input() then has a history
    line(HELP)
    for statement in _statements(_typed()):
        try:
            _answer(url, timeout, statement, write)
        except KeyboardInterrupt:
            line("Cancelled.")
        except DossierError as error:
            complain(str(error))


def _typed() -> Iterator[str]:
    """The lines that a person types."""
    while True:
        try:
            yield input(SQL_PROMPT)
        except KeyboardInterrupt:
            line("")
        except EOFError:
            return


def _statements(lines: Iterable[str]) -> Iterator[str]:
    r"""Yield the statements.

    Each ends with a semicolon at the end of a line, or with the last line.

    A line that begins with a backslash asks for the views (\d), the columns of one, or the end (\q).
    """
    begun: list[str] = []
    for text in lines:
        if not begun and text.startswith("\\"):
            command, _, view = text[1:].strip().partition(" ")
            if command == "q":
                return
            yield analyst_session.columns_of(view) if view else analyst_session.LIST_VIEWS
            continue
        begun.append(text)
        if text.rstrip().endswith(";"):
            yield "\n".join(begun)
            begun = []
    if any(text.strip() for text in begun):
        yield "\n".join(begun)


def _answer(url: str, timeout: float, statement: str, write: Write) -> None:
    async def answer() -> None:
        async with analyst_session.asking(url, timeout, statement) as found:
            if found.columns:
                await write(found)

    asyncio.run(answer())


async def _print_table(answer: analyst_session.QueryAnswer) -> None:
    table = Table(box=None, pad_edge=False)
    for name, numeric in zip(answer.columns, answer.numeric, strict=True):
        table.add_column(harmless(name), justify="right" if numeric else "left", overflow="fold")
    rows = 0
    async for row in answer.rows:
        rows += 1
        if rows > MAX_SHOWN_ROWS:
            break
        table.add_row(*(harmless(_text(value)) for value in row))
    out.print(table)
    line(f"The first {MAX_SHOWN_ROWS:,} rows; --csv gives all." if rows > MAX_SHOWN_ROWS else f"{rows} rows.")


async def _print_csv(answer: analyst_session.QueryAnswer) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(answer.columns)
    async for row in answer.rows:
        writer.writerow(_text(value) for value in row)


async def _print_json(answer: analyst_session.QueryAnswer) -> None:
    async for row in answer.rows:
        print(_json(dict(zip(answer.columns, row, strict=True))).decode())


def _text(value: Any) -> str:  # noqa: ANN401 - whatever Postgres has
    """Return a value as one cell, empty for null."""
    match value:
        case None:
            return ""
        case str():
            return value
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.isoformat()
        case UUID():
            return str(value)
        case _:
            text: str = _json(value).decode()
            return text
