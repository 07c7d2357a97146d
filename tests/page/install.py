"""Install axe-core and TypeScript beside this Python's own packages.

    python -m tests.page.install

The rest of what the page's tests need is that of tests/readers. It never fails: without npm some tests are
skipped, and say so.
"""

import fcntl
import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.readers.install import NPM, PATIENCE

HERE = Path(__file__).parent
NODE = Path(sys.prefix) / "page"  # where npm installs
AXE = NODE / "node_modules/axe-core"
TSC = NODE / "node_modules/.bin/tsc"


def missing(*names: str) -> list[str]:
    """List the npm packages that are not installed as pinned."""
    pins = json.loads((HERE / "package.json").read_text())["dependencies"]
    return [name for name in names if _installed(name) != pins[name]]


def without(name: str) -> str | None:
    """Say why a test cannot use this package, if so."""
    return f"{name} is not installed; `make browser` installs it if npm is there." if missing(name) else None


def _installed(name: str) -> str | None:
    try:
        found: str = json.loads((NODE / "node_modules" / name / "package.json").read_text())["version"]
    except (OSError, ValueError):
        return None
    return found


def install(*names: str) -> None:
    """Install what package.json pins, unless it is there.

    Without npm nothing is done. The lint step and `make browser` may both be here at once.
    """
    if not missing(*names) or not shutil.which("npm"):
        return
    NODE.mkdir(parents=True, exist_ok=True)
    with (NODE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if missing(*names):
            say(f"Installing {', '.join(names)} …")
            shutil.copy(HERE / "package.json", NODE)
            quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            subprocess.run([*NPM, f"--prefix={NODE}"], **quiet, timeout=PATIENCE, check=False)


def main() -> None:
    """Install both, and say what stays missing."""
    install("axe-core", "typescript")
    for reason in (without("axe-core"), without("typescript")):
        if reason:
            say(f"Some tests will be skipped: {reason}")


def say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201 - it is a program


if __name__ == "__main__":
    main()
