"""Compare the CPU of a call on 50,000 and on 100,000 characters."""

import gc
import time
from collections.abc import Callable, Iterable

Call = Callable[[str], object]
TextOf = Callable[[int], str]  # a text of a size

SMALL, LARGE = 50_000, 100_000
PROBE = SMALL // 32
MOST = 3.0  # times the CPU for twice the text: linear is 2, quadratic 4
JUDGED = 1  # texts of each call: the dearest
TRIES = 5  # of a pair that looks bad: another process's noise does not come five times
PROBED = 0.0005  # seconds of CPU on PROBE characters
FLOOR = 0.02  # seconds of CPU; less counts as this much


def steepest(call: Call, texts: Iterable[TextOf]) -> tuple[float, str]:
    """Return the greatest growth as the text doubles, and what the text begins with.

    Every text is tried once; the dearest are then judged by SMALL and LARGE. 0 is below the floor.
    """
    made = [(_cpu(call, text_of(PROBE)), at, text_of) for at, text_of in enumerate(texts)]
    dearest = sorted((one for one in made if one[0] >= PROBED), reverse=True)[:JUDGED]
    found = ((growth(call, text_of), text_of(60)) for _, _, text_of in dearest)
    return max(found, default=(0.0, ""))


def growth(call: Call, text_of: TextOf) -> float:
    """Return how many times the CPU grows as the text doubles."""
    # A quadratic call is seen at the smaller size, before it takes minutes.
    early = _ratio(call, text_of(4 * PROBE), text_of(8 * PROBE))
    return early if early > MOST else _ratio(call, text_of(SMALL), text_of(LARGE))


def _ratio(call: Call, small: str, large: str) -> float:
    """Return the ratio of the fastest of a few tries."""
    once, twice = list[float](), list[float]()
    for _ in range(TRIES):
        once.append(_cpu(call, small))
        twice.append(_cpu(call, large))
        ratio = min(twice) / max(min(once), FLOOR)
        if ratio <= MOST:
            break
    return ratio


def _cpu(call: Call, text: str) -> float:
    gc.disable()
    began = time.thread_time()
    try:
        call(text)
    finally:
        took = time.thread_time() - began
        gc.enable()
    return took


def repeated(piece: str, end: str = "") -> TextOf:
    """Return what makes a text of a size out of one piece."""
    return lambda size: (piece * (size // len(piece) + 1))[:size] + end
