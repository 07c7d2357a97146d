"""Networks of their own, with links that the kernel cuts: packets are lost, and TCP sends them again.

A network belongs to a thread and has no name. However the tests end, nothing of it is left behind.
"""

import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from tests.chaos.cable import Cable, Open

NEW_NETWORK = 0x40000000  # CLONE_NEWNET of Linux


class Namespace:
    """A thread in a network that leads nowhere; what the thread makes or starts is in there too."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)

    def __enter__(self):
        try:
            self.path = self.run(leave)
        except OSError:
            self._thread.shutdown()
            raise
        return self

    def __exit__(self, *_):
        self._thread.shutdown()

    def run(self, work, *arguments, **options):
        """What `work` returns when it is called in there."""
        return self._thread.submit(work, *arguments, **options).result()

    def ip(self, words: str) -> None:
        """One command of iproute2. Raises CalledProcessError."""
        self.run(subprocess.run, ["ip", *words.split()], check=True, capture_output=True)


def leave() -> str:
    """Move this thread into a new network; returns the path by which others enter it. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(NEW_NETWORK):
        raise OSError(ctypes.get_errno(), "No network of its own can be made.")
    return f"/proc/{os.getpid()}/task/{threading.get_native_id()}/ns/net"


class Island:
    """A network that programs are put into, and one around it in which its links end.

    The machine's own network gets no interface and no address, so nothing that it has can be in the way.
    """

    def __init__(self) -> None:
        self.inside, self.around = Namespace(), Namespace()
        self._links = 0

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.inside)
            stack.enter_context(self.around)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    @property
    def environment(self) -> dict[str, str]:
        """What puts a program of the fleet into it; a proxy of this machine cannot be reached from there."""
        return {"CHAOS_NETWORK": self.inside.path, "no_proxy": "*"}

    def link(self, to: Open) -> "Link":
        """One more way out, to wherever `to` connects; at most 64."""
        self._links += 1
        return Link(to, self, self._links - 1)


class Link(Cable):
    """Two interfaces, one inside an island and one around it; behind that a cable goes on, never pulled."""

    cut_by = "the kernel"

    def __init__(self, to: Open, island: Island, number: int) -> None:
        super().__init__(to)
        self._name = f"link{number}"
        self._around = island.around
        inside, outside = f"192.0.2.{4 * number + 1}", f"192.0.2.{4 * number + 2}"
        self._around.ip(f"link add {self._name} type veth peer name {self._name} netns {island.inside.path}")
        for network, address in ((island.inside, inside), (island.around, outside)):
            network.ip(f"address add {address}/30 dev {self._name}")
            network.ip(f"link set {self._name} up")
        self._address = outside

    def pull(self) -> None:
        """The other end loses its carrier; its kernel drops what is sent, and nobody is told."""
        self._around.ip(f"link set {self._name} down")

    def plug(self) -> None:
        self._around.ip(f"link set {self._name} up")

    def _listen(self) -> socket.socket:
        return self._around.run(socket.create_server, (self._address, 0))


def can_be_made() -> bool:
    """True on Linux, for root, where `ip` and its virtual interfaces are."""
    if sys.platform != "linux" or not shutil.which("ip"):
        return False
    with contextlib.suppress(OSError, subprocess.CalledProcessError), Island() as island:
        island.around.ip("link add type veth")
        return True
    return False
