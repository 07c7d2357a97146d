"""Make networks whose links the kernel cuts, as a cable would.

Packets are lost, and TCP sends them again. A network belongs to a thread and has no name, so however the
tests end, nothing of it is left behind.
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
    """Run a thread in an empty network.

    What the thread makes or starts is in that network too.
    """

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
    """Move this thread into a new network. Raises OSError.

    Returns the path by which others enter it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(NEW_NETWORK):
        raise OSError(ctypes.get_errno(), "No network of its own can be made.")
    return f"/proc/{os.getpid()}/task/{threading.get_native_id()}/ns/net"


class Island:
    """Put programs in one network, and the ends of links around it.

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
        """Return the environment that puts a program of the fleet into it.

        A proxy of this machine cannot be reached from there.
        """
        return {"CHAOS_NETWORK": self.inside.path, "no_proxy": "*"}

    def link(self, to: Open) -> "Link":
        """Add a way out to wherever `to` connects, at most 64."""
        self._links += 1
        return Link(to, self, self._links - 1)


class Link(Cable):
    """Join an island to the network around it by two interfaces.

    From there a cable goes on that is never pulled.
    """

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
        """Drop the carrier at the other end, without telling anybody.

        Its kernel discards what is sent.
        """
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
