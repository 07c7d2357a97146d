"""Send what a test writes on loopback, byte for byte."""

import asyncio
import contextlib
import json
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct

from tests.listener import listen_for


class Request(Struct):
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


def reply(body=b"", status=200, type_="text/html; charset=utf-8", **headers):
    """Encode one answer, with _ for - in names of headers."""
    body = body.encode() if isinstance(body, str) else body
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close"]
    head += [f"Content-Type: {type_}"] if type_ else []
    head += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*head, "", ""]).encode() + body


def json_reply(value, status=200, **headers):
    return reply(json.dumps(value), status, "application/json", **headers)


class Answering:
    """Answer each request with what `answer(request)` returns.

    That is bytes, or an async generator of bytes.
    """

    def __init__(self):
        self.answer = lambda request: reply("")
        self.requests = []
        self.url = ""
        self.port = 0

    async def _serve(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            request = await _read(reader)
            self.requests.append(request)
            answer = self.answer(request)
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                async for part in answer:
                    writer.write(part)
                    await writer.drain()
        writer.close()


async def _read(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    parts = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return Request(method, parts.path, query, headers, body)


@contextlib.asynccontextmanager
async def answering():
    mock = Answering()
    listener = listen_for(mock._serve)
    mock.port = listener.port
    mock.url = f"http://127.0.0.1:{mock.port}"
    try:
        yield mock
    finally:
        listener.close()
