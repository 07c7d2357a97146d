"""Install a browser, curl and npm's EventSource for the readers' tests.

`python -m tests.readers.install` installs what is missing and can be installed; the tests skip what is
missing then. It never fails: a machine without them must still build. It is quick where all is there.

- Debian's Chromium, because Playwright's own download is not in any package registry. Only root may
  install it, and nobody is asked for a password: without root it says what is missing. Where there is one
  without windows too, most tests use that, because a page takes half as long in it.
- npm packages go beside this Python's own, so that `make clean` takes them away. A lock file would
  record where they came from; package.json pins all of them exactly. Install scripts do not run.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
NODE = Path(sys.prefix) / "readers"  # where npm installs
NODE_MODULES = NODE / "node_modules"
SHELL = "chromium-headless-shell"
PATIENCE = 600  # seconds for one installation
OLDEST_NODE = 20  # that npm's eventsource runs on

NPM = (
    *("npm", "install", "--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"),
    *("--fetch-retries=1", "--fetch-timeout=20000"),  # where nothing answers, the tests go on without it soon
)
APT = (
    *("apt-get", "-o", "DPkg::Lock::Timeout=60", "-o", "Acquire::Retries=1"),
    *("-o", "Acquire::http::Timeout=20", "--quiet", "--yes"),
)


def chromium() -> str | None:
    """The path of an installed Chromium."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def shell() -> str | None:
    """The path of Chromium without windows, or else of the other."""
    return shutil.which(SHELL) or chromium()


def without_chromium() -> str | None:
    """Say why no browser can run, or None if one can."""
    return None if chromium() else "Chromium is not installed; `make browser` does it for root on Debian."


def without_curl() -> str | None:
    """Say why curl cannot run, or None if it can."""
    return (
        None if shutil.which("curl") else "curl is not installed; `make browser` does it for root on Debian."
    )


def without_node() -> str | None:
    """Say why npm's EventSource cannot run, or None if it can."""
    if not shutil.which("node"):
        return f"Node is not installed; npm's eventsource runs on Node {OLDEST_NODE} or newer."
    if (found := _node_version()) < OLDEST_NODE:
        return f"This is Node {found}; npm's eventsource runs on Node {OLDEST_NODE} or newer."
    if any(_installed(name) != version for name, version in _pins().items()):
        return "npm's eventsource is not installed; `make browser` does it where there is npm."
    return None


def main() -> None:
    """Install what is missing, and say what stays missing."""
    packages = {"chromium": without_chromium, "curl": without_curl}
    if missing := [name for name, reason in packages.items() if reason()]:
        _install_debian(missing, update=True)
    if chromium() and not shutil.which(SHELL):
        _install_debian([SHELL], update=False)
    if without_node() and shutil.which("npm"):
        _install_npm()
    for reason in (without_chromium(), without_curl(), without_node()):
        if reason:
            _say(f"Some tests will be skipped: {reason}")


def _install_debian(packages: list[str], *, update: bool) -> None:
    if os.geteuid() or not shutil.which("apt-get"):
        return
    _say(f"Installing {' and '.join(packages)} with apt-get …")
    if update:  # the lists of a fresh image are empty, and those of an old one name packages that are gone
        _run([*APT, "update"])
    _run([*APT, "install", "--no-install-recommends", *packages], DEBIAN_FRONTEND="noninteractive")


def _install_npm() -> None:
    _say("Installing npm's eventsource …")
    try:
        NODE.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "package.json", NODE)
    except OSError as error:
        _say(f"npm has no folder to install into: {error}")
        return
    _run([*NPM, f"--prefix={NODE}"])


def _run(command: list[str], **environment: str) -> None:
    """Run it quietly, and show its first error if it fails."""
    try:
        done = subprocess.run(
            command,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        _say(f"{command[0]}: {error}")
        return
    if done.returncode:
        lines = done.stdout.decode(errors="replace").splitlines()
        errors = [line for line in lines if line.startswith(("E: ", "npm error"))]
        _say(f"{command[0]} ended with {done.returncode}. {''.join(errors[:1])}")


def _node_version() -> int:
    shown = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    number = shown.strip().removeprefix("v").partition(".")[0]
    return int(number) if number.isdigit() else 0


def _pins() -> dict[str, str]:
    return json.loads((HERE / "package.json").read_text())["dependencies"]


def _installed(name: str) -> str | None:
    try:
        return json.loads((NODE_MODULES / name / "package.json").read_text())["version"]
    except (OSError, ValueError):
        return None


def _say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201 - it is a program


if __name__ == "__main__":
    main()
