"""A terminal in which `dossier` runs, with a home of its own."""

import os
import subprocess
import sysconfig
from pathlib import Path

from app.store import embedded

DOSSIER = str(Path(sysconfig.get_path("scripts")) / "dossier")


class Terminal:
    """Runs commands that share a home."""

    def __init__(self, home: Path) -> None:
        ours = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DOSSIER_", "DATABASE_"))
        }
        self.environment = ours | {"DOSSIER_HOME": str(home)}
        self.home = home
        self.folder = home.parent
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [DOSSIER, *arguments],
            env=self.environment | environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=240)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def serve(self, workers: int, port: int = 0) -> tuple[subprocess.Popen[str], str]:
        server = self.start("serve", f"--port={port}", f"--workers={workers}")
        return server, server.stdout.readline().split()[4]

    def close(self) -> None:
        """End what a failed test has left, and stop the Postgres.

        A server that was killed never signed off.
        """
        for process in self.started:
            process.kill()
            process.wait()
            process.stdout.close()
            process.stderr.close()
        embedded.start(self.home).stop()
