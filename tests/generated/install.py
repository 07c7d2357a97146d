"""Install two generators of clients beside this Python's own packages.

    python -m tests.generated.install

It never fails: a test whose generator is missing is skipped, and says why.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.readers.install import NPM, PATIENCE

HERE = Path(__file__).parent
NODE = Path(sys.prefix) / "generated"  # where npm installs
PYTHON = NODE / "python"  # where pip does: no package of the project may depend on these
PIP = (
    *("-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check"),
    *("--no-deps", "--upgrade"),
)
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def without_typescript() -> str | None:
    """Say why no TypeScript can be generated, or None if it can."""
    pins = json.loads((HERE / "package.json").read_text())["dependencies"]
    if all(_installed(name) == version for name, version in pins.items()):
        return None
    return "openapi-typescript is not installed; `make browser` installs it if npm is there."


def without_python() -> str | None:
    """Say why no Python client can be generated, or None if possible."""
    pins = (HERE / "requirements.txt").read_text().lower().replace("-", "_").replace("==", "-").split()
    folders = {f"{pin.replace('ruamel.', 'ruamel_')}.dist-info" for pin in pins}
    if {path.name.lower() for path in PYTHON.glob("*.dist-info")} >= folders:
        return None
    return "openapi-python-client is not installed; `make browser` installs it if pip finds it."


def main() -> None:
    """Install what is missing, and say what stays missing."""
    NODE.mkdir(parents=True, exist_ok=True)
    if without_typescript() and shutil.which("npm"):
        shutil.copy(HERE / "package.json", NODE)
        _run([*NPM, f"--prefix={NODE}"])
    if without_python():
        _run([sys.executable, *PIP, f"--target={PYTHON}", "--requirement", str(HERE / "requirements.txt")])
    for reason in (without_typescript(), without_python()):
        if reason:
            print(f"A test will be skipped: {reason}", flush=True)  # noqa: T201 - it is a program


def _run(command: list[str]) -> None:
    subprocess.run(command, **QUIET, timeout=PATIENCE, check=False)


def _installed(name: str) -> str | None:
    try:
        found: str = json.loads((NODE / "node_modules" / name / "package.json").read_text())["version"]
    except (OSError, ValueError):
        return None
    return found


if __name__ == "__main__":
    main()
