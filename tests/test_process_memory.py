"""A process gives memory back to the system."""

import subprocess
import sys

import pytest

READS = """
import os
from app.process_memory import settle

def resident():
    with open("/proc/self/statm") as figures:
        return int(figures.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

settle()
before, kept = resident(), []
for _ in range(3):
    pages = []
    for _ in range(300):
        pages.append("x" * 120_000)
        kept.append(bytes(900))  # what is learnt from a page lives on beside it
    del pages
print(resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux tells what is resident in this way.")
def test_the_memory_of_pages_is_given_back():
    """Without it, glibc holds 36 MB of these 900 pages."""
    told = subprocess.run(
        [sys.executable, "-c", READS], capture_output=True, text=True, check=True, timeout=60
    )
    assert int(told.stdout) < 15_000_000
