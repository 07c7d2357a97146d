"""`dossier verify`, `checkpoint` and `keygen` serve an audit."""

import asyncio
from pathlib import Path

import click
from click.exceptions import Exit
from rich.status import Status

from app.audit import notary
from app.audit.archived_jobs import manifests
from app.audit.verify import Verification
from app.audit.verify import verify as verify_log
from app.cli.database_url import ready_url
from app.cli.exits import FAILED
from app.cli.stored_jobs import find_stored_jobs
from app.cli.terminal import complain, counted, err, harmless, line, print_json
from app.domain.signature import Signer, key_id
from app.settings import load_settings
from app.store.database import make_engine

MAX_SHOWN = 100  # findings on a screen


@click.command(epilog="Example: dossier verify --checkpoints saved.ndjson --public-key audit.pub")
@click.argument("job_ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Verify every job (the default).")
@click.option(
    "--checkpoints",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of exported checkpoints, trusted over the database.",
)
@click.option(
    "--public-key", type=click.Path(), help="The signing key to require (default: DOSSIER_SIGNING_KEY)."
)
@click.option(
    "--archive",
    "archives",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="An archived month, or a folder of them; may be repeated.",
)
@click.option("--processes", type=click.IntRange(0, 64), default=0, help="0: one for each core.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
def verify(
    job_ids: tuple[str, ...],
    *,
    everything: bool,
    checkpoints: Path | None,
    public_key: str | None,
    archives: tuple[Path, ...],
    processes: int,
    as_json: bool,
) -> None:
    """Check the log for changed, removed, added or cut events.

    Names the first event of each job that is not as it was written. The exit code is 1 if there is one, or if
    jobs were passed over, because their month was archived and no --archive has it.
    Workers and servers may keep running.
    """
    settings = load_settings()
    signer = notary.signer_of(settings.signing_key)
    public = notary.public_key_of(public_key) if public_key else signer.public if signer else None
    exported = notary.read(checkpoints) if checkpoints else []
    url = ready_url(settings)
    wanted = find_stored_jobs(url, job_ids)
    with err.status("Reading …") as status:
        verdict = asyncio.run(
            verify_log(
                url,
                None if everything or not wanted else wanted,
                exported=exported,
                public=public,
                archives=manifests(archives),
                processes=processes,
                told=lambda jobs, events: _tell(status, jobs, events),
            )
        )
    if as_json:
        print_json({"ok": verdict.ok, "verdict": verdict})
    else:
        _print(verdict, None if public is None else key_id(public), has_file=checkpoints is not None)
    if not verdict.ok:
        raise Exit(FAILED.number)


def _tell(status: Status, jobs: int, events: int) -> None:
    status.update(f"{counted(events, 'event')} of {counted(jobs, 'job')} …")


def _print(verdict: Verification, key: str | None, *, has_file: bool) -> None:
    for finding in verdict.findings[:MAX_SHOWN]:
        click.echo(harmless(f"{finding.kind}: {finding.message}"))
    if len(verdict.findings) > MAX_SHOWN:
        click.echo(f"… and {len(verdict.findings) - MAX_SHOWN} more; --json prints all.")
    looked = f"{counted(verdict.events, 'event')} of {counted(verdict.jobs, 'job')}, "
    looked += f"{counted(verdict.pages, 'body', 'bodies')}, {counted(verdict.checkpoints, 'checkpoint')}"
    looked += (
        f", {counted(verdict.forgotten, 'forgotten body', 'forgotten bodies')}" if verdict.forgotten else ""
    )
    looked += f", {counted(verdict.accesses, 'request')} of the access log" if verdict.accesses else ""
    if verdict.ok:
        click.echo(f"Verified, no changes found: {looked}.")
    elif not verdict.findings:
        complain(f"Not all could be looked at: {looked}.")
    else:
        complain(f"{counted(len(verdict.findings), 'finding')} in {looked}.")
    for sentence in _reservations(verdict, key, has_file=has_file):
        line(sentence)


def _reservations(verdict: Verification, key: str | None, *, has_file: bool) -> list[str]:
    """What this verdict does not say."""
    said = []
    if verdict.passed_over:
        said.append(
            f"Passed over {counted(verdict.passed_over, 'job')}: the log of upkeep says their months were "
            f"archived, {', '.join(verdict.archived)}. Give the archives (--archive)."
        )
    if verdict.accesses_dropped:
        said.append(f"The access log says that it lacks {counted(verdict.accesses_dropped, 'request')}.")
    if verdict.uncovered:
        said.append(
            f"Newer than the last checkpoint, or in none: {counted(verdict.uncovered, 'job')}. Only the "
            "chain of each binds its newest events."
        )
    if key is None:
        said.append("No signature was checked: no key is known (--public-key, DOSSIER_SIGNING_KEY).")
    else:
        said.append(f"Signed with key {key}: {counted(verdict.signed, 'checkpoint')}.")
    if not has_file:
        said.append(
            "No exported checkpoints were given (--checkpoints): the database's owner may have removed "
            "the newest ones" + (", and replaced the others." if key is None else ".")
        )
    return said


@click.command(epilog="Example: dossier checkpoint --export checkpoints.ndjson")
@click.option(
    "--export",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append missing checkpoints to this file (default: DOSSIER_CHECKPOINT_FILE).",
)
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def checkpoint(file: Path | None, *, as_json: bool) -> None:
    """Bind the newest hashes of the log and export them.

    Workers do it automatically, every DOSSIER_CHECKPOINT_SECONDS.
    """
    settings = load_settings()
    signer = notary.signer_of(settings.signing_key)
    if file is None and settings.checkpoint_file:
        file = Path(settings.checkpoint_file).expanduser()
    made, exported = asyncio.run(_checkpoint(ready_url(settings), signer, file))
    if as_json:
        print_json({"made": made, "exported": exported, "key": signer.key if signer else None})
        return
    signed = f"signed with key {signer.key}" if signer else "not signed: DOSSIER_SIGNING_KEY is not set"
    click.echo(
        f"Made {counted(made, 'checkpoint')}, {signed}." if made else "Nothing has moved since the last one."
    )
    if file:
        click.echo(f"Appended {counted(exported, 'checkpoint')} to {file}.")


async def _checkpoint(url: str, signer: Signer | None, file: Path | None) -> tuple[int, int]:
    engine = make_engine(url)
    try:
        made = await notary.make(engine, signer)
        return len(made), await notary.export(engine, file) if file else 0
    finally:
        await engine.dispose()


@click.command(epilog="Example: dossier keygen audit.pem")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the paths and the key's name as JSON.")
def keygen(path: Path, *, as_json: bool) -> None:
    """Make a key that signs checkpoints and bundles.

    The private half goes to PATH, for you alone; the public half, which auditors need, to PATH.pub.
    """
    beside = notary.keygen(path)
    name = key_id(notary.public_key_of(str(beside)))
    if as_json:
        print_json({"private": str(path), "public": str(beside), "key": name})
        return
    click.echo(f"{path} signs: point DOSSIER_SIGNING_KEY at it. {beside} is for those who check.")
    click.echo(f"The key's name is {name}.")
