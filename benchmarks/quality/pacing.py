"""Keep a table within its time, and tell how far it is."""

import random
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

TOLD_EVERY = 10.0  # seconds

T = TypeVar("T")


def spread(items: Sequence[T], most: int) -> list[T]:
    """Return at most so many items of all parts.

    The order is the same each time.
    """
    if len(items) <= most:
        return list(items)
    return random.Random(0).sample(items, most)


def paced(name: str, items: Sequence[T], seconds: float) -> Iterator[T]:
    """Yield items until the time is over.

    Standard error says how far it is.
    """
    started = told = time.monotonic()
    for at, item in enumerate(items):
        now = time.monotonic()
        if now - started > seconds:
            print(f"{name}: stopped after {seconds:.0f} s, {at} of {len(items)} done", file=sys.stderr)
            return
        if now - told > TOLD_EVERY:
            told = now
            print(f"{name}: {at} of {len(items)}", file=sys.stderr, flush=True)
        yield item
