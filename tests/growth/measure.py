"""Compare the CPU of a call on 2,000 and on 16,000 characters."""

import gc
import time
from collections.abc import Callable, Iterable

Call = Callable[[str], object]
TextOf = Callable[[int], str]  # a text of a size

SMALL, LARGE = 2_000, 16_000
PROBE = 1_500
MOST = 24.0  # times the CPU for eight times the text: linear is 8, quadratic 64, and noise hardly 3
TRIES = 3  # of a pair that looks bad: another process's noise does not come three times
PROBED = 0.0002  # seconds of CPU on PROBE characters; a quadratic call takes longer
FLOOR = 0.002  # seconds of CPU; less counts as this much


def steepest(call: Call, texts: Iterable[TextOf]) -> tuple[float, str]:
    """Return the growth of the costliest text, and how it begins.

    The growth is 0 if all are cheap.
    """
    took, _, text_of = max((_fastest(call, text_of(PROBE)), at, text_of) for at, text_of in enumerate(texts))
    return (growth(call, text_of) if took >= PROBED else 0.0), text_of(60)


def growth(call: Call, text_of: TextOf) -> float:
    """Return by what factor the CPU grows from SMALL to LARGE.

    The fastest of a few tries counts on each side.
    """
    small, large = text_of(SMALL), text_of(LARGE)
    once, many = list[float](), list[float]()
    for _ in range(TRIES):
        once.append(_cpu(call, small))
        many.append(_cpu(call, large))
        ratio = min(many) / max(min(once), FLOOR)
        if ratio <= MOST:
            break
    return ratio


def _fastest(call: Call, text: str) -> float:
    """Return the CPU of one call, repeating it if it seems slow."""
    took = _cpu(call, text)
    return took if took < PROBED else min(took, _cpu(call, text))


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
