"""compose.yaml uses commands, options, settings, routes and times that exist."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from app.api.server import GRACE
from app.cli.root import dossier
from app.settings import Settings
from app.store.logins import LOGIN_KINDS
from tests.documented import SETTINGS, routes

ROOT = Path(__file__).parent.parent
OURS = {"migrate", "api1", "api2", "worker"}


@pytest.fixture(scope="module")
def services() -> dict[str, dict]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


def parsed(service) -> dict:
    """Parse a service's command with click, which refuses unknown options."""
    program, name, *arguments = service["command"]
    assert program == "dossier"
    return dossier.load(name).make_context(name, arguments).params


def seconds(text: str) -> int:
    return int(re.fullmatch(r"(\d+)s", text)[1])


def compose(*arguments) -> subprocess.CompletedProcess:
    command = ["docker", "compose", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


def test_docker_compose_accepts_the_file():
    if not shutil.which("docker") or compose("version").returncode:
        pytest.skip("There is no docker compose here; the other tests read the file themselves.")
    checked = compose("config", "--quiet")
    assert checked.returncode == 0, checked.stderr


def test_there_are_postgres_a_migration_two_apis_and_two_workers(services):
    assert services.keys() == {"postgres", "proxy", "logins"} | OURS
    assert services["postgres"]["image"] == "postgres:18"
    assert services["worker"]["deploy"]["replicas"] == 2
    assert services["migrate"]["command"] == ["dossier", "migrate"]
    assert services["migrate"]["restart"] == "no"


def test_every_command_has_the_options_that_it_is_given(services):
    api, worker = parsed(services["api1"]), parsed(services["worker"])

    assert parsed(services["migrate"]) == {"as_json": False}
    assert parsed(services["api2"]) == api
    assert (api["host"], api["insecure"], api["workers"]) == ("0.0.0.0", True, 0)
    assert worker["concurrency"] >= 1


def test_nothing_of_ours_writes_to_its_root_or_gains_rights(services):
    for name in OURS:
        assert services[name]["read_only"]
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["security_opt"] == ["no-new-privileges:true"]


def test_nothing_starts_before_the_migration_is_done(services):
    for name in OURS - {"migrate"}:
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert services["migrate"]["depends_on"]["postgres"] == {"condition": "service_healthy"}
    assert "pg_isready" in services["postgres"]["healthcheck"]["test"]


def test_only_the_migration_is_the_owner_and_the_others_have_logins_of_their_own(services):
    logins = services["logins"]
    made = dict(line.split() for line in logins["environment"]["PASSWORDS"].splitlines())
    users = {name: services[name]["environment"]["DATABASE_URL"] for name in OURS}

    assert made.keys() == set(LOGIN_KINDS)
    for name in OURS - {"migrate"}:
        kind = "worker" if name == "worker" else "api"
        assert users[name].startswith(f"postgresql://dossier_{kind}:{made[kind]}@postgres")
        assert services[name]["depends_on"]["logins"] == {"condition": "service_completed_successfully"}
    assert logins["environment"]["DATABASE_URL"] == users["migrate"]
    assert logins["command"][-1].endswith("| dossier logins --passwords")


def test_the_apis_are_published_on_loopback_and_checked_by_a_route_that_exists(services):
    for name in ("api1", "api2"):
        port = parsed(services[name])["port"]
        check = services[name]["healthcheck"]["test"][-1]
        host, _published, inside = services[name]["ports"][0].split(":")
        assert (host, int(inside)) == ("127.0.0.1", port)
        assert re.search(rf"http://127\.0\.0\.1:{port}(/[\w/]+)", check)[1] == "/health/ready"
        compile(check, name, "exec")
    assert ("GET", "/health/ready") in routes()
    assert len({services[name]["ports"][0] for name in ("api1", "api2")}) == 2


def test_a_container_is_given_longer_than_its_drain(services):
    settings = Settings()
    drain = max(GRACE, 2 * settings.drain_seconds) + settings.lease_seconds

    for name in OURS:
        assert seconds(services[name]["stop_grace_period"]) > drain
        assert services[name]["init"] is True


def test_the_environment_names_settings_that_exist(services):
    for name in OURS:
        assert set(services[name]["environment"]) <= SETTINGS.keys()
        assert "@postgres:5432/dossier" in services[name]["environment"]["DATABASE_URL"]


# What the file sets, what belongs to who asks a server, and what a container has no use for.
NOT_PASSED = {"DOSSIER_ENV_FILE", "DOSSIER_LISTEN_URL", "DOSSIER_HOME", "DOSSIER_URL", "DOSSIER_API_KEY"}


def test_every_setting_reaches_the_containers(services):
    for name in OURS:
        given = services[name]["environment"]
        passed = {one for one in given if given[one].startswith(f"${{{one}:-")}
        assert passed | {"DATABASE_URL"} == given.keys()
        assert given.keys() == SETTINGS.keys() - NOT_PASSED


def test_the_proxy_has_tls_in_front_of_both(services):
    proxy = services["proxy"]

    assert proxy["profiles"] == ["tls"]
    assert [word for word in proxy["command"] if word.endswith(":8000")] == ["api1:8000", "api2:8000"]
    assert proxy["ports"][0].endswith(":443")


def test_the_image_holds_what_is_pinned_and_runs_as_nobody_in_particular():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"}
    copied = {word for line in lines if line.startswith("COPY") for word in line.split()[1:-1]}

    assert lines.index("USER dossier") > max(n for n, line in enumerate(lines) if line.startswith("COPY"))
    assert any("PIP_CONSTRAINT=/src/constraints.txt python -m pip install" in line for line in lines)
    assert any(re.fullmatch(r"ARG BASE=python:\d+\.\d+\.\d+-slim-\w+", line) for line in lines)
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)
    assert "*" in (ROOT / ".dockerignore").read_text().splitlines()
