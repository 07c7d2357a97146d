"""`dossier replay`: today's code over recorded runs, one or all."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import click
from click.exceptions import Exit

from app.cli.database_url import ready_url
from app.cli.exits import FAILED
from app.cli.naming import find_job
from app.cli.server_connection import connect
from app.cli.terminal import counted, err, harmless, line, print_json
from app.domain.caller import Caller
from app.replay import replay as replay_job
from app.settings import load_settings
from app.store import reads
from app.store.database import Engine, make_engine
from app.store.tenants import read_tenants
from dossier.replayed import Replayed

IDS_PAGE_SIZE = 100  # jobs whose ids are in memory at a time; of their logs, one at a time
SINCE = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"])


@click.command(epilog="Example: dossier replay last")
@click.argument("job_id", required=False)
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="Every job in the database, except those of archived months.",
)
@click.option(
    "--since",
    type=SINCE,
    metavar="TIME",
    help="With --all: only jobs submitted since then; UTC, or 2026-11-23.",
)
@click.option("--json", "as_json", is_flag=True, help="Print each outcome as one line of JSON.")
def replay(job_id: str | None, since: datetime | None, *, every: bool, as_json: bool) -> None:
    """Replay a job's log with today's code.

    No provider is called and nothing is written. The outcome is the same run, or the first point of
    difference; then the exit code is 1. --all reads the database itself, with the code installed here.
    """
    if every == bool(job_id) or (since and not every):
        raise click.UsageError("Name a job, or pass --all; --since needs --all.")
    if job_id:
        with connect() as dossier:
            outcome = dossier.replay(find_job(dossier, job_id))
        _print_one(outcome, as_json=as_json)
        differs = outcome.first_difference is not None
    else:
        differs = asyncio.run(_all(ready_url(load_settings()), since, as_json=as_json))
    if differs:
        raise Exit(FAILED.number)


def in_words(outcome: Replayed) -> str:
    """The outcome in one word."""
    if outcome.first_difference:
        return "different"
    return "same" if outcome.same else "incomplete"


def _print_one(outcome: Replayed, *, as_json: bool) -> None:
    if as_json:
        print_json(outcome)
        return
    click.echo(f"{in_words(outcome)}: {counted(outcome.events_compared, 'event')} compared")
    if found := outcome.first_difference:
        click.echo(harmless(f"event {found.seq}: {found.what}"))
        for name, value in (("recorded", found.recorded), ("today", found.today)):
            click.echo(harmless(f"{name}: {value}"))
        if found.diff:
            click.echo(harmless(found.diff))
    for missing in outcome.missing:
        line(f"Not kept any more: {missing.key} (event {missing.seq}, {missing.sha256})")


async def _all(url: str, since: datetime | None, *, as_json: bool) -> bool:
    """Print a row for each job as it comes.

    Returns True if any differs.
    """
    engine, counts = make_engine(url), {"same": 0, "different": 0, "incomplete": 0}
    try:
        if not as_json:
            click.echo(f"{'job':36}  {'outcome':10}  {'events':>6}  first difference")
        with err.status("Replaying …") as status:
            async for outcome in _outcomes(engine, since):
                counts[in_words(outcome)] += 1
                print_json(outcome) if as_json else click.echo(_row(outcome))
                status.update(f"{sum(counts.values())} replayed, {counts['different']} different")
    finally:
        await engine.dispose()
    line(", ".join(f"{count} {name}" for name, count in counts.items()))
    return counts["different"] > 0


async def _outcomes(engine: Engine, since: datetime | None) -> AsyncIterator[Replayed]:
    start = (since if since.tzinfo else since.replace(tzinfo=UTC)) if since else None
    for tenant in await read_tenants(engine):
        async for outcome in _outcomes_of(engine, Caller(tenant.tenant), start):
            yield outcome


async def _outcomes_of(engine: Engine, caller: Caller, start: datetime | None) -> AsyncIterator[Replayed]:
    after = None
    while ids := await reads.ids(engine, caller, start, after, IDS_PAGE_SIZE):
        for job_id in ids:
            yield await replay_job(engine, caller, job_id)
        after = ids[-1]


def _row(outcome: Replayed) -> str:
    found = outcome.first_difference
    what = f"event {found.seq}: {found.what}" if found else ""
    return harmless(f"{outcome.job_id}  {in_words(outcome):10}  {outcome.events_compared:6}  {what}").rstrip()
