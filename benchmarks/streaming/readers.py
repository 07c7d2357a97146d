"""Run a crowd of readers in one process.

Bare sockets and epoll: the server is the bottleneck.

Reading only takes the bytes and the time; what they mean is looked at afterwards. Each reader has to
have each event exactly once, in order.
"""

import gc
import os
import re
import select
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator

import msgspec

from benchmarks.streaming import accounts
from benchmarks.streaming.orders import Close, Done, Open, Return, Take, Tally, say

RECEIVE = 1 << 16
AT_ONCE = 4096  # sockets of one look at epoll
PASS = 0.05  # seconds
ALERT = 0.0005  # seconds without sleep after an event: longer than from one reader to the next
GREET = 120.0  # seconds for a wave to be answered
SHOWN = 3  # faults that are told

BEGIN = b"id: "  # stands once in each event, and in no head
ENDS = (b"\n\n", b"\n\n\r\n", b"\r\n\r\n")  # with and without the line that ends an HTTP chunk
STAMP = re.compile(rb"at_ns (\d+)")
EVENT = re.compile(rb'^id: ([^\r\n]+)\r?\n(?:event: [^\r\n]+\r?\n)?data: [^\n]*?"seq":(\d+)', re.MULTILINE)
ABORT = struct.pack("ii", 1, 0)  # SO_LINGER: a reset, and no port that waits


class Reader:
    """One connection, and what came from it when."""

    __slots__ = ("_beyond", "_chunked", "_head", "got", "socket")

    def __init__(self, port: int, request: bytes) -> None:
        self.got: list[tuple[int, bytes]] = []
        self._head: bytes | None = None
        self._beyond = b""
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=GREET)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        self.socket.setblocking(False)
        self.socket.send(request)

    def begins_with(self, greeting: bytes) -> bool:
        got = self._join()
        if got and not b"HTTP/1.1 200".startswith(got[:12]):
            raise RuntimeError(f"A reader was answered {got[:200]!r}.")
        return b"\r\n\r\n" in got and greeting in got

    def body(self) -> bytes:
        """Return what has come since the last call.

        Without the head and without HTTP's chunks.
        """
        got, self.got = self._beyond + self._join(), []
        if self._head is None:
            self._head, _, got = got.partition(b"\r\n\r\n")
            self._chunked = b"transfer-encoding: chunked" in self._head.lower()
        if not self._chunked:
            return got
        parts, self._beyond = _dechunk(got)
        return b"".join(parts)

    def latencies(self) -> Iterator[int]:
        """Return nanoseconds from stamp to read.

        An event that is cut in two counts when its end is there.
        """
        block = b""
        for at, received in self.got:
            block += received
            if block.endswith(ENDS):
                for stamp in STAMP.findall(block):
                    yield at - int(stamp)
                block = b""

    def _join(self) -> bytes:
        return b"".join([received for _, received in self.got])


def _dechunk(text: bytes) -> tuple[list[bytes], bytes]:
    """The chunks that are whole, and what is beyond them."""
    parts, at = [], 0
    while (end := text.find(b"\r\n", at)) >= 0:
        beyond = end + 4 + int(text[at:end], 16)
        if beyond > len(text):
            break
        parts.append(text[end + 2 : beyond - 2])
        at = beyond
    return parts, text[at:]


class Crowd:
    """All readers of this process."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._readers: dict[int, Reader] = {}
        self._deaf: list[Reader] = []
        self._events = 0
        self._mark = BEGIN
        self._alert_until = 0.0

    def open(self, order: Open) -> Done:
        started, self._mark = time.monotonic(), order.mark.encode()
        for at in range(0, len(order.requests), order.wave):
            wave = [self._connect(order.port, request) for request in order.requests[at : at + order.wave]]
            self._await(wave, order.greeting.encode())
            if order.deaf:
                self._stop_listening(wave)
        return Done(time.monotonic() - started)

    def take(self, order: Take | Return) -> Tally:
        return self._take(order, time.monotonic_ns(), time.process_time())

    def come_back(self, order: Return) -> Tally:
        started, spent = time.monotonic_ns(), time.process_time()
        self.close()
        for request in order.requests:
            self._connect(order.port, request)
        return self._take(order, started, spent)

    def close(self, _order: Close | None = None) -> Done:
        for reader in (*self._readers.values(), *self._deaf):
            reader.socket.close()
        self._readers, self._deaf, self._events = {}, [], 0
        return Done()

    def _connect(self, port: int, request: str) -> Reader:
        reader = Reader(port, request.encode())
        self._readers[reader.socket.fileno()] = reader
        self._poll.register(reader.socket, select.EPOLLIN)
        return reader

    def _await(self, wave: list[Reader], greeting: bytes) -> None:
        limit = time.monotonic() + GREET
        while wave := [reader for reader in wave if not reader.begins_with(greeting)]:
            self._read()
            if time.monotonic() > limit:
                raise RuntimeError(f"{len(wave)} readers were not answered.")

    def _stop_listening(self, wave: list[Reader]) -> None:
        for reader in wave:
            self._poll.unregister(reader.socket)
            self._deaf.append(self._readers.pop(reader.socket.fileno()))

    def _take(self, order: Take | Return, started: int, spent: float) -> Tally:
        """Read, say so, then look at what was read.

        The server's account ends with the reading.
        """
        reads = self._read_until(order.count * len(self._readers), order.patience)
        say(Done())
        while self._read():  # what comes too often comes now
            pass
        return self._tally(order, started, time.process_time() - spent, reads)

    def _read_until(self, events: int, patience: float) -> int:
        reads, heard = 0, time.monotonic()
        while self._events < events:
            if fresh := self._read():
                reads, heard = reads + fresh, time.monotonic()
            elif time.monotonic() > heard + patience:
                break
        return reads

    def _read(self) -> int:
        """Read once from each socket, and count those with data."""
        ready, readers, now = self._look(), self._readers, time.monotonic_ns
        for fd, _ in ready:
            reader = readers[fd]
            if received := reader.socket.recv(RECEIVE):
                reader.got.append((now(), received))
                self._events += received.count(self._mark)
            else:
                self._poll.unregister(reader.socket)  # it has ended; what it lacks is a fault
        return len(ready)

    def _look(self) -> list[tuple[int, int]]:
        """Wait for data, awake while more of a wave is due.

        To wake a reader on the same machine takes the server a third of a write. Real readers are elsewhere.
        """
        ready = self._poll.poll(0, AT_ONCE)
        while not ready and time.monotonic() < self._alert_until:
            os.sched_yield()  # Postgres and the writer go first
            ready = self._poll.poll(0, AT_ONCE)
        ready = ready or self._poll.poll(PASS, AT_ONCE)
        if ready:
            self._alert_until = time.monotonic() + ALERT
        return ready

    def _tally(self, order: Take | Return, started: int, cpu: float, reads: int) -> Tally:
        readers, self._events = list(self._readers.values()), 0
        latencies = sorted(taken for reader in readers for taken in reader.latencies()) or [0]
        last = max((reader.got[-1][0] for reader in readers if reader.got), default=started)
        stamps = (
            int(found[1]) for reader in readers for _, got in reader.got if (found := STAMP.search(got))
        )
        first = min(stamps, default=last)
        p50, p99 = (latencies[int(len(latencies) * share)] / 1e6 for share in (0.5, 0.99))
        return Tally(
            len(readers) * order.count, (last - first) / 1e9, (last - started) / 1e9, p50, p99, reads, cpu,
            _faults(readers, order.first, order.count)
            if self._mark == BEGIN
            else _unlike(readers, self._mark, order.count),
        )  # fmt: skip


def _faults(readers: list[Reader], first: int, count: int) -> list[str]:
    wanted = [b"%d" % seq for seq in range(first, first + count)]
    faults = []
    for number, reader in enumerate(readers):
        found = EVENT.findall(reader.body())
        if [seq for _, seq in found] != wanted or len({id_ for id_, _ in found}) != count:
            faults.append(
                f"reader {number} has {len(found)} events, not {first} to {first + count - 1} once each"
            )
    return faults[:SHOWN]


def _unlike(readers: list[Reader], mark: bytes, count: int) -> list[str]:
    """Name the readers whose events are not once each, in order."""
    faults = []
    for number, reader in enumerate(readers):
        frames = [frame for frame in reader.body().split(b"\n\n") if mark in frame]
        stamps = [int(found[1]) for frame in frames if (found := STAMP.search(frame))]
        if len(stamps) != count or stamps != sorted(set(stamps)):
            faults.append(f"reader {number} has {len(stamps)} events, not {count} once each")
    return faults[:SHOWN]


def main(*_: str) -> None:
    accounts.settle_as(server=False)
    gc.disable()
    crowd = Crowd()
    ways: dict[type, Callable] = {
        Open: crowd.open, Take: crowd.take, Return: crowd.come_back, Close: crowd.close,
    }  # fmt: skip
    print("ready", flush=True)
    while line := sys.stdin.buffer.readline():
        order = msgspec.json.decode(line, type=Open | Take | Return | Close)
        say(ways[type(order)](order))


if __name__ == "__main__":
    main(*sys.argv[1:])
