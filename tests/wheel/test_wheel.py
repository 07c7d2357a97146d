"""A project with its own `app` package uses the built wheel.

The environment is a fresh one.
"""

import asyncio
import sys
import zipfile

from app.cli.root import COMMANDS
from tests.wheel.conftest import ROOT, needed

PROGRAM = """
import sys

from dossier import Dossier, JobView, Limits, Sources, StillRunning


def newest(dossier: Dossier) -> JobView:
    return next(dossier.iter_jobs("completed"))


with Dossier(sys.argv[1]) as dossier:
    limits, sources = Limits(max_searches=2), Sources(search="web")
    created = dossier.submit("boil?", effort="quick", limits=limits, sources=sources)
    types: list[str] = [event.type for event in dossier.stream(created.job_id)]
    title: str = dossier.result(created.job_id, timeout=90.0).title
    fork = dossier.fork(created.job_id, instruction="And why?")
    dossier.result(fork.job_id)
    job = newest(dossier)
    print(types[-1], title, job.forked_from.after if job.forked_from else None)
"""

WRONG = """
from dossier import Dossier

with Dossier() as dossier:
    dossier.submit("boil?", effort="immense")
    dossier.submit("boil?", speed=3)
    reveal: int = dossier.report("x")
"""


# Every command's help, in one process.
HELP = """
import sys
from dossier_server.__main__ import main

for name in sys.argv[1:]:
    sys.argv = ["dossier", name, "--help"]
    try:
        main()
    except SystemExit as left:
        assert not left.code, (name, left.code)
"""


def test_the_wheel_takes_two_names_and_has_every_file_of_the_server(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {
        f"dossier_server/{path.relative_to(ROOT)}"
        for folder in ("app", "migrations")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }

    assert {name.partition("/")[0] for name in names} == {"dossier", "dossier_server"}
    assert expected <= names


def test_the_client_needs_nothing_but_httpx_and_msgspec(client_only):
    names = needed("dossier", client_only.packages, set())
    loaded = client_only.python(
        "-c", "import sys, dossier; print(*{name.partition('.')[0] for name in sys.modules})"
    )

    assert {"httpx", "msgspec"} <= names
    assert not {"litestar", "asyncpg", "rich", "sqlalchemy"} & names
    assert loaded.returncode == 0, loaded.stderr
    assert "app" not in loaded.stdout.split()


async def test_a_typed_program_passes_mypy_and_runs(client_only, server):
    (client_only.project / "program.py").write_text(PROGRAM)

    checked = await asyncio.to_thread(mypy, client_only, "program.py")
    ran = await asyncio.to_thread(client_only.python, "program.py", server)

    assert checked.stdout.startswith("Success"), checked.stdout + checked.stderr
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("job_completed Boiling water")


def test_mypy_finds_what_is_wrong(client_only):
    (client_only.project / "wrong.py").write_text(WRONG)

    lines = [line for line in mypy(client_only, "wrong.py").stdout.splitlines() if "error:" in line]

    assert [line.split(":")[1] for line in lines] == ["5", "6", "7"]


def mypy(environment, file):
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--python-executable",
        str(environment.bin / "python"),
    ]
    return environment.run(*command, file, PYTHONPATH="")


def test_the_command_without_the_server_says_what_to_install(client_only):
    found = client_only.dossier("--help")

    assert found.returncode == 1
    assert found.stdout == ""
    assert "pip install 'dossier[server]'" in found.stderr
    assert len(found.stderr.splitlines()) == 1


def test_every_command_runs_in_a_project_with_an_app_of_its_own(with_server):
    found = with_server.python("-c", HELP, *COMMANDS)

    assert found.returncode == 0, found.stderr
    assert found.stdout.count("Usage: dossier") == len(COMMANDS)


def test_a_server_of_its_own_and_processes_beside_it_run_there_too(with_server):
    """`demo` starts `serve`, while `rebuild` and `verify` import by name."""
    demo = with_server.dossier("demo")
    again = [with_server.dossier(name) for name in ("rebuild", "verify", "jobs")]

    assert demo.returncode == 0, demo.stderr
    assert "[1]" in demo.stdout
    assert [(found.returncode, found.stderr[-500:]) for found in again if found.returncode] == []
    assert "completed" in again[-1].stdout


def test_the_wheel_has_the_licence_of_each_part(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    licences = [name for name in names if ".dist-info/licenses/" in name]

    for name in ("/LICENSE", "/swagger/LICENSE", "/swagger/NOTICE", "/swagger-ui-bundle.js.LICENSE.txt"):
        assert any(found.endswith(name) for found in licences), name
