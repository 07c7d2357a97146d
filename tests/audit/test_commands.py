"""The auditor's commands work as run: keygen, checkpoint, verify, why, bundle."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.audit.conftest import researched


@pytest.fixture
def dossier(database_url, tmp_path):
    def run(*arguments, **environment):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("DOSSIER_", "OPENAI_", "TAVILY_"))}
        return subprocess.run(
            [sys.executable, "-P", "-m", "app", *map(str, arguments)],
            env={**clean, "DATABASE_URL": database_url, "PYTHONPATH": str(Path.cwd()), **environment},
            cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip

    return run


async def test_an_auditors_day(house, dossier, tamper, tmp_path):
    job = await researched(house)
    key = tmp_path / "audit.pem"

    made = dossier("keygen", key)
    assert made.returncode == 0, made.stderr
    assert key.stat().st_mode & 0o777 == 0o600
    assert dossier("keygen", key).returncode == 1  # never over another key
    unsigned = dossier("verify")
    assert unsigned.returncode == 0, unsigned.stderr
    assert "Verified, no changes found" in unsigned.stdout
    assert "No signature was checked" in unsigned.stderr
    signs = {"DOSSIER_SIGNING_KEY": str(key)}
    done = dossier("checkpoint", "--export", "out.ndjson", **signs)
    assert "Made 1 checkpoint, signed with key" in done.stdout, done.stderr
    assert "Appended 1 checkpoint to" in done.stdout
    assert "Nothing has moved" in dossier("checkpoint", **signs).stdout
    with_all = ("verify", job, "--checkpoints", "out.ndjson", "--public-key", f"{key}.pub")
    assert dossier(*with_all).returncode == 0

    shown = dossier("why", job, 1)
    assert shown.returncode == 0, shown.stderr
    assert "asked by step 2 (web_search), event" in shown.stdout
    assert "look at what is there" in shown.stdout
    assert dossier("why", job).stdout.startswith("1. ")
    saved = dossier("bundle", job, "--output", "b.zip", **signs)
    assert saved.returncode == 0, saved.stderr
    assert dossier("bundle", "--check", "b.zip").returncode == 0
    body = bytearray((tmp_path / "b.zip").read_bytes())
    body[len(body) // 2] ^= 1
    (tmp_path / "b.zip").write_bytes(body)
    assert dossier("bundle", "--check", "b.zip").returncode == 1

    await tamper("UPDATE events SET actor = 'nobody' WHERE seq = 5")
    found = dossier(*with_all)
    as_json = dossier("verify", "--json")
    assert found.returncode == as_json.returncode == 1
    assert f"changed: Job {job}: event 5 was changed" in found.stdout
    verdict = json.loads(as_json.stdout)
    assert verdict["ok"] is False
    assert verdict["verdict"]["findings"][0]["seq"] == 5
    assert "PRIVATE" not in found.stdout + found.stderr + made.stdout + done.stdout


def test_a_key_that_is_none_is_said_to_be_none(dossier, tmp_path):
    (tmp_path / "key").write_text("no key")

    for path in ("key", "nowhere"):
        done = dossier("checkpoint", DOSSIER_SIGNING_KEY=str(tmp_path / path))
        assert done.returncode == 8
        assert "key" in done.stderr.lower()
        assert "Traceback" not in done.stderr
