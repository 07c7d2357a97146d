"""Account for a process's processor, CPU and kernel memory."""

import os
import resource
from pathlib import Path

import psutil
from msgspec import Struct

ESTABLISHED = "01"


def processors() -> tuple[int, int]:
    """Return a processor for the server and one for the rest.

    On a machine with one they are the same.
    """
    there = sorted(os.sched_getaffinity(0))
    return there[0], there[1 % len(there)]


def settle_as(server: bool, pid: int = 0) -> None:  # noqa: FBT001
    """Pin this process, and let it open all files it may.

    It takes the server's processor or the others'.
    """
    os.sched_setaffinity(pid, {processors()[0 if server else 1]})
    if not pid:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def connections() -> int:
    """Return how many connections a process may have.

    Some files are left for the rest.
    """
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 200


class Account(Struct, frozen=True):
    """Hold seconds on a processor, and seconds of waiting for one."""

    used: float
    waited: float

    def since(self, before: "Account") -> "Account":
        return Account(self.used - before.used, self.waited - before.waited)


def account(pid: int) -> Account:
    """Return the scheduler's account of a process that runs.

    The usual one counts in hundredths of a second.
    """
    tasks = [task.read_text().split() for task in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    if not tasks:
        times = psutil.Process(pid).cpu_times()
        return Account(times.user + times.system, 0.0)
    return Account(*(sum(int(task[at]) for task in tasks) / 1e9 for at in (0, 1)))


def resident(pid: int) -> float:
    """KB of memory."""
    return psutil.Process(pid).memory_info().rss / 1024


def unsent(port: int) -> float:
    """Return KB in the send queues of this port's connections."""
    total = 0
    for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, queues, *_ = row.split()
        if state == ESTABLISHED and int(local.split(":")[1], 16) == port:
            total += int(queues.split(":")[0], 16)
    return total / 1024
