"""Asking in the terminal what the agent wants to know, over a pseudo-terminal, against a real server."""

import asyncio
import os
import pty
import sys

from app.domain import tools
from tests.conftest import serving
from tests.scripted import SCRIPT
from tests.steps import until

ASK = tools.Clarify(("Which water?",), ("water",), ("Fresh water.", "At sea level."))


def in_terminal(url: str, *arguments: str) -> tuple[int, int]:
    """Start `dossier` in a terminal of its own; returns its process id and the terminal."""
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

        return await until(look, 30)


async def test_a_person_is_asked_in_the_terminal_and_the_answer_reaches_the_agent(house):
    house.model.script = (ASK, *SCRIPT)
    async with serving(house) as url:
        pid, terminal = in_terminal(url, "ask", "boil?", "--clarify")
        screen = Screen(terminal)
        await screen.shows("Which water?")
        os.write(terminal, b"Salt water.\n")
        await screen.shows("Boiling water")
        _, status = await asyncio.to_thread(os.waitpid, pid, 0)
        screen.close()
        os.close(terminal)

    assert os.waitstatus_to_exitcode(status) == 0
    assert house.model.asks[1].answers == ("Which water? Salt water.",)
