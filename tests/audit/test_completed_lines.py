"""`job_completed` links to the job, and older logs keep their bytes."""

from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest

from app.audit import bundle_verifier
from app.audit.verify import verify
from app.domain import events as e
from app.domain.caller import ANYBODY
from app.domain.chain import GENESIS, line, link
from app.replay import replay
from app.store.database import fetch
from app.store.rebuild import rebuild
from tests.api.sse import read
from tests.audit.conftest import researched
from tests.conftest import FAST, TestHouse, serving
from tests.steps import assert_chain, rows, whole_log

JOB = UUID("01a20937-51e3-763d-b2e2-cb25b04281b4")
AT = datetime(2026, 11, 23, 16, 22, 30, 686742, tzinfo=UTC)
DATA = '{"stop_reason":"answered"}'
HEAD = (
    '{"job_id":"01a20937-51e3-763d-b2e2-cb25b04281b4","seq":39,"type":"job_completed","status":"completed",'
    '"progress":100,"at":"2026-11-23T16:22:30.686742Z","data":{"stop_reason":"answered"}'
)
URL = "/jobs/01a20937-51e3-763d-b2e2-cb25b04281b4"
LINES = {  # version -> the line as it was and is written, and the hash of it as a first event
    1: (
        f'{HEAD},"result_url":"{URL}/report"}}',
        "a523c66a45c44b1db091428257f51e46f8397955482812e5492a781476db5bec",
    ),
    2: (
        f'{HEAD},"result_url":"{URL}","report_url":"{URL}/report"}}',
        "330a4684bcf958d1abc6f7862105a43643d12236751d7bfb3a730b9fccc02a75",
    ),
}

# In SQL, so that Python does not say what Python should have written.
IN_SQL = """
    SELECT seq, event_line(job_id, seq, type, schema_version, status, progress, occurred_at, data::text)
    FROM events ORDER BY job_id, seq"""


@pytest.mark.parametrize("version", LINES)
def test_each_version_has_its_bytes_for_ever(version):
    text, digest = LINES[version]

    written = line(JOB, 39, "job_completed", version, "completed", 100, AT, DATA)

    assert written.decode() == text
    assert link(GENESIS, version, "worker:w", 1, written).hex() == digest


@pytest.mark.parametrize("version", LINES)
async def test_postgres_builds_the_same_bytes(engine, version):
    [[found]] = await fetch(
        engine,
        "SELECT event_line($1::uuid, 39, 'job_completed', $2::integer, 'completed', 100, $3, $4)",
        JOB,
        version,
        AT,
        DATA,
    )

    assert bytes(found).decode() == LINES[version][0]


@pytest.mark.parametrize("version", LINES)
async def test_a_log_of_either_version_is_streamed_verified_bundled_rebuilt_and_replayed(
    house, owner, database_url, tmp_path, monkeypatch, version
):
    with monkeypatch.context() as patch:
        patch.setattr(e.JobCompleted, "schema_version", version)
        job_id = UUID(await researched(house))
    log = await whole_log(house.engine, job_id)
    before = await rows(owner)

    assert log[-1].schema_version == version
    assert_chain(log)
    assert [bytes(found) for _, found in await fetch(owner, IN_SQL)] == [row.line() for row in log]
    assert (await verify(database_url)).ok
    await rebuild(owner)
    assert await rows(owner) == before
    assert (await replay(house.engine, ANYBODY, job_id)).same
    again = TestHouse(FAST, database_url)  # the first one has drained
    async with serving(again, workers=0) as url, httpx.AsyncClient(base_url=url, timeout=60) as http:
        seen = await read(http, str(job_id))
        bundle = await http.get(f"/jobs/{job_id}/bundle")
        fork = await http.post(f"/jobs/{job_id}/fork", json={"changes": {"instruction": "Why?"}})
    assert seen[-1].data == log[-1].line().decode()
    assert fork.status_code == 201, fork.text
    (tmp_path / "bundle.zip").write_bytes(bundle.content)
    assert bundle_verifier.main([str(tmp_path / "bundle.zip")]) == 0
    assert (await verify(database_url)).ok
