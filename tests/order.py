"""Give the processes of a run whole files, the longest first.

So none is left for last, and files that wait for servers run beside those that compute. In the order of
their names all files that wait came at the end, and the cores had nothing to do.
"""

from collections import Counter

import pytest
from xdist.scheduler import LoadFileScheduling

# Each packs and installs a package of npm, or plays all causes of an outcome, once in a process.
TOGETHER = {"tests/typescript", "tests/outcomes"}
# Seconds that a test takes, guessed by what it asks for.
COSTLY = {"browser": 4.0, "fleet": 3.0, "terminal": 1.2, "server": 1.2, "house": 0.9, "postgres_url": 0.5}
PURE = 0.03
# Files that take longer than their tests ask for: so much longer, and so many seconds at least.
TIMES, LEAST = 5, 30
LONGEST = {
    *("tests/model/test_model.py", "tests/page/test_looks.py", "tests/page/test_journey.py"),
    *("tests/chaos/test_chaos.py", "tests/chaos/test_standby.py", "tests/threads/test_crashes.py"),
    *("tests/outcomes/test_outcomes.py", "tests/cli/test_doctor.py", "tests/wheel/test_wheel.py"),
    *("tests/worker/test_outage_processes.py", "tests/worker/test_outage.py", "tests/api/test_root_path.py"),
    *("tests/threads/test_limits.py", "tests/api/test_openapi.py", "tests/page/test_docs_page.py"),
    *("tests/fuzz/test_fuzz.py", "tests/audit/test_verify.py", "tests/store/test_pooler.py"),
    *("tests/page/test_live_job.py", "tests/upgrade/test_last_release.py"),
    *("tests/typescript/test_package.py", "tests/typescript/test_follow.py"),
    *("tests/upkeep/test_roles.py", "tests/worker/test_patience.py"),
}


class ByFile(LoadFileScheduling):
    """Give a process whole files, and some folders."""

    def _split_scope(self, nodeid: str) -> str:
        name = super()._split_scope(nodeid)
        folder = name.rpartition("/")[0]
        return folder if folder in TOGETHER else name


def sort(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest."""
    seconds: Counter[str] = Counter()
    for item in items:
        seconds[file_of(item)] += seconds_of(item)
    for file in LONGEST & seconds.keys():
        seconds[file] = max(TIMES * seconds[file], LEAST)
    items.sort(key=lambda item: -seconds[file_of(item)])


def file_of(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def seconds_of(item: pytest.Item) -> float:
    """Guess what a test takes."""
    asked = getattr(item, "fixturenames", ())
    return max((COSTLY[name] for name in asked if name in COSTLY), default=PURE)
