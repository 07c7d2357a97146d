"""Stream as told on a real socket, noting when the reader leaves."""

import asyncio
import contextlib
import json

from tests.listener import listen_for

PAUSE = "pause"  # in a script: wait until the test lets go on, or the reader leaves


def chunk(content="", **fields):
    delta = {"content": content} if content else {}
    choice = {
        "index": 0,
        "delta": {**delta, **fields.pop("delta", {})},
        "finish_reason": fields.pop("finish", None),
    }
    return f"data: {json.dumps({'choices': [choice], **fields})}\n\n"


def reply(text, usage=None, size=10):
    """The chunks of a whole reply."""
    pieces = [chunk(text[at : at + size]) for at in range(0, len(text), size)]
    counted = [f"data: {json.dumps({'choices': [], 'usage': usage})}\n\n"] if usage else []
    return [*pieces, chunk(finish="stop"), *counted, "data: [DONE]\n\n"]


class StreamingServer:
    """Play one script for each request, repeating the last."""

    def __init__(self):
        self.scripts = [[]]
        self.requests = []
        self.at_once = self.most_at_once = 0
        self.left = asyncio.Event()  # a reader hung up in the middle
        self.go_on = asyncio.Event()
        self.kind = "text/event-stream"
        self.url = ""

    def play(self, *scripts):
        self.scripts = list(scripts)

    async def serve(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length")
            )
            self.requests.append(json.loads(await reader.readexactly(length)))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
            try:
                await self.send(reader, writer, script)
            finally:
                self.at_once -= 1
        except (ConnectionError, asyncio.IncompleteReadError):
            self.left.set()
        finally:
            writer.close()

    async def send(self, reader, writer, script):
        head = f"HTTP/1.1 200 OK\r\ncontent-type: {self.kind}\r\nconnection: close\r\n\r\n"
        writer.write(head.encode())
        gone = asyncio.create_task(reader.read(1))  # returns once the reader closes
        for line in script:
            if line == PAUSE:
                wait = asyncio.create_task(self.go_on.wait())
                await asyncio.wait({wait, gone}, return_when=asyncio.FIRST_COMPLETED)
                wait.cancel()
                if gone.done():
                    self.left.set()
                    return
                continue
            writer.write(line.encode())
            await writer.drain()
        gone.cancel()


@contextlib.asynccontextmanager
async def streaming():
    """A server on loopback."""
    server = StreamingServer()
    listener = listen_for(server.serve)
    server.url = f"http://127.0.0.1:{listener.port}/v1"
    with contextlib.closing(listener):
        yield server
