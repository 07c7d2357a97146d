"""Commands in a real shell."""

import subprocess
from pathlib import Path

from tests.cli.terminal import DOSSIER


def shell(
    folder: Path, script: str, seconds: float = 100, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which `dossier` is the command."""
    return subprocess.run(
        ["bash", "-c", f'dossier() {{ {DOSSIER} "$@"; }}; {script}'],
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "DOSSIER_HOME": str(folder)} | environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
