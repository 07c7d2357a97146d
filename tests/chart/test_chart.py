"""Kubernetes accepts the chart, and its commands, settings and routes exist."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.api.server import GRACE
from app.cli.root import dossier
from app.metrics import ProcessMetrics
from app.settings import NAMES, Settings, load_settings
from tests.chart.install import TOOLS, without_helm
from tests.documented import routes

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy/helm/dossier"
SECRET = "keys"
LEAST = {"existingSecret": SECRET}
FULL = {
    "existingSecret": SECRET,
    "migrationSecret": "owner",
    "configMap": "files",
    "imagePullSecrets": [{"name": "pull"}],
    "image": {"digest": f"sha256:{'0' * 64}"},
    "ingress": {"enabled": True, "host": "h.example.com", "path": "/dossier", "tlsSecret": "tls"},
    "api": {"autoscaling": {"enabled": True}, "podAnnotations": {"a": "b"}, "nodeSelector": {"a": "b"}},
    "worker": {"keda": {"enabled": True}, "tolerations": [{"key": "a", "operator": "Exists"}]},
    "networkPolicy": {
        "allowed": [{"cidr": "10.1.2.3/32", "port": 8080}],
        "database": {"cidrs": ["10.0.0.5/32"], "port": 6432},
    },
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
}


def render(values: dict) -> dict:
    command = [sys.executable, "-P", ROOT / "tests/chart/render.py", CHART, json.dumps(values)]
    environment = {**os.environ, "PYTHONPATH": str(TOOLS)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module", params=["least", "full"])
def made(request) -> list[dict]:
    if reason := without_helm():
        pytest.skip(reason)
    answer = render(FULL if request.param == "full" else LEAST)
    assert answer["refused"] == ""
    named = {one["kind"]: fault for one, fault in zip(answer["objects"], answer["faults"], strict=True)}
    assert {kind: fault for kind, fault in named.items() if fault} == (
        {"ScaledObject": "no schema", "PodMonitor": "no schema"} if request.param == "full" else {}
    )
    return answer["objects"]


def pods(made: list[dict]) -> dict[str, dict]:
    """The pods' specs by their component."""
    return {
        one["metadata"]["labels"]["app.kubernetes.io/component"]: one["spec"]["template"]["spec"]
        for one in made
        if one["kind"] in {"Deployment", "Job"}
    }


def test_every_command_exists_and_has_its_options(made):
    commands = {name: pod["containers"][0]["args"] for name, pod in pods(made).items()}

    assert commands.keys() == {"api", "worker", "migration"}
    for program, name, *arguments in commands.values():
        assert program == "dossier"
        dossier.load(name).make_context(name, arguments)


def test_settings_are_settings_and_good(made):
    [config] = [one["data"] for one in made if one["kind"] == "ConfigMap"]

    assert config.keys() <= NAMES
    load_settings(config)
    assert not [name for name in config if name.endswith("_KEY") or "DATABASE" in name]


def test_pods_may_do_little_and_end_in_order(made):
    settings = Settings()
    for pod in pods(made).values():
        [container] = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert pod["terminationGracePeriodSeconds"] > max(GRACE, 2 * settings.drain_seconds) + 10


def test_probes_ask_routes_that_exist_on_ports_that_are_named(made):
    for name in ("api", "worker"):
        [container] = pods(made)[name]["containers"]
        ports = {port["name"] for port in container["ports"]}
        for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
            asked = container[probe]["httpGet"]
            assert ("GET", asked["path"]) in routes()
            assert asked["port"] in ports


def test_selectors_find_pods_and_scaling_finds_deployments(made):
    labels = [one["spec"]["template"]["metadata"]["labels"] for one in made if one["kind"] == "Deployment"]
    names = {one["metadata"]["name"] for one in made if one["kind"] == "Deployment"}
    for one in made:
        spec = one.get("spec", {})
        chosen = spec.get("selector") or spec.get("podSelector") or {}
        chosen = chosen.get("matchLabels", chosen)
        assert any(chosen.items() <= label.items() for label in labels), one["kind"]
        if "scaleTargetRef" in spec:
            assert spec["scaleTargetRef"]["name"] in names


def test_the_migration_runs_before_the_rest_with_the_owners_secret():
    if reason := without_helm():
        pytest.skip(reason)
    made = render(FULL)["objects"]
    [job] = [one for one in made if one["kind"] == "Job"]
    secrets = {
        name: pod["containers"][0]["envFrom"][-1]["secretRef"]["name"] for name, pod in pods(made).items()
    }

    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert secrets == {"migration": "owner", "api": SECRET, "worker": SECRET}


def test_workers_are_added_by_a_figure_that_exists():
    if reason := without_helm():
        pytest.skip(reason)
    [scaled] = [one for one in render(FULL)["objects"] if one["kind"] == "ScaledObject"]
    shown = {family.name for family in ProcessMetrics().registry.collect()}

    assert set(re.findall(r"dossier_\w+", scaled["spec"]["triggers"][0]["metadata"]["query"])) <= shown


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "existingSecret"),
        ({**LEAST, "settings": {"OPENAI_API_KEY": "sk-1"}}, "OPENAI_API_KEY"),
        ({**LEAST, "settings": {"DATABASE_URL": "postgresql://x"}}, "DATABASE_URL"),
        ({**LEAST, "apii": {}}, "apii"),
        ({**LEAST, "worker": {"concurrency": 0}}, "concurrency"),
        ({**LEAST, "ingress": {"path": "dossier"}}, "path"),
    ],
)
def test_values_that_make_no_sense_are_refused_by_name(values, said):
    if reason := without_helm():
        pytest.skip(reason)
    assert said in render(values)["refused"]
