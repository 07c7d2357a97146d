"""Start the tests' commands as copies of a process with everything imported.

To import the product takes a command seconds of CPU, and the tests start hundreds. A server's application
is there too. A copy is a process like any other: its parent is the test's process, and it can be stopped,
killed and waited for. Where a start itself matters, the environment says so: TESTS_FORK=no, or a variable
that Python or a library reads at its import.
"""

import asyncio
import atexit
import contextlib
import ctypes
import gc
import inspect
import io
import json
import os
import pkgutil
import runpy
import signal
import socket
import ssl
import subprocess
import sys
import sysconfig
import threading
import time
import traceback
from importlib import import_module, reload
from pathlib import Path
from typing import NoReturn

import httpx

import app
from app import wiring
from app.store import migrate
from app.worker import crash
from tests import apps, ready_clusters, tls

SYSCALL_CLONE = {"x86_64": 56, "aarch64": 220}
CLONE_PARENT = (
    0x8000  # the copy is a sibling of the server: a child of the test's process, which waits for it
)

SCRIPT = str(Path(sysconfig.get_path("scripts")) / "dossier")
CHAOS_RUN = 'runpy.run_module("app"'
READ_AT_IMPORT = ("PYTHON", "LC_", "LANG", "LD_", "TERMINAL_WIDTH", "FORCE_COLOR", "PY_COLORS", "NO_COLOR")
HONOURED = ("PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE")
NEEDS_START = (  # read, or to be done, before anything is imported
    "CHAOS_CLOCK_OFF",
    "TESTS_FORK",
)

# Imported with the first command of that name: they are a third of all, and few tests need them.
IMPORTED_FOR = {"doctor": "app.cli.doctor", "mcp": "app.cli.mcp", "models": "app.cli.model_commands"}
SELDOM_NEEDED = ("app.mcp_server.", "app.providers.served_models", *IMPORTED_FOR.values())
# What libraries import when they are used first, and most commands use.
IMPORTED_LATE = ("anyio._backends._asyncio", "rich._emoji_codes", "snowballstemmer", "uvicorn.lifespan.on")

OTHER_WAYS = ("executable", "preexec_fn", "pass_fds", "shell")
PIPES = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")

start_python = subprocess.Popen._execute_child


def program_of(asked: dict) -> dict | None:
    """Return what a copy must run, or None if Python must start."""
    environment = os.environ if asked["env"] is None else asked["env"]
    if any(asked[name] for name in ("executable", "preexec_fn", "pass_fds", "shell")) or not fits(
        environment
    ):
        return None
    found = run_of(list(map(os.fspath, asked["args"])))
    return found and found | {
        "cwd": os.fspath(asked["cwd"] or Path.cwd()),
        "env": dict(environment),
        "new_session": asked["start_new_session"],
    }


def fits(environment) -> bool:
    """Say whether this environment would change nothing at import."""
    is_ours = read_at_import(environment) == read_at_import(os.environ)
    return is_ours and not any(name in environment for name in NEEDS_START)


def run_of(arguments: list[str]) -> dict | None:
    if arguments[0] == SCRIPT:
        return {"path": SCRIPT, "argv": arguments}
    if arguments[0] != sys.executable:
        return None
    match [one for one in arguments[1:] if one != "-P"]:
        case ["-m", "app" | "tests.page.server" as module, *rest]:
            return {"module": module, "argv": [module, *rest]}
        case ["-c", code, *rest] if CHAOS_RUN in code:
            return {"code": code, "argv": ["-c", *rest]}
    return None


def read_at_import(environment) -> dict[str, str]:
    """What of it has done its work before a copy is made."""
    found = {
        name: value
        for name, value in environment.items()
        if name.startswith(READ_AT_IMPORT) and name not in HONOURED
    }
    return found | {"PYTHONPATH": environment.get("PYTHONPATH", "").partition(os.pathsep)[0]}


class ForkServer:
    """A process that has imported the product, and copies itself on request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair()
        kept = [str(ready_clusters.place)] if ready_clusters.place else []
        command = [sys.executable, "-P", "-m", __name__, str(theirs.fileno()), *kept]
        self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()

    def start(self, program: dict, streams: list[int]) -> int:
        """The pid of a copy that runs this program."""
        message = json.dumps(program).encode()
        with self._lock:
            socket.send_fds(self._socket, [len(message).to_bytes(4, "big")], streams)
            self._socket.sendall(message)
            return int.from_bytes(received(self._socket, 4), "big")

    def close(self) -> None:
        self._socket.close()
        self._process.wait()


def received(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        if not (more := connection.recv(size - len(data))):
            raise EOFError
        data += more
    return data


_server: ForkServer | None = None
_is_copy = False


def install() -> None:
    """Make subprocess start the product's commands as copies where possible."""
    if sys.platform == "linux" and os.uname().machine in SYSCALL_CLONE:
        subprocess.Popen._execute_child = execute_child


def close() -> None:
    if _server:
        _server.close()


def execute_child(popen: subprocess.Popen, *given) -> None:
    """What subprocess.Popen calls to start a process."""
    asked = inspect.signature(start_python).bind(popen, *given).arguments
    program = program_of(asked)
    if not program:
        start_python(popen, *given)
        return
    streams = [asked["p2cread"], asked["c2pwrite"], asked["errwrite"]]
    popen.pid = start_copy(program, [n if one == -1 else one for n, one in enumerate(streams)])
    popen._child_created = True
    popen._close_pipe_fds(*(asked[name] for name in PIPES))


def start_copy(program: dict, streams: list[int]) -> int:
    """The pid of a copy that runs this program.

    A copy has imported everything, and copies itself for the commands that it starts.
    """
    global _server  # noqa: PLW0603 - one for each process that runs tests, made when the first command starts
    if _is_copy:
        if pid := os.fork():
            return pid
        streams = [os.dup(one) for one in streams]
        run_and_end(program, streams)
    if _server is None:
        _server = ForkServer()
    return _server.start(program, streams)


def run_and_end(program: dict, streams: list[int]) -> NoReturn:
    """Run the program, and end without returning to the copied code."""
    code = 1
    try:
        become(program, streams)
        run(program)
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        if isinstance(error.code, str):
            sys.stderr.write(f"{error.code}\n")
    except BaseException:  # noqa: BLE001 - the interpreter's own last resort
        traceback.print_exc()
    finally:
        end(code)


def end(code: int) -> NoReturn:
    """End as the interpreter does, but leave memory to the system."""
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def copy() -> int:
    """As os.fork, but the copy is a child of this process's parent."""
    python, libc = ctypes.pythonapi, ctypes.PyDLL(None)
    python.PyOS_BeforeFork()
    pid = libc.syscall(SYSCALL_CLONE[os.uname().machine], CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0)
    if pid:
        python.PyOS_AfterFork_Parent()
    else:
        python.PyOS_AfterFork_Child()
    return pid


def serve(connection: socket.socket) -> NoReturn:
    """Copy this process for each request."""
    global _is_copy  # noqa: PLW0603 - so that the code of a copy knows
    while True:
        size, streams, _, _ = socket.recv_fds(connection, 4, 3)
        if not size:
            sys.exit()  # the test's process has ended
        program = json.loads(received(connection, int.from_bytes(size, "big")))
        import_for(program["argv"])
        pid = copy()
        if pid == 0:
            _is_copy = True
            install()
            run_and_end(program, streams)
        for one in streams:
            os.close(one)
        connection.sendall(pid.to_bytes(4, "big", signed=True))


def become(program: dict, streams: list[int]) -> None:
    """Take on the streams, folder and environment of a new process."""
    atexit._clear()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    asyncio._set_running_loop(None)
    for target, one in enumerate(streams):
        os.dup2(one, target)
    os.closerange(3, 4096)
    if program["new_session"]:
        os.setsid()
    os.chdir(program["cwd"])
    os.environ.clear()
    os.environ.update(program["env"])
    time.tzset()
    if crash.VARIABLE in os.environ:
        reload(crash)  # it reads its place when it is imported
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(open(0, "rb", closefd=False), errors=sys.stdin.errors)  # noqa: SIM115
    sys.stdout = sys.__stdout__ = text_stream(1, sys.stdout)
    sys.stderr = sys.__stderr__ = text_stream(2, sys.stderr)


def text_stream(number: int, before: io.TextIOWrapper) -> io.TextIOWrapper:
    is_terminal = os.isatty(number)
    return io.TextIOWrapper(
        open(number, "wb", closefd=False),
        encoding=before.encoding,
        errors=before.errors,
        line_buffering=is_terminal or number == 2,
    )


def run(program: dict) -> None:
    """Run it as Python would."""
    sys.argv[:] = program["argv"]
    if "path" in program:
        runpy.run_path(program["path"], run_name="__main__")
    elif "module" in program:
        runpy.run_module(program["module"], run_name="__main__", alter_sys=True)
    else:
        exec(compile(program["code"], "<string>", "exec"), {"__name__": "__main__"})


def import_for(arguments: list[str]) -> None:
    """Import what only these commands need."""
    for name in IMPORTED_FOR.keys() & set(arguments):
        import_module(IMPORTED_FOR[name])


def import_most() -> None:
    """Import the product and what it imports late."""
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if not module.name.endswith("__main__") and not module.name.startswith(SELDOM_NEEDED):
            import_module(module.name)
    for name in IMPORTED_LATE:
        import_module(name)


def main() -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the test's process ends this one
    import_most()
    ssl.create_default_context = tls.sharing()
    httpx.create_ssl_context()
    migrate.expected()
    apps.keep_one()
    wiring.make_app = apps.take
    if sys.argv[2:]:
        ready_clusters.keep_in(Path(sys.argv[2]))
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))


if __name__ == "__main__":
    main()
