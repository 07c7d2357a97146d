"""A terminal that a test looks at."""

import asyncio
import os
import pty
import sys

from tests.steps import until


def in_terminal(url: str, *arguments: str) -> tuple[int, int]:
    """Start `dossier` in a new terminal, and return process id and terminal."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(DOSSIER_URL=url, TERM="xterm", COLUMNS="100")
        os.execv(sys.executable, [sys.executable, "-P", "-m", "app", *arguments])
    return pid, terminal


class Screen:
    """What a terminal has shown so far."""

    def __init__(self, terminal: int) -> None:
        self.terminal = terminal
        self.text = ""
        asyncio.get_running_loop().add_reader(terminal, self._read)

    def _read(self) -> None:
        try:
            self.text += os.read(self.terminal, 65_536).decode(errors="replace")
        except OSError:
            self.close()

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.terminal)

    async def shows(self, words: str) -> bool:
        async def look():
            return words in self.text

        return await until(look)
