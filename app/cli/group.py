"""Import commands only when they run.

So `dossier --help` loads no database driver.

Only this and `mcp_server.mount` import by name. The list of commands shows the short texts of the table;
a test holds them against those of the commands themselves.
"""

import contextlib
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, NoReturn

import click
import msgspec
from click.exceptions import NoSuchCommand

from app.cli.exits import DONE, INTERRUPTED, PIPE_CLOSED, as_object, exit_code_of, message_of
from app.cli.terminal import complain, drop_output, err, line, mend_streams
from dossier.problems import DossierError


class ReaderLeftError(Exception):
    """The reader of the output left, as with `| head`."""


@contextlib.contextmanager
def _telling_pipes() -> Iterator[None]:
    """Keep a closed pipe from click, which would end with 1."""
    try:
        yield
    except BrokenPipeError as error:
        raise ReaderLeftError from error


class LazyGroup(click.Group):
    """A group over a table: name -> ("module:attribute", short text).

    `old_names` work too, but no list shows them.
    """

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - click's
        table: Mapping[str, tuple[str, str]],
        old_names: Mapping[str, str],
        **kwargs: Any,  # noqa: ANN401 - click's
    ) -> None:
        super().__init__(*args, **kwargs)
        self.table = table
        self.old_names = old_names

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Return a command for the list, with its name and short text."""
        if cmd_name not in self.table:
            return None
        return click.Command(name=cmd_name, short_help=self.table[cmd_name][1])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Import the command to run.

        An unknown name is click's usage error.
        """
        name = self.old_names.get(args[0], args[0])
        if name in self.table:
            return name, self.load(name), args[1:]
        if args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        raise NoSuchCommand(args[0], possibilities=list(self.table), ctx=ctx)

    def load(self, name: str) -> click.Command:
        """Import a command."""
        module, _, attribute = self.table[name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def make_context(self, *args: Any, **extra: Any) -> click.Context:  # noqa: ANN401 - click's
        """Parse the command line, which prints help."""
        with _telling_pipes():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's
        """Run the command that was named."""
        with _telling_pipes():
            return super().invoke(ctx)

    def main(self, args: Sequence[str] | None = None, *_: Any, **extra: Any) -> NoReturn:  # noqa: ANN401 - click's
        """Run a command and exit with its code.

        An error is one line, or with --json one object.
        """
        mend_streams()
        logging.getLogger().addHandler(logging.NullHandler())  # a server sets up a log; all else says it once
        given = list(sys.argv[1:] if args is None else args)
        as_json = "--json" in given
        err.quiet = as_json and not err.is_terminal
        extra.pop("standalone_mode", None)
        try:
            code = super().main(given, standalone_mode=False, **extra)
            sys.stdout.flush()
        except (click.ClickException, DossierError, OSError) as error:
            sys.exit(_end_with(error, as_json=as_json))
        except ReaderLeftError:  # nobody is left to tell
            drop_output(1)
            sys.exit(PIPE_CLOSED.number)
        except (KeyboardInterrupt, click.Abort):  # the user pressed Ctrl-C and knows why
            sys.exit(INTERRUPTED.number)
        sys.exit(code if isinstance(code, int) else DONE.number)


def _end_with(error: Exception, *, as_json: bool) -> int:
    """Say what went wrong on standard error, and return the exit code."""
    code = exit_code_of(error).number
    if isinstance(error, OSError):
        drop_output(1)
    if code == PIPE_CLOSED.number:
        return code
    try:
        _say(error, as_json=as_json)
    except OSError:  # nobody is left to tell
        drop_output(2)
    return code


def _say(error: Exception, *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(as_object(error)), err=True)
    elif isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
    elif isinstance(error, click.UsageError):
        _show_usage(error)
    else:
        complain(message_of(error))


def _show_usage(error: click.UsageError) -> None:
    if error.ctx is not None:
        pieces = " ".join(error.ctx.command.collect_usage_pieces(error.ctx))
        line(f"Usage: {error.ctx.command_path} {pieces}")
        line(f"Try '{error.ctx.command_path} --help' for help.")
    complain(f"Error: {message_of(error)}")
