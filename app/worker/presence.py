"""What a worker says of itself to operators."""

import os
import re
import socket
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from uuid import uuid4

from app.store.workers import Badge
from dossier.version import __version__
from dossier.worker_types import Outage

MAX_HOST = 60  # characters of a host's name that a worker's name takes
MAX_OUTAGE_TEXT = 200  # characters of a provider's error that a beat carries

ReadOutages = Callable[[], Mapping[str, Outage]]


class Presence:
    """A worker as others see it.

    Its thread reads what its loop sets.
    """

    def __init__(self, slots: int, lease_seconds: float, outages: ReadOutages = dict) -> None:
        self.host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())[:MAX_HOST] or "host"
        self.name = f"{self.host}-{os.getpid()}-{uuid4().hex[:6]}"
        self.is_draining = False
        self.is_stopped = False
        self._slots = slots
        self._lease_seconds = lease_seconds
        self._outages = outages

    def badge(self) -> Badge:
        """Return what is true at this moment."""
        return Badge(
            self.name,
            self.host,
            os.getpid(),
            __version__,
            self._slots,
            self._lease_seconds,
            dict(self._outages()),
            self.is_draining,
            self.is_stopped,
        )


class Outages(dict[str, Outage]):
    """The providers whose breakers are open in this process."""

    def note(self, provider: str, said: str) -> None:
        """Begin an outage with what is `said`, or end it with nothing."""
        if said:
            self[provider] = Outage(provider, datetime.now(UTC), said[:MAX_OUTAGE_TEXT])
        else:
            self.pop(provider, None)
