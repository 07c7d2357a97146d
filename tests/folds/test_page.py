"""The page says of every log what the server says, after each event."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.folds.logs import every_log, lines, said

NODE = shutil.which("node")
HERE = Path(__file__).parent
FOLD = Path(__file__).parents[2] / "app/api/web/fold.js"

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")


@pytest.fixture(scope="module")
def on_the_page() -> dict[str, list[dict[str, object]]]:
    """What fold.js says of each log, after each event."""
    logs = json.dumps({name: lines(log) for name, log in every_log().items()})
    run = subprocess.run(
        [NODE, HERE / "fold.mjs", FOLD.as_uri()], input=logs, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("name", every_log())
def test_the_page_folds_a_log_as_the_server_does(name, on_the_page):
    log = every_log()[name]

    for row, job, page in zip(log.rows, log.jobs, on_the_page[name], strict=True):
        server = json.loads(json.dumps(said(job)))
        assert page == server, f"after event {row.seq}, {row.type}"
