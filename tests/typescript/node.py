"""A program of Node that uses the client."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

SECONDS = 90.0  # for a program; only a broken one needs them


async def node(folder: Path, script: str, *arguments: object, **environment: str) -> Any:
    """Return what a program prints as JSON, ending it with the test."""
    program = await asyncio.create_subprocess_exec(
        *("node", script, *map(str, arguments)),
        cwd=folder,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await asyncio.wait_for(program.communicate(), SECONDS)
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    assert program.returncode == 0, errors.decode()
    return json.loads(output)
