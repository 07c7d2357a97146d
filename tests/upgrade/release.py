"""The code of the last release, taken from the repository's own history."""

import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("app", "dossier", "dossier_server", "migrations")

# The newest tag v1.2.3, or, until there is one, the commit before migrations 0020 and later.
UNTIL_TAGGED = "af6c0c81a35f9492ddcc3043c3ede70137aaf8c8"


def last_release() -> str:
    """Return the last release's commit, or skip if out of reach."""
    tags = git("tag", "--list", "v*", "--sort=-version:refname", "--merged", "HEAD~1").decode().split()
    commit = tags[0] if tags else UNTIL_TAGGED
    try:
        git("cat-file", "-e", f"{commit}^{{commit}}")
    except subprocess.CalledProcessError:
        pytest.skip(f"The last release, {commit[:12]}, is not in this clone. Run: git fetch --unshallow")
    return commit


def unpack(commit: str, folder: Path) -> Path:
    """Write the packages of a commit into the folder."""
    with tarfile.open(fileobj=BytesIO(git("archive", commit, *PARTS))) as archive:
        archive.extractall(folder, filter="data")
    return folder


def git(*arguments: str) -> bytes:
    """Run git in this repository, or skip where there is none."""
    if not (ROOT / ".git").exists():
        pytest.skip("The tests run outside a clone: the last release is in its history.")
    return subprocess.run(
        ["git", "-C", str(ROOT), *arguments], capture_output=True, check=True, timeout=60
    ).stdout
