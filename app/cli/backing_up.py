"""`dossier backup` and `dossier restore` keep a copy of everything."""

import asyncio
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from app.audit.archive import file_sha256
from app.audit.verify import verify as verify_log
from app.cli.database_url import level, owner_url
from app.cli.exits import FAILED, Ended
from app.cli.terminal import counted, err, print_json
from app.durable_file import write_durably
from app.settings import Settings, load_settings
from app.store import dump
from app.store.migrate import serves
from dossier.version import __version__

DUMP_FILE, BACKUP_LIST = "dossier.dump", "backup.json"
SAVED_FILES = ("models", "prices", "checkpoint_file")  # settings that name a file; the signing key stays out


class BackupList(Struct, frozen=True):
    """What a backup holds: `backup.json`."""

    version: str
    made_at: datetime
    state: dump.DumpedState
    files: dict[str, str]  # name -> sha256; the dump is one of them


@click.command(epilog="Example: dossier backup backups/2026-11-26")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the list of the backup as JSON.")
def backup(folder: Path, *, as_json: bool) -> None:
    """Write a copy of one moment into a new folder.

    It holds the database and the files that settings name, each with its sha256. Keys are left out: the
    signing key, .env. Servers and workers keep running. The user in DATABASE_URL must own the tables.
    """
    settings = load_settings()
    url = owner_url(settings)
    if not serves(asyncio.run(level(url))):
        raise Ended("The database was not migrated to this version: run `dossier migrate` first.", FAILED)
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    if any(folder.iterdir()):
        raise Ended(f"{folder} is not empty. Name a new folder.", FAILED)
    with err.status("Writing …"):
        made = _write(url, settings, folder)
    if as_json:
        print_json(made)
    else:
        click.echo(
            f"{folder} holds {counted(made.state.events, 'event')} of {counted(made.state.jobs, 'job')}."
        )


def _write(url: str, settings: Settings, folder: Path) -> BackupList:
    os.umask(0o077)  # what jobs asked and read is for nobody else
    state = asyncio.run(dump.dump_database(url, folder / DUMP_FILE))
    for name in SAVED_FILES:
        path = Path(str(getattr(settings, name) or "-")).expanduser()
        if path.is_file():
            shutil.copyfile(path, folder / f"{name}{path.suffix}")
    files = {path.name: file_sha256(path) for path in sorted(folder.iterdir())}
    made = BackupList(__version__, datetime.now(UTC), state, files)
    # Last: a folder without it is not a backup.
    write_durably(folder / BACKUP_LIST, msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n")
    return made


@click.command(epilog="Example: dossier restore backups/2026-11-26")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the list of the backup as JSON.")
def restore(folder: Path, *, as_json: bool) -> None:
    """Load a backup into an empty database, and verify it.

    Each file is compared with its sha256 first, and the jobs with the list afterwards; then every hash of the
    log is checked. Files beside the dump stay in the folder: put them where the settings name them.
    """
    made = _read_list(folder)
    url = owner_url(load_settings())
    with err.status("Restoring …"):
        found = asyncio.run(dump.load_dump(url, folder / DUMP_FILE))
    if (found.events, found.heads_sha256) != (made.state.events, made.state.heads_sha256):
        raise Ended("What was restored is not what was saved. Make a new database and try again.", FAILED)
    with err.status("Verifying …"):
        verdict = asyncio.run(verify_log(url))
    if verdict.findings:  # jobs of archived months are elsewhere, as they were
        raise Ended("The log has faults, which the backup had too: see `dossier verify`.", FAILED)
    if as_json:
        print_json(made)
    else:
        click.echo(f"Restored and verified {counted(found.events, 'event')} of {counted(found.jobs, 'job')}.")
        click.echo("Before anybody writes: docs/operations.md, Backup and restore, on transaction numbers.")


def _read_list(folder: Path) -> BackupList:
    """Return the list of a backup whose files are whole. Raises Ended."""
    try:
        made = msgspec.json.decode((folder / BACKUP_LIST).read_bytes(), type=BackupList)
    except (FileNotFoundError, msgspec.DecodeError) as error:
        raise Ended(f"{folder} is not a whole backup: {BACKUP_LIST} is missing or cut.", FAILED) from error
    for name, digest in made.files.items():
        path = folder / Path(name).name
        if not path.is_file() or file_sha256(path) != digest:
            raise Ended(f"{path} is missing, or is not as it was saved.", FAILED)
    return made
