"""Speak as a model's server that holds its replies back.

    python -m benchmarks.waiting.held_model

Each request is of a kind, and waits until a line of standard input names that kind. The first line of output
is the port; each line of input is answered by how many requests wait, an empty one too.
"""

import asyncio
import json
import re
import sys
from collections import defaultdict

from benchmarks.waiting.logs import READ_IN_TURN, UNREAD

HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b"
)
TURN = re.compile(r"Turn (\d+)\. Tools allowed now")
ROOM = 1 << 20  # bytes of a request that are buffered
REASONING = {
    "reasoning_steps": ["look", "act"],
    "current_situation": "by rules",
    "plan_status": "on plan",
    "enough_data": False,
    "remaining_steps": ["go on"],
    "task_completed": False,
}


class HeldModel:
    """Reply by rules to what is let through."""

    def __init__(self) -> None:
        self.waiting = 0
        self._doors = defaultdict[str, asyncio.Event](asyncio.Event)

    def open(self, kind: str) -> None:
        self._doors[kind].set()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the one request of a connection."""
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1])
        asked = json.loads(await reader.readexactly(size))["messages"][-1]["content"]
        kind, said = _reply(asked)
        self.waiting += 1
        await self._doors[kind].wait()
        self.waiting -= 1
        writer.write(_body(said))
        await writer.drain()
        writer.close()


def _reply(asked: str) -> tuple[str, object]:
    """Return the kind of a request, and what it gets."""
    if turn := TURN.search(asked):
        pages = [str(UNREAD + at) for at in range(READ_IN_TURN)]
        read = {"tool": "read_pages", "urls": pages}
        return f"turn {turn[1]}", {**REASONING, "function": read}
    if "Which passages of the page matter?" in asked:
        return "extract", {"passages": []}
    return "thread", {"thought": "by rules", "queries": [], "read": [], "done": True, "finding": "Done."}


def _body(said: object) -> bytes:
    usage = {"prompt_tokens": 30_000, "completion_tokens": 60, "total_tokens": 30_060}
    message = {"role": "assistant", "content": json.dumps(said)}
    body = json.dumps({"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}).encode()
    return HEAD % (len(body), body)


async def main() -> None:
    model = HeldModel()
    server = await asyncio.start_server(model.answer, "127.0.0.1", 0, limit=ROOM, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        if kind := line.strip():
            model.open(kind)
        print(model.waiting, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
