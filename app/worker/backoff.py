"""How long to wait before something is tried again."""

import random


def backoff(tried: int, bounds: tuple[float, float]) -> float:
    """Return the wait after so many tries, in seconds.

    `bounds` are the wait after the first try, and the longest.

    Twice as many each time, and a jitter of a half, so that those who failed together part.
    """
    first, longest = bounds
    return min(longest, first * 2.0 ** (tried - 1)) * random.uniform(0.5, 1.5)
