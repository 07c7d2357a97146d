"""A server that plays what a test wrote."""

import asyncio
import contextlib
from datetime import UTC, datetime
from uuid import UUID

from app.domain import chain
from tests.listener import listen_for

JOB = UUID(int=7)


HANG = None  # in a script: stay open and say nothing

OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
HELLO = b'event: hello\nretry: 100\ndata: {"head":3}\n\n'
END = b"event: end\ndata: {}\n\n"
RECONNECT = b'event: reconnect\nretry: 1\ndata: {"reason":"draining"}\n\n'
RESET = b"event: reset\ndata: {}\n\n"


def line(seq: int, type_: str = "attempt_started", status: str = "running") -> bytes:
    at = datetime(2025, 1, 1, tzinfo=UTC)
    data = {
        "attempt_started": '{"attempt":1,"worker":"w"}',
        "job_completed": '{"stop_reason":"answered"}',
    }
    return chain.line(JOB, seq, type_, 1, status, 0, at, data.get(type_, "{}"))


def event(seq: int, *rest: str) -> bytes:
    return b"id: %d\nevent: job_progress\ndata: %b\n\n" % (seq, line(seq, *rest))


def last(seq: int) -> bytes:
    return event(seq, "job_completed", "completed")


def problem(status: int, code: str = "x", headers: bytes = b"") -> bytes:
    body = b'{"detail":"No.","code":"%b","status":%d}' % (code.encode(), status)
    head = b"HTTP/1.1 %d X\r\ncontent-type: application/problem+json\r\n" % status
    return head + headers + b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body) + body


class Scripted:
    """Answer each connection with the next script, noting the cursors requested."""

    def __init__(self, *scripts):
        self.scripts = list(scripts)
        self.cursors = []
        self.answered = asyncio.Event()

    async def answer(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            request = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            found = [row.split(": ")[1] for row in request.split("\r\n") if row.startswith("last-event-id")]
            self.cursors.append(int(found[0]) if found else None)
            for part in self.scripts.pop(0) if self.scripts else [problem(500)]:
                if part is HANG:
                    await reader.read()
                    break
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0.002)  # separate packets
            self.answered.set()
        writer.close()


@contextlib.asynccontextmanager
async def serving(*scripts, port: int = 0):
    script = Scripted(*scripts)
    listener = listen_for(script.answer, port)
    try:
        yield script, f"http://127.0.0.1:{listener.port}"
    finally:
        listener.close()
