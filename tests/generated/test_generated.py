"""Clients that are generated from the OpenAPI document compile, and work."""

import asyncio
import os
import shutil
import subprocess
import sys

import pytest

from tests.generated.install import HERE, NODE, PYTHON, without_python, without_typescript
from tests.page.install import TSC, without

STRICTLY = (
    *("--ignoreConfig", "--strict", "--noEmit", "--target", "es2022"),
    *("--module", "es2022", "--moduleResolution", "bundler"),
)

# Submits a job, lists it, and is refused a wrong id, all by the generated code.
USE = """
import sys
from generated import Client
from generated.api.jobs import get_job, list_jobs, submit_job
from generated.models import Created, Jobs, JobView, NewJob, Problem

client = Client(base_url=sys.argv[1])
made = submit_job.sync(client=client, body=NewJob(query="Why?", tags=["made"]))
assert isinstance(made, Created), made
view = get_job.sync(str(made.job_id), client=client)
assert isinstance(view, JobView) and view.query == "Why?", view
page = list_jobs.sync(client=client, tags=["made"])
assert isinstance(page, Jobs) and [job.job_id for job in page.jobs] == [made.job_id], page
refused = get_job.sync("x", client=client)
assert isinstance(refused, Problem) and refused.code == "malformed_job_id", refused
"""


async def run(*command, **environment):
    def ended():
        return subprocess.run(
            command, capture_output=True, text=True, env=os.environ | environment, timeout=240, check=False
        )

    done = await asyncio.to_thread(ended)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
async def document(http, tmp_path):
    """The document as the server sends it, in a file."""
    path = tmp_path / "openapi.json"
    path.write_bytes((await http.get("/schema")).content)
    return path


UNTYPED = without_typescript() or without("typescript")


@pytest.mark.skipif(bool(UNTYPED), reason=UNTYPED or "")
async def test_typescript_generated_from_the_document_compiles_strictly(document, tmp_path):
    shutil.copy(HERE / "use.ts", tmp_path)

    # A member with a default may be left out of a request.
    await run(
        NODE / "node_modules/.bin/openapi-typescript",
        document,
        "--default-non-nullable=false",
        "-o",
        tmp_path / "api.d.ts",
    )
    await run(TSC, *STRICTLY, tmp_path / "use.ts")


@pytest.mark.skipif(bool(without_python()), reason=without_python() or "")
async def test_a_python_client_generated_from_the_document_submits_and_reads_a_job(http, document, tmp_path):
    client, config = tmp_path / "generated", HERE / "generator.yaml"
    options = ("--meta", "none", "--fail-on-warning", "--path", document, "--output-path", client)
    tools = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])  # noqa: PTH120

    await run(
        *(sys.executable, "-m", "openapi_python_client", "generate", *options, "--config", config),
        PYTHONPATH=str(PYTHON),
        PATH=tools,
    )
    await run(sys.executable, "-c", USE, str(http.base_url), PYTHONPATH=str(tmp_path))
