"""Read file after file for a server, as its own process.

The server is threaded and must not fork itself. This process is not, and forks for each file, because a new
interpreter would take longer than most files do. It has none of the server's keys: see `file_reader`.
"""

import sys
from pathlib import Path
from typing import BinaryIO

import msgspec

from app.ingest.confined import confined_bytes
from app.ingest.read_answers import LENGTH


def serve_reads(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer each request with what its file gives, until the input ends."""
    while head := requests.read(LENGTH.size):
        path, url, name = msgspec.msgpack.decode(
            requests.read(LENGTH.unpack(head)[0]), type=tuple[str, str, str]
        )
        said = confined_bytes(Path(path), url, name)
        answers.write(LENGTH.pack(len(said)) + said)
        answers.flush()


if __name__ == "__main__":
    serve_reads(sys.stdin.buffer, sys.stdout.buffer)
