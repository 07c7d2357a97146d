"""uvicorn, taught to let go of open streams."""

import asyncio
import contextlib
import resource
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from types import FrameType

import uvicorn
from litestar import Litestar
from litestar.types import ASGIApp
from msgspec import Struct

from app.api.access_notes import AccessLog, AccessNotes
from app.api.cors import CrossOrigin
from app.api.handover import Handover
from app.api.head import HeadAsGet
from app.api.http_protocol import PeerCount, Protocol
from app.api.request_guard import AllowedHosts, RequestGuard
from app.api.root_path import RootPath
from app.api.scrape import Meter
from app.metrics import ProcessMetrics

SILENCE_MS = 20_000  # what was sent must be acknowledged in this time, else the reader is gone
SEND_BUFFER = 65_536  # bytes; without it a reader that stops pins about 4 MB of kernel memory
BACKLOG = 2048
GRACE = 15  # seconds after a signal until what is still open is cut; longer than the hub's drain
LET_GO = 1  # seconds more, until requests that have not noticed that are cancelled


class Server(uvicorn.Server):
    """Sets `draining` when a signal comes.

    uvicorn's lifespan shutdown would first wait for the streams to end.

    A second signal sets `force_stop`, and cuts what is open.
    """

    def __init__(
        self, config: uvicorn.Config, draining: asyncio.Event, force_stop: asyncio.Event | None = None
    ) -> None:
        super().__init__(config)
        self._draining = draining
        self._force_stop = force_stop or asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal."""
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain at the first signal and cut at the second.

        Not by uvicorn's own way to be forced, which leaves out the end of the lifespan: the worker hands
        its jobs back there.
        """
        if self._loop and self.should_exit:
            self._loop.call_soon_threadsafe(self._cut)
            return
        if self._loop:
            self._loop.call_soon_threadsafe(self._draining.set)
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Wait for open connections, and cut them after GRACE.

        uvicorn would cancel them and call that an error.
        """
        late = asyncio.get_running_loop().call_later(GRACE, self._hang_up)
        try:
            await super().shutdown(sockets)
        finally:
            late.cancel()

    def _cut(self) -> None:
        self._force_stop.set()
        self._hang_up()

    def _hang_up(self) -> None:
        for connection in tuple(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket.

    Port 0 takes a free one. Raises OSError where the address is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio sets TCP_NODELAY only where it is: else each answer waits 40 ms.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    if hasattr(
        socket, "TCP_USER_TIMEOUT"
    ):  # else a reader that lost its network stays for a quarter of an hour
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE_MS)
    sock.bind((host, port))
    sock.listen(BACKLOG)
    sock.setblocking(False)
    return sock


def allow_sockets() -> None:
    """Raise the limit of open files to the system's hard one.

    The soft limit is often 1,024, and each stream takes one file.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # some systems say "unlimited" and refuse it
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class QuietServer(uvicorn.Server):
    """Leaves signals to the process that it runs beside."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@contextlib.asynccontextmanager
async def side_server(
    app: Litestar, sock: socket.socket, hosts: AllowedHosts | None = None
) -> AsyncIterator[None]:
    """Serve this application beside other work while this is open."""
    config = uvicorn.Config(
        HeadAsGet(RequestGuard(app, hosts or AllowedHosts())),
        interface="asgi3",
        http=partial(Protocol, peers=PeerCount()),  # type: ignore[arg-type]
        ws="none",
        access_log=False,
        server_header=False,
        log_config=None,
        lifespan="on",
        timeout_graceful_shutdown=LET_GO,
    )
    server = QuietServer(config)
    running = asyncio.create_task(server.serve([sock]))
    try:
        yield
    finally:
        server.should_exit = True
        await running


class Door(Struct, frozen=True):
    """Who may ask, and where.

    `hosts` are the names that the server answers to, `peers` bounds the connections of each address.
    """

    hosts: AllowedHosts | None = None
    peers: PeerCount | None = None
    allowed_origins: Sequence[str] = ()
    root_path: str = ""

    def around(self, app: ASGIApp) -> ASGIApp:
        """Return the application, open to other origins and below its root path."""
        app = CrossOrigin(app, self.allowed_origins) if self.allowed_origins else app
        return RootPath(app, self.root_path) if self.root_path else app


def make_server(
    app: Litestar,
    draining: asyncio.Event,
    log_level: str,
    force_stop: asyncio.Event | None = None,
    metrics: ProcessMetrics | None = None,
    door: Door | None = None,
    notes: AccessLog | None = None,
) -> Server:
    """Make a server for this application.

    Give `serve` a socket of `listen`. Requests are counted in `metrics`, and noted in `notes`.
    """
    door = door or Door()
    inner: ASGIApp = AccessNotes(app, notes) if notes else app
    inner = Meter(inner, metrics) if metrics else inner
    guarded = Handover(RequestGuard(inner, door.hosts or AllowedHosts(), door.allowed_origins))
    config = uvicorn.Config(
        HeadAsGet(door.around(guarded)),
        interface="asgi3",  # `HeadAsGet` does not look like it
        loop="uvloop",
        http=partial(Protocol, peers=door.peers or PeerCount()),  # type: ignore[arg-type]
        ws="none",
        log_level=log_level.lower(),
        log_config=None,  # its lines are written as all others are
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE + LET_GO,
        lifespan="on",
    )
    return Server(config, draining, force_stop)
