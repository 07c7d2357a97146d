"""Alerts and dashboard ask for figures that a process shows."""

import json
import re
import shlex
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


SYSTEMD = DEPLOY / "systemd"
UNITS = sorted(path.name for path in SYSTEMD.iterdir())
SERVICES = [name for name in UNITS if name.endswith(".service")]
MOST_EXPOSED = 20  # tenths, of 100: what systemd-analyze calls OK


def analyze(folder, *arguments):
    """Run systemd-analyze on copies of the units, a worker's included, or skip."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed; the other tests read the units themselves.")
    shutil.copytree(SYSTEMD, folder, dirs_exist_ok=True)
    return subprocess.run(
        ["systemd-analyze", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", UNITS)
def test_systemd_accepts_the_units(name, tmp_path):
    done = analyze(tmp_path, "verify", f"./{name.replace('@', '@1')}")

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", SERVICES)
def test_systemd_finds_the_units_confined(name, tmp_path):
    done = analyze(tmp_path, "security", "--offline=true", f"--threshold={MOST_EXPOSED}", f"./{name}")
    if "unrecognized option" in done.stderr:
        pytest.skip("This systemd-analyze judges no files; from 250 on it does.")

    assert done.returncode == 0, done.stdout[-200:]


def test_the_units_are_confined_alike():
    confined = {
        (SYSTEMD / name).read_text().partition("# The same in each unit")[2].partition("[Install]")[0].strip()
        for name in SERVICES
    }

    assert len(confined) == 1
    assert "\nSystemCallFilter=@system-service\n" in confined.pop()


def test_units_that_share_a_folder_run_as_one_user():
    """Systemd gives the folder to whoever starts last."""
    users: dict[str, set[str]] = {}
    for name in SERVICES:
        told = dict(re.findall(r"^(User|StateDirectory)=(.+)$", (SYSTEMD / name).read_text(), re.MULTILINE))
        users.setdefault(told["StateDirectory"], set()).add(told.get("User", name))

    assert sorted(users) == ["dossier", "dossier-backup"]
    assert [folder for folder, of_it in users.items() if len(of_it) > 1] == []


def test_the_timer_starts_a_service_that_is_there():
    assert {f"{Path(name).stem}.service" for name in UNITS if name.endswith(".timer")} <= set(SERVICES)


@pytest.mark.parametrize("name", SERVICES)
def test_the_units_run_commands_that_exist(name):
    text = (SYSTEMD / name).read_text()
    [line] = re.findall(r"^ExecStart=.*\bdossier ([^'\n]+)", text, re.MULTILINE)
    command, *words = shlex.split(line)

    dossier.load(command).make_context(command, words)
    assert set(re.findall(r"\b(?:DOSSIER_[A-Z_]+)(?==)", text)) <= NAMES
