"""Commands in a real shell."""

import os
import re
import shlex
import subprocess
from pathlib import Path

from tests.cli.terminal import DOSSIER
from tests.fork_server import read_at_import

PLAIN = re.compile(r"dossier[\w .:/'=-]*")  # a line in which a shell has nothing to do but start the command


def shell(
    folder: Path, script: str, seconds: float = 100, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which `dossier` is the command.

    A plain one starts without bash, so it can be a copy (tests/fork_server.py), which is far cheaper.
    """
    home = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "DOSSIER_HOME": str(folder)}
    if PLAIN.fullmatch(script):
        command, ours = [DOSSIER, *shlex.split(script)[1:]], read_at_import(os.environ)
    else:
        command, ours = ["bash", "-c", f'dossier() {{ {DOSSIER} "$@"; }}; {script}'], {}
    return subprocess.run(
        command,
        env=ours | home | environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
