"""Install the package as npm packs it, in an offline folder."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from tests.page.install import TSC, without
from tests.readers.install import OLDEST_NODE, without_node

SOURCE = Path(__file__).parents[2] / "clients/typescript"
HERE = Path(__file__).parent
SECONDS = 240
ALONE = ("--offline", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error")


def without_package() -> str | None:
    """Say why the package cannot be built, or None if it can."""
    if reason := without_node():
        return reason.replace("npm's eventsource runs", f"the client is tried on Node {OLDEST_NODE}; it runs")
    return without("typescript")


def installed(folder: Path) -> Path:
    """A folder in which `import … from "dossier-client"` works."""
    shutil.copytree(SOURCE, folder / "source", ignore=shutil.ignore_patterns("dist", "node_modules"))
    [packed] = json.loads(npm(folder / "source", "pack", "--json", f"--pack-destination={folder}"))
    user = folder / "user"
    user.mkdir()
    (user / "package.json").write_text('{"private": true, "type": "module"}')
    npm(user, "install", *ALONE, str(folder / packed["filename"]))
    for script in HERE.glob("*.mjs"):
        shutil.copy(script, user)
    return user


def npm(folder: Path, *command: str) -> str:
    """Return what npm prints, with the tests' compiler."""
    programs = os.pathsep.join([str(TSC.parent), os.environ["PATH"]])
    done = subprocess.run(
        ["npm", *command],
        cwd=folder,
        env=os.environ | {"PATH": programs},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
