"""Keep tests off the network: only loopback and unix sockets connect.

Import `no_network` into a conftest, and it holds for the session. Processes that a test starts are not
covered. The host of TEST_DATABASE_URL is let through, because whoever sets it means it.
"""

import ipaddress
import os
import socket
from urllib.parse import urlsplit

import pytest

LOCAL = {"localhost", "", None}


class NetworkIsOff(RuntimeError):
    """Refuse the network, but not with an OSError.

    No code under test may take it for a provider that is down.
    """


def is_local(host) -> bool:
    host = host.decode() if isinstance(host, bytes) else host
    if host in LOCAL:
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session", autouse=True)
def no_network():
    """Refuse every connection, datagram and name look-up that leaves this machine."""
    database = urlsplit(os.environ.get("TEST_DATABASE_URL", "")).hostname
    meant = {database} if database else set()
    look_up, connect = socket.getaddrinfo, socket.socket.connect
    connect_ex, send_to = socket.socket.connect_ex, socket.socket.sendto

    def check(host):
        if not is_local(host) and host not in meant:
            raise NetworkIsOff(f"A test wants to reach {host!r}; mock it, see tests/mocks.")

    def checked_look_up(host, *args, **kwargs):
        check(host)
        found = look_up(host, *args, **kwargs)
        if host in meant:
            meant.update(address[0] for *_, address in found)
        return found

    def checked(call):
        def guarded(self, *args):
            if self.family in (socket.AF_INET, socket.AF_INET6):
                check(args[-1][0])
            return call(self, *args)

        return guarded

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", checked_look_up)
        patch.setattr(socket.socket, "connect", checked(connect))
        patch.setattr(socket.socket, "connect_ex", checked(connect_ex))
        patch.setattr(socket.socket, "sendto", checked(send_to))
        yield
