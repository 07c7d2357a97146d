"""Write docs/dependencies.md from what is pinned and installed: python -m tests.dependencies."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "dependencies.md"
BEGIN = "<!-- made by python -m tests.dependencies -->\n"

# Licences under which Dossier may be given on with what it needs.
ALLOWED = {
    *(
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSD",
        "CNRI-Python",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "PSF-2.0",
    ),
    "public domain",
}
NAMES = {
    "Apache 2.0": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "MIT license": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "BSD License": "BSD",
    "Apache Software License": "Apache-2.0",
}
# What the metadata does not say in a word.
KNOWN = {
    "docutils": "public domain AND BSD-2-Clause AND PSF-2.0",  # its GPL file, for Emacs, is not in the wheel
    "pypdfium2": "BSD-3-Clause AND Apache-2.0",
    "markdown-it-py": "MIT",
    "uvloop": "MIT OR Apache-2.0",
    "sniffio": "MIT OR Apache-2.0",
}


HOMES = {
    "litestar-htmx": "https://github.com/litestar-org/litestar-htmx",
    "standardwebhooks": "https://github.com/standard-webhooks/standard-webhooks",
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
PARTS = {"client", *EXTRAS}  # of pyproject.toml


def pinned() -> dict[str, str]:
    """Return the version of each package, by its canonical name."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = (line.split("==") for line in lines if "==" in line)
    return {canonicalize_name(name): version for name, version in pins}


def licence_of(name: str) -> str:
    """Return a package's licence as an SPDX expression."""
    about = metadata.metadata(name)
    if name in KNOWN:
        return KNOWN[name]
    if said := about.get("License-Expression") or (about.get("License") or "").split("\n")[0]:
        return NAMES.get(said, said)
    classes = [one.split(" :: ")[-1] for one in about.get_all("Classifier", []) if one.startswith("License")]
    return " OR ".join(NAMES.get(one, one) for one in classes)


def is_allowed(licence: str) -> bool:
    """Return True if one of the alternatives has only allowed parts."""
    return any(set(one.split(" AND ")) <= ALLOWED for one in licence.split(" OR "))


def status_of(name: str) -> str:
    """Return what a package's authors say of its state."""
    classes = metadata.metadata(name).get_all("Classifier", [])
    found = (one.split(" - ")[-1].lower() for one in classes if one.startswith("Development Status"))
    return next(found, "not said")


def home_of(name: str) -> str:
    """Return where a package is kept, preferring its source."""
    about = metadata.metadata(name)
    links = dict(one.split(", ", 1) for one in about.get_all("Project-URL", []))
    folded = {label.lower(): url for label, url in links.items()}
    for label in ("source", "source code", "repository", "github", "code", "homepage", "home"):
        if label in folded:
            return folded[label]
    return about.get("Home-Page") or next(iter(links.values()), HOMES.get(name, ""))


def wanted() -> dict[str, set[str]]:
    """Return which package or part of pyproject.toml asks for each."""
    found = dict[str, set[str]]()
    for part, lines in {"client": PROJECT["dependencies"], **EXTRAS}.items():
        for name in _names(lines):
            found.setdefault(name, set()).add(part)
    for owner in pinned():
        for name in _names(metadata.requires(owner) or ()):
            found.setdefault(name, set()).add(owner)
    return found


def _names(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        need = Requirement(line)
        if need.marker is None or need.marker.evaluate({"extra": ""}) or "extra" in str(need.marker):
            yield canonicalize_name(need.name)


def rows() -> list[str]:
    """Return the rows of the table."""
    askers = wanted()
    cells = (
        (name, version, licence_of(name), _askers(askers[name]), status_of(name), home_of(name))
        for name, version in sorted(pinned().items())
    )
    return [f"| {' | '.join(row)} |" for row in cells]


def _askers(found: set[str]) -> str:
    """Name the parts of pyproject.toml, else up to three packages."""
    return ", ".join(sorted(found & PARTS) or sorted(found - PARTS)[:3])


def page() -> str:
    """Return the document with the table as it is now."""
    head = PAGE.read_text().partition(BEGIN)[0]
    titles = "| package | version | licence | wanted by | its authors call it | kept at |"
    return f"{head}{BEGIN}{titles}\n|---|---|---|---|---|---|\n" + "".join(f"{row}\n" for row in rows())


if __name__ == "__main__":
    PAGE.write_text(re.sub(r"[ \t]+\n", "\n", page()))
