"""List every exit code of the commands, and sort errors into them.

docs/commands.md shows this table; a test compares the two.
"""

import errno
from typing import NamedTuple

import click

from app.errors import BadSetting, DatabaseUnavailable, JobNotFound
from dossier.problems import ApiError, BadUrl, DossierError, NoContact


class ExitCode(NamedTuple):
    """One exit code, with its name in JSON errors and its meaning."""

    number: int
    name: str
    meaning: str
    advice: str


DONE = ExitCode(0, "done", "The command did what it was asked.", "")
FAILED = ExitCode(
    1,
    "failed",
    "The job failed, a check found a difference, or the command failed.",
    "Read the message.",
)
USAGE = ExitCode(2, "usage", "The command line is wrong.", "Run the command with --help.")
CANCELLED = ExitCode(3, "cancelled", "The job was cancelled.", "Submit it again, or fork it.")
NOT_FOUND = ExitCode(
    4,
    "not_found",
    "The research found nothing.",
    "Ask in other words, add documents, or search elsewhere.",
)
NOT_RESEARCHED = ExitCode(
    5,
    "not_researched",
    "Nothing was researched.",
    "Check the limits, the deadline and the providers, and ask again.",
)
UNREACHABLE = ExitCode(
    6,
    "unreachable",
    "The server or its database does not answer.",
    "Start it, or correct DOSSIER_URL or DATABASE_URL.",
)
NO_SUCH_JOB = ExitCode(7, "no_such_job", "No job has this id, or several do.", "List the jobs: dossier jobs")
BAD_SETTING = ExitCode(
    8, "bad_setting", "A setting or .env is wrong.", "Correct it; docs/settings.md lists what is allowed."
)
OUTPUT_FAILED = ExitCode(
    9, "output_failed", "The output cannot be written.", "Free space, or write to another place."
)
INTERRUPTED = ExitCode(130, "interrupted", "Ctrl-C ended the command.", "")
PIPE_CLOSED = ExitCode(141, "pipe_closed", "The reader of the output left, as with `| head`.", "")
TERMINATED = ExitCode(143, "terminated", "SIGTERM ended the command.", "")

EXIT_CODES = (
    DONE,
    FAILED,
    USAGE,
    CANCELLED,
    NOT_FOUND,
    NOT_RESEARCHED,
    UNREACHABLE,
    NO_SUCH_JOB,
    BAD_SETTING,
    OUTPUT_FAILED,
    INTERRUPTED,
    PIPE_CLOSED,
    TERMINATED,
)

UNWRITABLE = {errno.ENOSPC, errno.EBADF, errno.EIO, errno.EFBIG, errno.EDQUOT}


class Ended(DossierError):
    """A command ended with an exit code of its own."""

    def __init__(self, message: str, exit_code: ExitCode, code: str = "") -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.code = code or exit_code.name


def ended_as(number: int | None) -> ExitCode:
    """Return the exit code of a command with this number."""
    return next((one for one in EXIT_CODES if one.number == number and number), FAILED)


def exit_code_of(error: Exception) -> ExitCode:
    """Return the exit code of an error."""
    match error:
        case Ended():
            return error.exit_code
        case ApiError():
            return _of_answer(error)
        case NoContact() | DatabaseUnavailable():
            return UNREACHABLE
        case JobNotFound():
            return NO_SUCH_JOB
        case BadSetting() | BadUrl():
            return BAD_SETTING
        case click.ClickException():
            return USAGE
        case BrokenPipeError():
            return PIPE_CLOSED
        case OSError() if error.errno in UNWRITABLE and error.filename is None:
            return OUTPUT_FAILED
        case _:
            return FAILED


def _of_answer(error: ApiError) -> ExitCode:
    if error.code == "job_not_found":
        return NO_SUCH_JOB
    if error.code == "database_unavailable":
        return UNREACHABLE
    return USAGE if error.status in {400, 422} else FAILED


def message_of(error: Exception) -> str:
    """Return an error as a sentence."""
    match error:
        case click.exceptions.NoArgsIsHelpError():  # its own message is the whole help
            return "The command is missing."
        case click.ClickException():
            return error.format_message()
        case OSError() if error.errno in UNWRITABLE and error.filename is None:
            return f"The output cannot be written: {error.strerror}."
        case OSError() if error.strerror:
            return f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}."
        case _:
            return str(error)


def as_object(error: Exception) -> dict[str, object]:
    """Return an error as the object that `--json` prints."""
    found = exit_code_of(error)
    code = error.code if isinstance(error, ApiError | Ended) else found.name
    return {
        "code": code,
        "message": message_of(error),
        "what_to_do": found.advice,
        "exit_code": found.number,
    }


def in_help() -> str:
    """Return the table for `--help`, one code per line."""
    return "\n".join(f"{one.number:>3}  {one.meaning}" for one in EXIT_CODES)
