"""The logs have everything in them that a reader may come across."""

from typing import get_args

from app.domain.events import EVENT_TYPES
from dossier.job_types import Status
from tests.folds.logs import every_log, versions


def test_the_logs_have_every_event_type_in_every_version_and_end_in_every_status():
    logs = every_log().values()
    seen = {(row.type, row.schema_version) for log in logs for row in log.rows}
    known = {example[:2] for examples in versions().values() for example in examples}

    assert seen >= known
    assert {type_ for type_, _ in seen} >= EVENT_TYPES.keys()
    assert {log.jobs[-1].status for log in logs} == set(get_args(Status))
    assert len({log.rows[0].job_id for log in logs}) == len(logs)
