"""Alerts and dashboard ask for figures that a process shows."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from app.metrics import ProcessMetrics

DEPLOY = Path(__file__).parent.parent / "deploy"
GROUPS = yaml.safe_load((DEPLOY / "alerts.yaml").read_text())["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
PANELS = json.loads((DEPLOY / "grafana/dossier.json").read_text())["panels"]
ASKED = [rule["expr"] for rule in RULES] + [target["expr"] for panel in PANELS for target in panel["targets"]]


@pytest.mark.parametrize("expression", ASKED)
def test_every_figure_that_is_asked_for_exists(expression):
    shown = {family.name for family in ProcessMetrics().registry.collect()}

    names = [re.sub(r"_(total|bucket)$", "", name) for name in re.findall(r"\bdossier_\w+", expression)]

    assert names
    assert set(names) <= shown


def test_promtool_accepts_the_alerts():
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed; it comes with Debian's prometheus.")
    done = subprocess.run(
        [promtool, "check", "rules", DEPLOY / "alerts.yaml"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
