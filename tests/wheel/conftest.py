"""Install this checkout's wheel in environments with only its requirements."""

import os
import re
import shutil
import subprocess
import sys
import venv
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("app", "dossier", "dossier_server", "migrations")
FILES = ("pyproject.toml", "setup.py", "README.md", "LICENSE")
KNOBS = ("DOSSIER_", "DATABASE_", "OPENAI_", "TAVILY_", "PYTHON")


class Environment:
    """Hold the environment of a project with its own `app` package.

    PYTHONPATH is its folder.
    """

    def __init__(self, folder: Path, installed: Path, *extras: str) -> None:
        self.project = folder / "project"
        self.home = folder / "home"
        made = shutil.copytree(installed, folder / "venv", symlinks=True)
        self.bin = made / "bin"
        (self.packages,) = (made / "lib").glob("python*/site-packages")
        script = self.bin / "dossier"
        script.write_text(script.read_text().replace(str(installed), str(made)))
        for name in needed("dossier", self.packages, set(extras)):
            self._link(name)
        for name in ("app", "migrations"):
            (self.project / name).mkdir(parents=True)
            (self.project / name / "__init__.py").write_text(f"raise SystemExit('{name} of the project')")

    def _link(self, name: str) -> None:
        """Link a distribution of the tests' own environment into this one."""
        for file in metadata.distribution(name).files or ():
            top = file.parts[0]
            if top != ".." and not (self.packages / top).exists():
                (self.packages / top).symlink_to(Path(str(file.locate())).parents[len(file.parts) - 1] / top)

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.project, env=clean(self) | environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=110, check=False,
        )  # fmt: skip

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(self.bin / "python"), *arguments)

    def dossier(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(self.bin / "dossier"), *arguments, **environment)


def clean(environment: Environment | None = None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(KNOBS)}
    if environment:
        kept |= {"PYTHONPATH": ".", "DOSSIER_HOME": str(environment.home)}
    return kept


def needed(name: str, packages: Path, extras: set[str]) -> set[str]:
    """Return the distributions that one needs, directly or not.

    Their own metadata says so.
    """
    (found,) = metadata.distributions(name=name, path=[str(packages)])
    names: set[str] = set()
    _collect(found, extras, names)
    return names


def _collect(found: metadata.Distribution, extras: set[str], names: set[str]) -> None:
    for line in found.requires or ():
        requirement, _, marker = line.partition(";")
        name, wanted = re.match(r"\s*([\w.-]+)\s*(?:\[([\w,\s-]*)\])?", requirement).groups()
        if not holds(marker, extras) or name in names:
            continue
        try:
            further = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # for another system or Python
            continue
        names.add(name)
        _collect(further, set((wanted or "").split(",")), names)


def holds(marker: str, extras: set[str]) -> bool:
    """Whether a requirement is of no extra, or of one of these."""
    extra = re.search(r"""extra\s*==\s*["']([\w-]+)["']""", marker)
    return extra is None or extra[1] in extras


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, source / name)
    for name in FILES:
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index"]
    subprocess.run([*command, "--quiet", "--wheel-dir", str(built), str(source)], check=True, env=clean())
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory) -> Path:
    """An environment with the wheel alone, to be copied."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    command = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(folder / "bin" / "python"),
        "install",
        "--no-index",
    ]
    subprocess.run([*command, "--no-deps", "--quiet", str(wheel)], check=True, env=clean())
    return folder


@pytest.fixture(scope="session")
def client_only(installed, tmp_path_factory) -> Environment:
    return Environment(tmp_path_factory.mktemp("client"), installed)


@pytest.fixture(scope="session")
def with_server(installed, tmp_path_factory) -> Environment:
    return Environment(tmp_path_factory.mktemp("server"), installed, "server", "embedded")
