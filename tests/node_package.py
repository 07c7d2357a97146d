"""Run one unmodified npm package, installed beside this Python's own packages.

Its folder has a package.json that pins it. Nothing here fails: the tests that use the package are
skipped where it is missing, and say why.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.readers.install import NPM, PATIENCE

QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


class NodePackage:
    """The package that the package.json of a folder names."""

    def __init__(self, folder: Path, place: str) -> None:
        self.folder = folder
        self._manifest = folder / "package.json"
        self.place = Path(sys.prefix) / place  # where npm installs
        [(self.name, self.version)] = json.loads(self._manifest.read_text())["dependencies"].items()

    def missing(self) -> str | None:
        """Say why it cannot run, or None if it can."""
        if not shutil.which("node"):
            return "Node is not installed."
        about = self.place / "node_modules" / self.name / "package.json"
        if about.exists() and json.loads(about.read_text())["version"] == self.version:
            return None
        return f"{self.name} of npm is not installed; `make browser` installs it if npm is there."

    def install(self) -> None:
        """Install it if it is missing, and say what stays missing."""
        if self.missing() and shutil.which("npm"):
            self.place.mkdir(parents=True, exist_ok=True)
            shutil.copy(self._manifest, self.place)
            subprocess.run([*NPM, f"--prefix={self.place}"], **QUIET, timeout=PATIENCE, check=False)
        if reason := self.missing():
            print(f"A test will be skipped: {reason}", flush=True)  # noqa: T201 - programs call it
