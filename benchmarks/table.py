"""What one measurement found, and how it is printed."""

import statistics
from collections.abc import Sequence

from msgspec import Struct


class Take(Struct, frozen=True):
    """Hold one round of one side.

    Units per second, latencies, CPU microseconds per unit.
    """

    rate: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    us_python: float | None = None
    us_postgres: float | None = None


class Line(Struct, frozen=True):
    """Compare Dossier with its yardstick by medians over the rounds.

    `ratio` is the median of the pairs.
    """

    name: str
    ours: Take
    bare: Take
    ratio: float
    rounds: int
    aim: str = ""
    note: str = ""


def line(name: str, pairs: Sequence[tuple[Take, Take]], aim: str = "", note: str = "") -> Line:
    """Sum up pairs of (Dossier, yardstick).

    A pair was taken one after the other.
    """
    ratio = statistics.median(_ratio(ours, bare) for ours, bare in pairs)
    ours, bare = _median([ours for ours, _ in pairs]), _median([bare for _, bare in pairs])
    return Line(name, ours, bare, ratio, len(pairs), aim, note)


def show(lines: Sequence[Line]) -> str:
    head = (
        "", "per second", "p50 ms", "p99 ms", "us py", "us pg",
        "| bare/s", "p50 ms", "p99 ms", "us py", "us pg", "| ratio", "aim",
    )  # fmt: skip
    rows = [head, *(_cells(one) for one in lines)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    shown = ["  ".join(_pad(row, widths)).rstrip() for row in rows]
    notes = [f"{one.name.strip()}: {one.note}" for one in lines if one.note]
    return "\n".join([*shown, "", *notes]).rstrip()


def _ratio(ours: Take, bare: Take) -> float:
    if ours.rate is None or bare.rate is None:
        return (ours.p50_ms or 0.0) / (bare.p50_ms or 1.0)
    return ours.rate / bare.rate


def _median(takes: Sequence[Take]) -> Take:
    found = {}
    for name in Take.__struct_fields__:
        values = [value for take in takes if (value := getattr(take, name)) is not None]
        found[name] = statistics.median(values) if values else None
    return Take(**found)


def _cells(one: Line) -> tuple[str, ...]:
    ours, bare = _columns(one.ours), _columns(one.bare)
    ratio = f"{one.ratio:.0%}" if one.ours.rate else f"{one.ratio:.1f} x"
    if not one.rounds:  # it was not measured, and the note says why
        ratio = ""
    return (one.name, *ours, f"| {bare[0]}", *bare[1:], f"| {ratio}", one.aim)


def _columns(take: Take) -> tuple[str, ...]:
    return (
        f"{take.rate:,.0f}" if take.rate is not None else "",
        *("" if value is None else f"{value:.1f}" for value in (take.p50_ms, take.p99_ms)),
        *("" if value is None else f"{value:.0f}" for value in (take.us_python, take.us_postgres)),
    )


def _pad(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """The name and the aim stand left, figures right."""
    last = len(row) - 1
    return [
        text.ljust(width) if at in {0, last} else text.rjust(width)
        for at, (text, width) in enumerate(zip(row, widths, strict=True))
    ]
