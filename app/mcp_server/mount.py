"""Serve the protocol inside the API's process, without a network."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextvars import ContextVar
from importlib import import_module

import httpx
import msgspec
from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPRequestEvent, Receive, Scope, Send

from app.text.json_bounds import MAX_JSON_DEPTH, is_nested
from dossier import AsyncDossier

OWN_URL = "http://127.0.0.1:8000"  # never asked: requests do not leave the process
INVALID_REQUEST = -32_600  # of JSON-RPC
MAX_MESSAGE = 65_536  # bytes; the longest argument is a question of 4,000 characters

CREDENTIALS = frozenset({b"authorization", b"cookie"})
# The credentials of the request that is being answered: a tool may do what its caller may.
PRESENTED: ContextVar[list[tuple[bytes, bytes]]] = ContextVar("PRESENTED")
# Where its sender finds this server, for links in the answer.
REACHED_AT: ContextVar[str] = ContextVar("REACHED_AT", default=OWN_URL)


class McpMount:
    """Answers /mcp while it runs, and refuses requests before or after.

    The protocol's packages take a quarter of the time that a server needs to start,
    and most servers are never asked: they are imported with the first request.
    """

    def __init__(self, root_path: str = "", public_url: str = "") -> None:
        self._root = root_path
        self._public = public_url.rstrip("/")
        self._asked = asyncio.Event()
        self._app: asyncio.Future[ASGIApp] | None = None

    @contextlib.asynccontextmanager
    async def running(self, api: ASGIApp) -> AsyncIterator[None]:
        """Serve over this API while open."""
        transport = httpx.ASGITransport(_as_caller(api))  # type: ignore[arg-type]  # Litestar has ASGI types of its own
        async with AsyncDossier(OWN_URL, transport=transport) as dossier:
            self._app = asyncio.get_running_loop().create_future()
            serving = asyncio.create_task(self._serve(dossier, self._app))
            try:
                yield
            finally:
                self._app = None
                serving.cancel()
                await asyncio.wait([serving])

    async def _serve(self, dossier: AsyncDossier, ready: "asyncio.Future[ASGIApp]") -> None:
        await self._asked.wait()
        try:
            loaded = await asyncio.to_thread(import_module, "app.mcp_server.transport")
            async with loaded.serving(dossier, REACHED_AT.get) as app:
                ready.set_result(app)
                await asyncio.Event().wait()
        except Exception as error:  # noqa: BLE001 - each request that waits raises it, and is logged
            if not ready.done():
                ready.set_exception(error)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        body = await _body(receive) if scope.get("method") == "POST" else b""
        if self._app is None:
            await _refuse(send, 503, "The server is starting or stopping. Try again.")
        elif len(body) > MAX_MESSAGE:
            await _refuse(send, 413, f"Send at most {MAX_MESSAGE:,} bytes.")
        elif is_nested(body):
            await _refuse(send, 400, f"Nest at most {MAX_JSON_DEPTH} levels.")
        else:
            self._asked.set()
            app = await asyncio.shield(self._app)
            PRESENTED.set([header for header in scope["headers"] if header[0] in CREDENTIALS])
            REACHED_AT.set(self._public or reached_at(scope) + self._root)
            await app(scope, _again(body, receive), send)


def reached_at(scope: Scope) -> str:
    """Return the address that a request was sent to."""
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    return f"{scope.get('scheme', 'http')}://{hosts[0]}" if hosts else OWN_URL


def _as_caller(api: ASGIApp) -> ASGIApp:
    """Return the API, to be asked with the credentials of the request."""

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        own = [header for header in scope["headers"] if header[0] not in CREDENTIALS]
        scope["headers"] = [*own, *PRESENTED.get([])]
        await api(scope, receive, send)

    return asked


async def _body(receive: Receive) -> bytes:
    """Return the body, cut once it is too long."""
    body = bytearray()
    while len(body) <= MAX_MESSAGE:
        message = await receive()
        if message["type"] != "http.request":
            break
        body += message["body"]
        if not message["more_body"]:
            break
    return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that begins with this body."""
    waiting: list[HTTPRequestEvent] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> HTTPReceiveMessage:
        return waiting.pop() if waiting else await receive()  # type: ignore[return-value]

    return next_message


async def _refuse(send: Send, status: int, message: str) -> None:
    """Answer with an error of JSON-RPC, which hosts read."""
    error = {"jsonrpc": "2.0", "id": None, "error": {"code": INVALID_REQUEST, "message": message}}
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": msgspec.json.encode(error), "more_body": False})
