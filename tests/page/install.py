"""`python -m tests.page.install` installs axe-core beside this Python's own packages; the rest of what the
page's tests need is that of tests/readers. It never fails: without npm one test is skipped, and it says so.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.readers.install import NPM, PATIENCE

HERE = Path(__file__).parent
NODE = Path(sys.prefix) / "page"  # where npm installs
AXE = NODE / "node_modules/axe-core"


def without_axe() -> str | None:
    """Why the page cannot be checked; None if it can."""
    pinned = json.loads((HERE / "package.json").read_text())["dependencies"]["axe-core"]
    try:
        found = json.loads((AXE / "package.json").read_text())["version"]
    except (OSError, ValueError):
        found = None
    return (
        None if found == pinned else "axe-core is not installed; `make browser` does it where there is npm."
    )


def main() -> None:
    """Install it, or say that it is missing."""
    if without_axe() and shutil.which("npm"):
        say("Installing axe-core …")
        NODE.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "package.json", NODE)
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([*NPM, f"--prefix={NODE}"], **quiet, timeout=PATIENCE, check=False)
    if reason := without_axe():
        say(f"A test will be skipped: {reason}")


def say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201 - it is a program


if __name__ == "__main__":
    main()
