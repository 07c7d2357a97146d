"""Run nginx with nchan.

It keeps messages in memory and has every reader hold a place among them.

python -m benchmarks.streaming.nchan
"""

import asyncio
import contextlib
import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import uvloop

from benchmarks.streaming import accounts, events
from benchmarks.streaming.orders import Publish, Published, Started, obey, say

START = 10.0  # seconds
MODULE = "ngx_nchan_module.so"
DIE_WITH_PARENT = 1  # prctl's PR_SET_PDEATHSIG

CONFIG = """
load_module {module};
{user}
daemon off;
worker_processes 1;
worker_rlimit_nofile {files};
error_log stderr crit;
pid {folder}/pid;
events {{ worker_connections {files}; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000;
    nchan_shared_memory_size 64M;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = /publish {{ nchan_publisher; nchan_channel_id job; nchan_message_buffer_length 1000; }}
        location = /stream {{
            nchan_subscriber eventsource; nchan_channel_id job; nchan_subscriber_first_message newest;
        }}
        location = /again {{
            nchan_subscriber eventsource; nchan_channel_id job; nchan_subscriber_first_message oldest;
        }}
    }}
}}
"""


def find_module() -> Path | None:
    """Where this machine's nginx has nchan, if it does."""
    if not (nginx := shutil.which("nginx")):
        return None
    said = subprocess.run([nginx, "-V"], capture_output=True, text=True, check=False).stderr
    folder = re.search(r"--modules-path=(\S+)", said)
    module = Path(folder[1] if folder else "/usr/lib/nginx/modules") / MODULE
    return module if module.exists() else None


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


def _begin() -> None:
    """In the child, before nginx: whatever ends us ends it."""
    accounts.settle_as(server=True)
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGTERM)


@contextlib.contextmanager
def _nginx(port: int):
    with tempfile.TemporaryDirectory(prefix="dossier-nchan-") as folder:
        text = CONFIG.format(
            module=find_module(),
            user="user root;" if os.getuid() == 0 else "",
            files=accounts.connections(),
            folder=folder,
            port=port,
        )
        (Path(folder) / "nginx.conf").write_text(text)
        running = subprocess.Popen(["nginx", "-c", f"{folder}/nginx.conf"], preexec_fn=_begin)  # noqa: PLW1509
        try:
            yield psutil.Process(running.pid)
        finally:
            running.terminate()
            running.wait(START)


async def _worker(master: psutil.Process) -> int:
    """Return the pid of the worker, which serves."""
    async with asyncio.timeout(START):
        while not (children := master.children()):  # noqa: ASYNC110 - who forks tells nobody
            await asyncio.sleep(0.02)
    return children[0].pid


class Publisher:
    """Post events one after the other over one connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def publish(self, order: Publish) -> Published:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for seq in range(order.first, order.first + order.count):
            await self._post(events.line(seq))
            due += order.pause
            await asyncio.sleep(max(0.0, due - loop.time()) if order.pause else 0)
        return Published()

    async def _post(self, body: bytes) -> None:
        reader, writer = self._streams or await asyncio.open_connection("127.0.0.1", self._port)
        self._streams = reader, writer
        writer.write(
            b"POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 2"):
            raise RuntimeError(f"nchan answered {head!r}.")
        await reader.readexactly(int(re.search(rb"(?i)content-length: (\d+)", head)[1]))


async def main() -> None:
    accounts.settle_as(server=False)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    with _nginx(port := _free_port()) as master:
        say(Started(port, await _worker(master)))
        await obey(Publish, Publisher(port).publish)


if __name__ == "__main__":
    with contextlib.suppress(asyncio.CancelledError):
        uvloop.run(main(*sys.argv[1:]))
