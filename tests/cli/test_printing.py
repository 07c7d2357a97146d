"""Tables and costs as a person reads them."""

from datetime import UTC, datetime
from io import StringIO
from uuid import UUID

import pytest
from msgspec.structs import replace
from rich.console import Console

from app.cli import printing
from app.cli.board import counts, in_words
from app.domain.job import Job
from app.domain.research import Bill
from app.domain.view import job_view
from dossier.event_types import JobEvent
from dossier.request import ResearchRequest

JOB = Job(
    UUID("01a20937-51e3-763d-b2e2-cb25b04281b4"),
    3,
    request=ResearchRequest("What does the with statement do, and what is a context manager good for?"),
    created_at=datetime(2026, 11, 23, tzinfo=UTC),
)


def billed(**figures):
    return replace(JOB, research=replace(JOB.research, bill=Bill(**figures)))


def printed(monkeypatch, width, *views):
    screen = Console(width=width, file=StringIO(), force_terminal=True, color_system=None)
    monkeypatch.setattr(printing, "out", screen)
    printing.print_jobs(views)
    return screen.file.getvalue().splitlines()


@pytest.mark.parametrize(
    ("status", "outcome", "state"),
    [
        ("completed", "answered", "answered"),
        ("completed", "not_researched", "not researched"),
        ("failed", "not_researched", "failed"),
        ("input_required", None, "input required"),
    ],
)
@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_job_is_one_line_with_its_outcome_whole(monkeypatch, width, status, outcome, state):
    view = replace(job_view(JOB), status=status, outcome=outcome)

    head, line = printed(monkeypatch, width, view)

    assert head.split()[:3] == ["Job", "State", "%"]
    assert f"  {state}  " in line
    assert len(line) <= width
    assert str(JOB.id)[:13] in line


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({"model_calls": 2}, None),
        ({"model_calls": 2, "cost_usd": 0.0213}, "$0.0213"),
        ({"cost_usd": 0.0213, "unpriced_calls": 1}, "at least $0.0213 (1 call has no known price)"),
        ({"unpriced_calls": 3}, "at least $0.0000 (3 calls have no known price)"),
    ],
)
def test_the_cost_is_what_is_known_or_at_least_that(figures, words):
    said = counts(billed(**figures))

    assert said.endswith(words) if words else "$" not in said


@pytest.mark.parametrize(
    ("reason", "away", "says"),
    [
        ("shutdown", None, "The worker is leaving; another one will continue"),
        (
            "provider_unavailable",
            {"provider": "openai:m", "since": "2026-11-23T00:00:00Z", "error_message": "HTTP 500"},
            "Waiting for openai:m: HTTP 500",
        ),
    ],
)
def test_a_job_that_is_handed_back_says_whom_it_waits_for(reason, away, says):
    data = {"attempt": 1, "reason": reason, **({"away": away} if away else {})}
    event = JobEvent(JOB.id, 4, "attempt_released", "pending", 0, JOB.created_at, data)

    assert in_words(event) == says
