"""`dossier workers` and `dossier queue` show who works and what waits.

Operators pause, resume and drain workers here.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from app.cli.printing import print_table
from app.cli.server_connection import connect
from app.cli.terminal import harmless, line, print_json
from dossier.worker_types import Queue, QueuedJob, Workers, WorkerView

WORKER_EXAMPLE = "db1-4711-3fa2c1"


@click.group(invoke_without_command=True, epilog="Example: dossier workers")
@click.option("--json", "as_json", is_flag=True, help="Print {workers, paused_at} as JSON.")
@click.pass_context
def workers(context: click.Context, *, as_json: bool) -> None:
    """List the workers, pause, resume or drain them."""
    if context.invoked_subcommand:
        return
    with connect(0) as dossier:
        found = dossier.workers()
    _print(found, as_json=as_json)


@workers.command(epilog=f"Example: dossier workers pause {WORKER_EXAMPLE}")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print {workers, paused_at} as JSON.")
def pause(name: str | None, *, as_json: bool) -> None:
    """Let all workers, or one, claim no more jobs.

    Each hears of it within about a second. Jobs at work go on.
    """
    with connect(0) as dossier:
        found = dossier.pause_workers(name)
    _print(found, as_json=as_json)


@workers.command(epilog=f"Example: dossier workers resume {WORKER_EXAMPLE}")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print {workers, paused_at} as JSON.")
def resume(name: str | None, *, as_json: bool) -> None:
    """Let all workers, or one, claim jobs again.

    A worker that was paused alone is resumed by its name.
    """
    with connect(0) as dossier:
        found = dossier.resume_workers(name)
    _print(found, as_json=as_json)


@workers.command(epilog=f"Example: dossier workers drain {WORKER_EXAMPLE}")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print {workers, paused_at} as JSON.")
def drain(name: str, *, as_json: bool) -> None:
    """Let a worker hand its jobs back and stop, as SIGTERM does."""
    with connect(0) as dossier:
        found = dossier.drain_worker(name)
    _print(found, as_json=as_json)


@click.command(epilog="Example: dossier queue")
@click.option("--json", "as_json", is_flag=True, help="Print {paused_at, priorities, next} as JSON.")
def queue(*, as_json: bool) -> None:
    """Show what waits, by priority and age."""
    with connect(0) as dossier:
        found = dossier.queue()
    if as_json:
        print_json(found)
    else:
        _print_queue(found)


def _print(found: Workers, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    now = datetime.now(UTC)
    names = ("Worker", "State", "Jobs", "Beat", "Up", "Version", "Waits for")
    print_table(names, [_cells(one, now) for one in found.workers], cut=("Waits for",), right=("Jobs",))
    if found.paused_at:
        line("All workers are paused: dossier workers resume.")
    elif not found.workers:
        line("No worker runs: start one with dossier worker.")


def _cells(one: WorkerView, now: datetime) -> Sequence[str]:
    beat, up = span((now - one.beat_at).total_seconds()), span((now - one.started_at).total_seconds())
    outages = ", ".join(harmless(f"{outage.provider} ({outage.error})") for outage in one.outages)
    return one.name, one.state, f"{len(one.jobs)}/{one.slots}", f"{beat} ago", up, one.version, outages


def _print_queue(found: Queue) -> None:
    rows = [
        (str(one.priority), str(one.waiting), str(one.retrying), span(one.oldest_seconds))
        for one in found.priorities
    ]
    names = ("Priority", "Waiting", "To retry", "Oldest")
    print_table(names, rows, cut=("Oldest",), right=names[:3])
    if found.next:
        print_table(("Next", "Priority", "Waited"), list(map(_next_cells, found.next)), cut=("Waited",))
    if found.paused_at:
        line("All workers are paused: dossier workers resume.")
    elif not found.priorities:
        line("Nothing waits.")


def _next_cells(one: QueuedJob) -> Sequence[str]:
    return str(one.job_id), str(one.priority), span(one.waited_seconds)


def span(seconds: float) -> str:
    """Return a time span in its two largest units."""
    whole = max(0, int(seconds))
    units = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
    parts = list[str]()
    for name, size in units:
        count, whole = divmod(whole, size)
        if count or (name == "s" and not parts):
            parts.append(f"{count} {name}")
    return " ".join(parts[:2])
