"""`dossier forget` deletes bodies and keeps the log whole.

A tombstone says that they were deleted.
"""

import asyncio
import re
from uuid import UUID

import click

from app.cli.database_url import ready_url
from app.cli.exits import FAILED, Ended
from app.cli.stored_jobs import find_stored_jobs
from app.cli.terminal import counted, err, is_interactive, print_json
from app.settings import load_settings
from app.store import forget as forgetting
from app.store.database import Engine, make_engine
from app.store.forget import Plan


@click.command(epilog="Example: dossier forget --page 5f2c…e1 --reason 'asked for by its author'")
@click.option(
    "--page", "pages", multiple=True, metavar="SHA256", help="A body, by its hash; may be repeated."
)
@click.option("--job", "job", help="All bodies that no other job names.")
@click.option("--reason", default="", help="Why, for the tombstone.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print what was forgotten as JSON.")
def forget(pages: tuple[str, ...], job: str | None, reason: str, *, yes: bool, as_json: bool) -> None:
    """Delete pages, prompts and replies permanently.

    The events that name them stay, and so do their hashes: `verify` still succeeds, and `replay` says what
    is missing. Questions, excerpts and reports are part of events and cannot be removed.
    The user in DATABASE_URL must own the tables.
    """
    if bool(pages) == (job is not None):
        raise click.UsageError("Name either --page or --job.")
    for page in pages:
        if not re.fullmatch(r"[0-9a-f]{64}", page):
            raise click.BadParameter(f"{page!r} is not a hexadecimal sha256.", param_hint="--page")
    url = ready_url(load_settings())
    job_id = None if job is None else find_stored_jobs(url, [job])[0]
    asyncio.run(_forget(url, pages, job_id, reason, yes=yes, as_json=as_json))


async def _forget(
    url: str, pages: tuple[str, ...], job_id: UUID | None, reason: str, *, yes: bool, as_json: bool
) -> None:
    engine = make_engine(url, role=None)
    try:
        with err.status("Looking for the jobs that name them …"):
            plan = await _plan(engine, pages, job_id)
        if not plan.is_known:
            raise Ended("No job names this, and nothing of it is kept.", FAILED)
        if plan.names and not yes:
            _ask(plan)
        number = await forgetting.forget(engine, plan, reason)
    finally:
        await engine.dispose()
    if as_json:
        print_json({"tombstone": number, "forgotten": plan.names, "jobs": plan.jobs, "shared": plan.shared})
    else:
        _print(plan, number)


async def _plan(engine: Engine, pages: tuple[str, ...], job_id: UUID | None) -> Plan:
    if job_id:
        return await forgetting.plan_job(engine, job_id)
    return await forgetting.plan_pages(engine, pages)


def bodies_of(plan: Plan) -> str:
    """Return what a plan would delete, in words."""
    return f"{counted(len(plan.names), 'body', 'bodies')} of {counted(len(plan.jobs), 'job')}"


def _ask(plan: Plan) -> None:
    if not is_interactive():
        raise click.UsageError("Not a terminal: pass --yes to confirm.")
    click.confirm(f"Delete {bodies_of(plan)}? This cannot be undone.", abort=True)


def _print(plan: Plan, number: int | None) -> None:
    if number is None:
        click.echo("Nothing is left to delete.")
    else:
        click.echo(f"Deleted {bodies_of(plan)}; tombstone {number} says so. Named by:")
    for job_id in plan.jobs if number else ():
        click.echo(f"  {job_id}")
    if plan.shared:
        click.echo(f"Kept {counted(plan.shared, 'body', 'bodies')} that other jobs name too.")
