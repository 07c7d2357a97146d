"""Parsing server-sent events as the HTML standard does.

Our own, because httpx-sse deviates where it hurts: a comment or a `retry:` with a blank line after it
becomes an empty event, a frame that the connection cut in half is handed out as if it were whole, and
a byte order mark stays in. Here a frame that is not closed by a blank line does not exist, so a reader
can trust every frame it gets, and the data stay bytes.
"""

import re

from msgspec import Struct

MAX_FRAME = 16 << 20  # bytes; the longest report with its claims is well below a tenth of it
MAX_RETRY_DIGITS = 9  # milliseconds; eleven days

LINE_END = re.compile(rb"\r\n|\r|\n")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class SseFrame(Struct, frozen=True):
    """One event of the stream."""

    event: str  # "message" if it has no name
    data: bytes
    id: str | None  # its own; None if it has none, whatever came before


class Parser:
    """Turns bytes into complete frames as they arrive."""

    def __init__(self) -> None:
        self.retry_ms: int | None = None  # the newest reconnection time
        self._rest = bytearray()  # a line that has not ended; only what is new is looked through
        self._after_cr = False  # the last byte was a CR: an LF that follows belongs to it
        self._at_start = True
        self._clear()

    def _clear(self) -> None:
        self._event = ""
        self._data: list[bytes] = []
        self._size = 0
        self._id: str | None = None

    def feed(self, chunk: bytes) -> list[SseFrame]:
        """Return the frames that this chunk completes.

        Raises ValueError if one is longer than MAX_FRAME.
        """
        if not chunk:
            return []
        if self._after_cr:
            chunk = chunk.removeprefix(b"\n")
        self._after_cr = chunk.endswith(b"\r")
        *lines, rest = LINE_END.split(chunk)
        if lines:
            lines[0], self._rest = bytes(self._rest + lines[0]), bytearray()
        self._rest += rest
        frames = [frame for line in lines if (frame := self._line(line))]
        if len(self._rest) + self._size > MAX_FRAME:
            raise ValueError(f"A frame is longer than {MAX_FRAME} bytes.")
        return frames

    def _line(self, line: bytes) -> SseFrame | None:
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(BYTE_ORDER_MARK)
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")
        self._field(name, value.removeprefix(b" "))
        return None

    def _field(self, name: bytes, value: bytes) -> None:
        match name:
            case b"data":
                self._data.append(value)
                self._size += len(value) + 1
            case b"event":
                self._event = value.decode("utf-8", "replace")
            case b"id" if b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
            case b"retry" if value.isdigit() and len(value) <= MAX_RETRY_DIGITS:
                self.retry_ms = int(value)

    def _dispatch(self) -> SseFrame | None:
        """Complete a frame at a blank line.

        An id without data is not a frame.
        """
        frame = SseFrame(self._event or "message", b"\n".join(self._data), self._id) if self._data else None
        self._clear()
        return frame
