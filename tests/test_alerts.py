"""Each alert fires for its cause, and for nothing else."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from app.metrics import ProcessMetrics

ALERTS = Path(__file__).parent.parent / "deploy/alerts.yaml"
RULES = {r["alert"]: r for group in yaml.safe_load(ALERTS.read_text())["groups"] for r in group["rules"]}
PANELS = json.loads((ALERTS.parent / "grafana/dossier.json").read_text())["panels"]
CALLS = 'dossier_calls_total{kind="model",provider="m",'
GIVEN_UP = 'dossier_webhook_tries_total{outcome="given_up"}'
FAILED = 'dossier_attempts_total{outcome="failed"}'
COMPLETED = 'dossier_attempts_total{outcome="completed"}'
LATER = 70  # minutes after which it is asked what fires; `from+stepxtimes` is one value a minute, `_` is none
# What is seen, in words, as series, and the alerts that it fires.
SEEN = [
    ("no process reaches Postgres", {"dossier_database_up": "1x60 0x20"}, {"DossierDatabaseAway"}),
    (
        "one process of two reaches Postgres",
        {'dossier_database_up{instance="a"}': "0x80", 'dossier_database_up{instance="b"}': "1x80"},
        set(),
    ),
    ("Postgres was away, and answers", {"dossier_database_up": "1x50 0x10 1x20"}, set()),
    (
        "a job waits and nobody works",
        {"dossier_oldest_pending_seconds": "0x50 0+60x20"},
        {"DossierNobodyWorks"},
    ),
    ("jobs wait for a minute", {"dossier_oldest_pending_seconds": "60x80"}, set()),
    ("running jobs are held by nobody", {"dossier_jobs_unheld": "0x60 1x20"}, {"DossierNobodyRescues"}),
    ("a rescue took its minute", {"dossier_jobs_unheld": "0x69 1x20"}, set()),
    ("a provider is away", {'dossier_breaker_open{provider="m"}': "0x60 1x20"}, {"DossierProviderAway"}),
    ("a provider was away for three minutes", {'dossier_breaker_open{provider="m"}': "0x66 1x20"}, set()),
    ("a key expires", {CALLS + 'outcome="auth"}': "3x65 4x20"}, {"DossierKeyRefused"}),
    (
        "a key is refused in a process's first call",
        {CALLS + 'outcome="auth"}': "_x65 1x20"},
        {"DossierKeyRefused"},
    ),
    ("a key is right since an hour", {CALLS + 'outcome="auth"}': "_x5 3x80"}, set()),
    ("a key is right, one scrape was missed", {CALLS + 'outcome="auth"}': "3x58 stale _x2 3x30"}, set()),
    ("calls are late", {CALLS + 'outcome="timeout"}': "0+5x80"}, set()),
    ("half of the jobs fail", {FAILED: "0+1x80", COMPLETED: "0+1x80"}, {"DossierJobsFail"}),
    ("a tenth of the jobs fail", {FAILED: "0+1x80", COMPLETED: "0+9x80"}, set()),
    ("two jobs fail on a quiet night", {FAILED: "0x60 2x20", COMPLETED: "7x80"}, set()),
    ("leases are lost", {"dossier_leases_lost_total": "0+1x80"}, {"DossierLeasesLost"}),
    ("two leases were lost", {"dossier_leases_lost_total": "0x65 2x20"}, set()),
    ("a transaction stays open", {"dossier_feed_lag_seconds": "0x50 0+60x30"}, {"DossierFeedHeldBack"}),
    ("a feed is a second behind", {"dossier_feed_lag_seconds": "1x80"}, set()),
    ("a worker is frozen", {'dossier_workers{state="silent"}': "0x60 1x20"}, {"DossierWorkerSilent"}),
    (
        "workers work",
        {'dossier_workers{state="working"}': "3x80", 'dossier_workers{state="silent"}': "0x80"},
        set(),
    ),
    ("a message is given up", {GIVEN_UP: "0x60 1x20"}, {"DossierWebhooksGivenUp"}),
    ("tries fail", {'dossier_webhook_tries_total{outcome="failed"}': "0+1x80", GIVEN_UP: "1x80"}, set()),
    ("workers are paused and forgotten", {"dossier_claims_paused": "0x30 1x50"}, {"DossierClaimsPaused"}),
    ("workers are paused for a deploy", {"dossier_claims_paused": "0x60 1x20"}, set()),
]


def asked(series, fires):
    """One test of promtool: which alerts fire `LATER`, and no other."""
    firing = [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(fires)]
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": f"{LATER}m",
                "exp_samples": firing,
            }
        ],
    }


def test_each_alert_has_what_it_fires_for_and_what_it_does_not():
    about = [
        (fires, {name for name, rule in RULES.items() if names(series) & names([rule["expr"]])})
        for _, series, fires in SEEN
    ]

    assert set().union(*(fires for fires, _ in about)) == set(RULES)
    assert set().union(*(near - fires for fires, near in about)) == set(RULES)


def names(expressions):
    """The figures that expressions ask for."""
    return {name for text in expressions for name in re.findall(r"\bdossier_\w+", text)}


@pytest.mark.parametrize(("series", "fires"), [case[1:] for case in SEEN], ids=[case[0] for case in SEEN])
def test_what_is_seen_fires_these_alerts(series, fires, tmp_path):
    judge({"rule_files": [str(ALERTS)], "tests": [asked(series, fires)]}, tmp_path)


@pytest.mark.parametrize(("values", "spent"), [("_x30 0.5x50", 0.5), ("1+1x80", 60), ("2x80", 0)])
def test_the_panel_of_costs_shows_a_providers_first_call_too(values, spent, tmp_path):
    [shown] = [
        target["expr"] for panel in PANELS for target in panel["targets"] if "_cost_" in target["expr"]
    ]
    seen = asked({'dossier_cost_usd_total{provider="m"}': values}, set())
    samples = [{"labels": '{provider="m"}', "value": spent}]
    seen["promql_expr_test"] = [{"expr": shown, "eval_time": f"{LATER}m", "exp_samples": samples}]

    judge({"tests": [seen]}, tmp_path)


def judge(tests, tmp_path):
    """Let promtool run tests of rules or of expressions."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed; it comes with Debian's prometheus.")
    (tmp_path / "seen.yaml").write_text(yaml.safe_dump({"evaluation_interval": "1m", **tests}))
    done = subprocess.run(
        [promtool, "test", "rules", "seen.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_outcomes_that_alerts_count_begin_at_0():
    shown = ProcessMetrics().text().decode()
    counted = {
        f'{name}{{outcome="{outcome}"}}'
        for rule in RULES.values()
        if "unless" not in rule["expr"]  # which counts a new series whole
        for name, outcomes in re.findall(r'(dossier_\w+_total)\{outcome=~?"([^"]+)"\}', rule["expr"])
        for outcome in outcomes.split("|")
    }

    assert len(counted) == 3
    assert [series for series in counted if f"{series} 0.0\n" not in shown] == []
