"""`python -m tests.mcp_server.inspector` installs the MCP inspector beside this Python's own packages.

It never fails: the tests that use it are skipped where it is missing, and say why.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.readers.install import NPM, PATIENCE

HERE = Path(__file__).parent
NODE = Path(sys.prefix) / "inspector"  # where npm installs
PROGRAM = NODE / "node_modules" / ".bin" / "mcp-inspector"
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def without_inspector() -> str | None:
    """Why the inspector cannot run; None if it can."""
    if not shutil.which("node"):
        return "Node is not installed."
    [(name, pinned)] = json.loads((HERE / "package.json").read_text())["dependencies"].items()
    about = NODE / "node_modules" / name / "package.json"
    if PROGRAM.exists() and about.exists() and json.loads(about.read_text())["version"] == pinned:
        return None
    return "The MCP inspector is not installed; `make browser` installs it if npm is there."


def main() -> None:
    """Install it if it is missing, and say what stays missing."""
    if without_inspector() and shutil.which("npm"):
        NODE.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "package.json", NODE)
        subprocess.run([*NPM, f"--prefix={NODE}"], **QUIET, timeout=PATIENCE, check=False)
    if reason := without_inspector():
        print(f"A test will be skipped: {reason}", flush=True)  # noqa: T201 - it is a program


if __name__ == "__main__":
    main()
