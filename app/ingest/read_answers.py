"""Decode what a reading process answers, without loading any reader."""

import struct

import msgspec

from app.ingest.extracted import FileRead

LENGTH = struct.Struct("!I")  # before each request and each answer
TOO_MUCH = "It takes more time or memory than a text does: split it, or save it in another format."

_decode_read = msgspec.msgpack.Decoder(FileRead).decode


def decoded_read(said: bytes, name: str) -> FileRead:
    """Decode a reading process's output, which is empty if it was ended."""
    try:
        return _decode_read(said)
    except ValueError:
        return FileRead(failed=[f"{name}: {TOO_MUCH}"])
