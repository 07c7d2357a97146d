"""The terminal replays, forks, compares and shows the past, offline.

The searches go to a real corpus.
"""

import json

import pytest

from app.ingest import builtin
from tests.cli.asked import NOBODY, QUESTION

FURTHER = "What does the raise statement do with an exception?"


@pytest.fixture(scope="module")
def url(terminal, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    for document in builtin.python_topics():
        (folder / f"{document.url.removeprefix('pydoc:')}.txt").write_text(document.text)
    assert terminal.run("ingest", str(folder)).returncode == 0
    server, url = terminal.serve(workers=1)
    yield url
    server.terminate()
    server.communicate(timeout=90)


@pytest.fixture(scope="module")
def job(terminal, url):
    return json.loads(terminal.run("ask", QUESTION, "--json", DOSSIER_URL=url).stdout)


@pytest.fixture(scope="module")
def fork(terminal, url, job):
    arguments = ("fork", job["job_id"], "--instruction", FURTHER, "--max-searches", "4", "--json")
    found = terminal.run(*arguments, DOSSIER_URL=url)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


def test_a_follow_up_question_is_answered_from_what_was_read_and_what_is_found_now(fork, job):
    result = fork["result"]

    assert fork["status"] == "completed"
    assert fork["forked_from"] == {"job_id": job["job_id"], "after": job["seq"], "instruction": FURTHER}
    assert result["title"] == FURTHER
    assert result["claims"]
    assert any("raise" in claim["text"] for claim in result["claims"])
    assert [source["url"] for source in result["sources"][: len(job["result"]["sources"])]] == [
        source["url"] for source in job["result"]["sources"]
    ]
    assert 0 < fork["usage"]["searches"] <= 4
    assert fork["limits"] == {"max_searches": 4}


def test_a_fork_can_be_left_alone(terminal, url, job):
    found = terminal.run("fork", job["job_id"], "--after", "5", "--no-wait", DOSSIER_URL=url)

    assert found.returncode == 0, found.stderr
    view = json.loads(terminal.run("show", found.stdout.strip(), "--json", DOSSIER_URL=url).stdout)
    assert view["forked_from"]["after"] >= 5
    listed = terminal.run("jobs", "--forked-from", job["job_id"][:35], "--json", DOSSIER_URL=url)
    assert view["job_id"] in [one["job_id"] for one in json.loads(listed.stdout)["jobs"]]


def test_a_recorded_run_over_a_real_corpus_replays_the_same(terminal, url, job, fork):
    for job_id in (job["job_id"], fork["job_id"]):
        found = terminal.run("replay", job_id, "--json", DOSSIER_URL=url)
        outcome = json.loads(found.stdout)

        assert found.returncode == 0, found.stdout
        assert outcome["same"] is True
        assert outcome["events_compared"] > 10
    assert terminal.run("replay", job["job_id"], DOSSIER_URL=url).stdout.startswith("same: ")


def test_all_jobs_are_replayed_into_a_table(terminal, job, fork):
    table = terminal.run("replay", "--all", "--since", "2020-01-01")
    lines = [json.loads(line) for line in terminal.run("replay", "--all", "--json").stdout.splitlines()]

    assert table.returncode == 0, table.stderr
    assert {job["job_id"], fork["job_id"]} <= {line["job_id"] for line in lines}
    assert all(line["first_difference"] is None for line in lines)
    assert [line[:36] for line in table.stdout.splitlines()[1:]] == [line["job_id"] for line in lines]
    assert "0 different" in table.stderr
    assert terminal.run("replay", "--all", "--since", "2999-01-01", "--json").stdout == ""


def test_two_jobs_side_by_side(terminal, url, job, fork):
    found = json.loads(terminal.run("diff", job["job_id"], fork["job_id"], "--json", DOSSIER_URL=url).stdout)
    shown = terminal.run("diff", job["job_id"], fork["job_id"], DOSSIER_URL=url)

    assert found["common_prefix"] == job["steps_completed"] - 1
    assert len(found["sources"]["both"]) == len(job["result"]["sources"])
    assert "(reused)" in shown.stdout
    assert f"They start with {found['common_prefix']} common steps." in shown.stderr


def test_a_job_is_shown_as_it_was(terminal, url, job):
    then = json.loads(terminal.run("show", job["job_id"], "--at", "3", "--json", DOSSIER_URL=url).stdout)

    assert (then["seq"], then["status"]) == (3, "running")


@pytest.mark.parametrize(
    "arguments", [["replay"], ["replay", NOBODY, "--all"], ["replay", NOBODY, "--since", "2026-01-01"]]
)
def test_a_replay_is_of_one_job_or_of_all(terminal, arguments):
    assert terminal.run(*arguments).returncode == 2
