"""Print tables of figures.

Medians over the rounds with their range, the aim, and how others did.
"""

import statistics
from collections.abc import Mapping, Sequence

from msgspec import Struct

Round = Mapping[str, float]
HEADS = ["measured", "expected", "yardstick", "measured : yardstick"]


class Figure(Struct, frozen=True):
    """One figure over the rounds."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        if self.low == self.high:
            return number(self.median)
        return f"{number(self.median)} ({number(self.low)}–{number(self.high)})"


Row = tuple[str, list[Figure | str]]


class Sheet(Struct, frozen=True, tag=True):
    """Hold rows of cells under heads, and notes below."""

    title: str
    heads: list[str]
    rows: list[Row]
    notes: list[str] = []


def figure(values: Sequence[float]) -> Figure:
    return Figure(statistics.median(values), min(values), max(values))


def over(rounds: Sequence[Round], name: str) -> Figure | str:
    """The figure of this name, or nothing where there is none."""
    values = [round_[name] for round_ in rounds if name in round_]
    return figure(values) if values else ""


def ratio(ours: Sequence[Round], others: Sequence[Round], name: str) -> str:
    """Return the median ratio of ours to theirs.

    Each ratio is of one round.
    """
    both = [
        (one[name], two[name])
        for one, two in zip(ours, others, strict=False)
        if {name} <= one.keys() & two.keys()
    ]
    return f"{statistics.median(one / two for one, two in both):.2f}" if both else ""


def compared(name: str, ours: Sequence[Round], key: str, aim: str, others: Sequence[Round] = ()) -> Row:
    """A row under HEADS."""
    return name, [over(ours, key), aim, over(others, key), ratio(ours, others, key)]


def number(value: float) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 0.1 else 3
    return f"{value:,.{digits}f}"


def show(sheet: Sheet) -> str:
    table = [["", *sheet.heads], *([name, *map(str, cells)] for name, cells in sheet.rows)]
    widths = [max(len(row[at]) for row in table) for at in range(len(table[0]))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in table]
    return "\n".join([sheet.title, *(line.rstrip() for line in lines), *sheet.notes])
