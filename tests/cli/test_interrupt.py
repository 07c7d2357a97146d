"""Ctrl-C in `dossier ask` leaves the job alone unless told otherwise."""

import asyncio
import os
import subprocess
import sys

import pytest

from app.handle import load
from app.store.database import fetch
from tests.cli.screen import Screen, in_terminal
from tests.conftest import serving


@pytest.mark.parametrize(("answer", "exit_code", "status"), [("y", 3, "cancelled"), ("n", 130, "running")])
async def test_ctrl_c_asks_whether_to_cancel_or_to_leave_it_running(house, answer, exit_code, status):
    house.model.pause = 60
    async with serving(house) as url:
        pid, terminal = in_terminal(url, "ask", "boil?")
        screen = Screen(terminal)
        await screen.shows("Thinking about the next step")
        os.write(terminal, b"\x03")
        await screen.shows("Cancel the job?")
        os.write(terminal, f"{answer}\n".encode())
        _, ended = await asyncio.to_thread(os.waitpid, pid, 0)
        screen.close()
        os.close(terminal)
        [[job_id]] = await fetch(house.engine, "SELECT job_id FROM jobs")
        job = await load(house.writer, job_id)

    assert os.waitstatus_to_exitcode(ended) == exit_code
    assert job.status == status


INTERRUPT_AN_IMPORT = """
import os, signal, sys

class Finder:
    def find_spec(name, path=None, target=None):
        if name == "click":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder)
"""


def test_ctrl_c_during_the_imports_prints_nothing(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(INTERRUPT_AN_IMPORT)

    ended = subprocess.run(
        [sys.executable, "-m", "dossier_server", "jobs"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]])},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")
