"""Serve the mocks on loopback, for processes that respx cannot reach."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import uvicorn

from app.api.server import listen
from tests.mocks.playing import Playing


def as_app(mock: Playing):
    """An ASGI application that answers as the mock does."""

    async def app(scope, receive, send):
        body, more = b"", True
        while more:
            part = await receive()
            if part["type"] == "http.disconnect":
                return  # half a request: the rest was lost with its connection
            body, more = body + part.get("body", b""), part.get("more_body", False)
        url = f"http://mock{scope['path']}"
        reply = await mock.answer(httpx.Request(scope["method"], url, headers=scope["headers"], content=body))
        headers = [(name.lower(), value) for name, value in reply.headers.raw]
        await send({"type": "http.response.start", "status": reply.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": reply.content})

    return app


@contextlib.asynccontextmanager
async def served(mock: Playing) -> AsyncIterator[str]:
    """Serve the mock, yielding its address."""
    sock = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(as_app(mock), lifespan="off", log_level="error"))
    running = asyncio.create_task(server.serve([sock]))
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
