"""Right citations stay, planted falsehoods fall, and the replay agrees."""

from datetime import timedelta

import pytest

from app.domain.caller import ANYBODY
from app.replay import replay
from tests.steps import submitted_job
from tests.text import pairs
from tests.worker.realistic import (
    JUDGED_ACROSS,
    Chronicles,
    RuleDrivenModel,
    english_report,
    german_report,
)
from tests.worker.working import over, working

LEAST_WORDS = 1200
LEAST_KEPT = 0.98  # of the right citations
WRITERS = {"en": english_report, "de": german_report}


@pytest.mark.parametrize("language", WRITERS)
async def test_a_long_report_keeps_what_is_right_and_loses_every_planted_falsehood(house, language):
    model = house.model = RuleDrivenModel(WRITERS[language])
    house.search = Chronicles()
    job = await submitted_job(house.writer, "What do the chronicles of the coast say?", verify="off")

    async with working(
        house, lease=timedelta(minutes=5)
    ):  # to check it may block a loaded machine for seconds
        job = await over(house, job.id)

    written, claims = model.report, job.research.report.claims
    lost = [citation for citation in written.right if not citation.is_in(claims)]
    kept_false = {
        kind: [citation.text for citation in planted if citation.is_in(claims)]
        for kind, planted in written.planted.items()
    }
    assert (job.status, job.stop_reason) == ("completed", "answered")
    assert len(written.content.split()) >= LEAST_WORDS
    assert len(lost) <= (1 - LEAST_KEPT) * len(written.right), lost
    assert not any(kept_false.values()), kept_false
    assert len(written.right) >= 80
    assert (await replay(house.engine, ANYBODY, job.id)).same


def test_every_kind_of_falsehood_is_planted():
    report = english_report(dict(enumerate(Chronicles().pages.values(), 1)))
    german = german_report(dict(enumerate(Chronicles().pages.values(), 1)))

    assert set(pairs.rules("en")) <= set(report.planted)
    assert set(pairs.rules("de")) - JUDGED_ACROSS <= set(german.planted)
