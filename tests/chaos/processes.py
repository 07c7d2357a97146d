"""Real `dossier` processes that a test kills, stops, freezes and starts again."""

import asyncio
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
from pathlib import Path

import app

STARTS_WITHIN = 60.0  # seconds; importing everything takes one on a quiet machine
ENDS_WITHIN = 60.0  # seconds after SIGTERM
PORTS = range(20_000, 32_000)  # below those that connections leave from: a port stays ours between two starts

# What `python -m app` is; on Linux it also dies with the tests, which may be killed themselves.
RUN = """
import ctypes, os, runpy, sys
if sys.platform == "linux":
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, 9)
if network := os.environ.pop("CHAOS_NETWORK", ""):  # the path of one: it works in there
    libc, NEW_NETWORK = ctypes.CDLL(None, use_errno=True), 0x40000000
    if libc.setns(os.open(network, os.O_RDONLY), NEW_NETWORK):
        raise OSError(ctypes.get_errno(), network)
if off := float(os.environ.pop("CHAOS_CLOCK_OFF", 0)):  # seconds: its wall clock is wrong by so much
    import datetime, gc, time
    right, clock, shift = datetime.datetime.now, time.time, datetime.timedelta(seconds=off)
    methods = gc.get_referents(datetime.datetime.__dict__)[0]  # the type refuses to be changed
    methods["now"] = classmethod(lambda kind, tz=None: right(tz) + shift)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime.datetime))
    time.time = lambda: clock() + off
runpy.run_module("app", run_name="__main__", alter_sys=True)
"""

ROOT = Path(app.__file__).parents[1]  # the children run the code that the tests import
KNOBS = ("DOSSIER_", "DATABASE_", "OPENAI_", "TAVILY_")  # of whoever runs the tests: not for the children


class Program:
    """Run one command of `dossier`, as often as the test likes.

    It prints `ready` once it works.
    """

    def __init__(self, name: str, arguments: list[str], ready: str, environment: dict, folder: Path) -> None:
        self.name = name
        self.starts = 0
        self._command = [sys.executable, "-P", "-c", RUN, *arguments]
        self._ready = ready
        self._environment = environment
        self._folder = folder
        self._output = folder / f"{name}.out"
        self._output.touch()
        self._child: subprocess.Popen | None = None
        self._began = 0  # bytes that earlier runs have said

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        assert not self.is_running
        self.starts += 1
        self._began = len(self._output.read_bytes())
        self._spawn()
        async with asyncio.timeout(STARTS_WITHIN):
            while self._ready not in self.said(self._began):
                if not self.is_running:
                    raise RuntimeError(f"{self.name} did not start:\n{self.said(self._began)}")
                await asyncio.sleep(0.02)

    def _spawn(self) -> None:
        with self._output.open("ab") as output:
            self._child = subprocess.Popen(
                self._command,
                env=self._environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self, since: int = 0) -> str:
        """What all its runs have printed, from byte `since` on."""
        return self._output.read_bytes()[since:].decode(errors="replace")

    def signal(self, number: int) -> None:
        """Signal the process and its children, if it still runs."""
        if self.is_running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, number)

    def kill(self) -> None:
        """SIGKILL: no code of its runs any more."""
        self.signal(signal.SIGKILL)
        if self._child:
            self._child.wait()

    def freeze(self) -> None:
        """SIGSTOP: its connections stay open, and nobody answers on them."""
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    async def terminate(self) -> int:
        """Send SIGTERM, wait for the end, and return the exit code."""
        self.signal(signal.SIGTERM)
        return await self.ended()

    async def ended(self) -> int:
        """Wait until it ends on its own, and return the exit code."""
        async with asyncio.timeout(ENDS_WITHIN):
            while self.is_running:  # noqa: ASYNC110 - another process has no event
                await asyncio.sleep(0.02)
        return self._child.returncode


class Server(Program):
    """`dossier serve` on a port that it keeps."""

    def __init__(self, name: str, workers: int, environment: dict, folder: Path) -> None:
        self.port = free_port()
        arguments = ["serve", f"--port={self.port}", f"--workers={workers}"]
        super().__init__(name, arguments, "Dossier is ready", environment, folder)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Fleet:
    """Run the processes of one test over one database.

    They have no provider keys, so nothing leaves the machine.
    """

    def __init__(self, database_url: str, folder: Path) -> None:
        self.programs: list[Program] = []
        self.folder = folder
        ours = {name: value for name, value in os.environ.items() if not name.startswith(KNOBS)}
        path = os.pathsep.join(filter(None, [str(ROOT), ours.get("PYTHONPATH")]))
        self._environment = ours | {
            "DATABASE_URL": database_url,
            "DOSSIER_HOME": str(folder),
            "PYTHONPATH": path,
            "PYTHONUNBUFFERED": "1",
        }

    def server(self, workers: int = 0, **environment: str) -> Server:
        """A server that is not started yet."""
        name = f"server-{len(self.programs)}"
        server = Server(name, workers, self._environment | environment, self.folder)
        self.programs.append(server)
        return server

    def worker(self, concurrency: int = 1, **environment: str) -> Program:
        """A worker that is not started yet."""
        name, arguments = f"worker-{len(self.programs)}", ["worker", f"--concurrency={concurrency}"]
        worker = Program(name, arguments, "Working on up to", self._environment | environment, self.folder)
        self.programs.append(worker)
        return worker

    async def start(self) -> None:
        """Start all that are not running."""
        async with asyncio.TaskGroup() as together:
            for program in self.programs:
                if not program.is_running:
                    together.create_task(program.start())

    def stop(self) -> None:
        """Kill everything at once, and print its output.

        pytest shows the output when the test has failed.
        """
        for program in self.programs:
            program.kill()
            print(f"----- {program.name}, started {program.starts} times -----\n{program.said()}")  # noqa: T201 - for pytest


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    while True:
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", random.choice(PORTS)))
            return sock.getsockname()[1]
