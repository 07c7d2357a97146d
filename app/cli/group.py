"""Import commands only when they run.

So `dossier --help` loads no database driver.

This is the only place that imports by name. The list of commands shows the short texts of the table;
a test holds them against those of the commands themselves.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import rich_click as click
from rich_click import RichCommand, RichGroup

from app.cli.terminal import FAILED, INTERRUPTED, complain
from dossier.problems import DossierError


class LazyGroup(RichGroup):
    """A group over a table: name -> ("module:attribute", short text)."""

    def __init__(self, *args: Any, table: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(*args, **kwargs)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Return a command for the list, with its name and short text."""
        if cmd_name not in self.table:
            return None
        return RichCommand(name=cmd_name, short_help=self.table[cmd_name][1])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Import the command to run.

        An unknown name is click's usage error.
        """
        if args[0] in self.table:
            return args[0], self.load(args[0]), args[1:]
        return super().resolve_command(ctx, args)

    def load(self, name: str) -> click.Command:
        """Import a command."""
        module, _, attribute = self.table[name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's
        """Run the command, and report an error as one line.

        The exit code of an error of ours is 1.
        """
        try:
            return super().invoke(ctx)
        except DossierError as error:
            complain(str(error))
            ctx.exit(FAILED)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
