"""After each event the page says what the server says."""

import json
import shutil
import subprocess
from itertools import product
from pathlib import Path
from typing import get_args

import pytest

from app.text.report_evidence import evidence
from app.text.report_languages.english import ENGLISH
from dossier.job_types import Claim, Metrics, Outcome, Result, SourceView, StopReason
from tests.folds.logs import every_log, lines, said

NODE = shutil.which("node")
HERE = Path(__file__).parent
WEB = Path(__file__).parents[2] / "app/api/web"

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")


@pytest.fixture(scope="module")
def on_the_page() -> dict[str, list[dict[str, object]]]:
    """What fold.js says of each log, after each event."""
    logs = json.dumps({name: lines(log) for name, log in every_log().items()})
    return json.loads(node(HERE / "fold.mjs", (WEB / "fold.js").as_uri(), text=logs))


def node(*arguments: str | Path, text: str = "") -> str:
    """What node prints for these arguments, with the text as its input."""
    run = subprocess.run([NODE, *arguments], input=text, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize("name", every_log())
def test_the_page_folds_a_log_as_the_server_does(name, on_the_page):
    log = every_log()[name]

    for row, job, page in zip(log.rows, log.jobs, on_the_page[name], strict=True):
        server = json.loads(json.dumps(said(job)))
        assert page == server, f"after event {row.seq}, {row.type}"


def test_the_page_and_the_report_have_a_sentence_for_each_reason_to_stop():
    words = (WEB / "words.js").as_uri()
    script = f"console.log(JSON.stringify((await import('{words}')).STOPPED))"

    assert ENGLISH.stopped.keys() == set(get_args(StopReason))
    assert json.loads(node("--input-type=module", "--eval", script)) == ENGLISH.stopped


def test_the_page_and_the_report_give_the_same_reason_for_every_ending():
    cases = list(product(get_args(StopReason), get_args(Outcome), (True, False), (True, False)))
    script = """
        import { readFileSync } from "node:fs";
        const { whyStopped } = await import(process.argv[1]);
        const cases = JSON.parse(readFileSync(0, "utf8"));
        console.log(JSON.stringify(cases.map(([reason, outcome, hasClaims, wasRead]) =>
          whyStopped(reason, { outcome, hasClaims, wasRead }))))"""
    words = (WEB / "words.js").as_uri()
    on_page = json.loads(node("--input-type=module", "--eval", script, words, text=json.dumps(cases)))

    possible = 0
    for (reason, outcome, has_claims, was_read), why in zip(cases, on_page, strict=True):
        if has_claims and not (was_read and outcome in {"answered", "partial"}):
            continue  # a claim stands on a page that was read
        possible += 1
        told = evidence(ended(reason, outcome, has_claims=has_claims, was_read=was_read))
        assert reason == "answered" or why in told, (reason, outcome, has_claims, was_read)
    assert possible == len(get_args(StopReason)) * 10


def ended(reason, outcome, *, has_claims, was_read):
    """A result that ended so."""
    source = SourceView(1, "https://example.com/", "A", "", was_read)
    claims = (Claim("It is.", 1, "It is.", 0, 6, 1.0),) if has_claims else ()
    metrics = Metrics(1.0, 1, 1, 0.0, 1)
    return Result(
        "A", "It is.", "/", reason, "low", (source,), claims, 0.0, 0.0, (), (), metrics, outcome=outcome
    )


def test_no_call_of_a_job_that_nobody_works_on_is_in_flight():
    logs = json.dumps({name: lines(log) for name, log in every_log().items()})
    fold = (WEB / "fold.js").as_uri()
    script = f"""
        import {{ readFileSync }} from "node:fs";
        const {{ empty, evolve }} = await import("{fold}");
        const found = [];
        for (const [name, events] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {{
          const job = empty();
          for (const event of events) {{
            evolve(job, event);
            const open = job.calls.filter((call) => !call.to && !call.reused).map((call) => call.key);
            found.push([name, event.seq, job.status, open, job.calls.some((call) => call.isCut)]);
          }}
        }}
        console.log(JSON.stringify(found))"""

    found = json.loads(node("--input-type=module", "--eval", script, text=logs))

    at_work = ("running", "cancelling")
    assert [row for row in found if row[3] and row[2] not in at_work] == []
    assert any(row[3] for row in found)  # there are calls in flight
    assert any(row[4] for row in found)  # and some are cut off
