"""The terminal asks what the agent wants to know.

It is a pseudo-terminal, and the server is real.
"""

import asyncio
import os

from app.domain import tools
from tests.cli.screen import Screen, in_terminal
from tests.conftest import serving
from tests.scripted import SCRIPT

ASK = tools.Clarify(("Which water?",), ("water",), ("Fresh water.", "At sea level."))


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
