"""Alerts and dashboard ask for figures that a process shows."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from app.cli.root import dossier
from app.metrics import ProcessMetrics
from app.settings import NAMES

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


@pytest.mark.parametrize("name", ["dossier-api.service", "dossier-worker@1.service"])
def test_systemd_accepts_the_units(name, tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed.")
    for unit in (DEPLOY / "systemd").glob("*.service"):
        shutil.copy(unit, tmp_path)
    done = subprocess.run(
        ["systemd-analyze", "verify", f"./{name}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["dossier-api.service", "dossier-worker@.service"])
def test_the_units_run_commands_that_exist(name):
    text = (DEPLOY / "systemd" / name).read_text()
    [line] = re.findall(r"^ExecStart=/usr/bin/env dossier (.+)$", text, re.MULTILINE)
    command, *words = line.split()

    dossier.load(command).make_context(command, words)
    assert set(re.findall(r"\b(?:DOSSIER_[A-Z_]+)(?==)", text)) <= NAMES
