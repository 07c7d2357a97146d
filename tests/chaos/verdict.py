"""What came of one cell, and the table of all."""

import statistics

from msgspec import Struct

HEAD = (
    "cell", "faults", "acked", "completed", "cancelled", "failed", "lost", "doubled", "repeats",
    "recovery p50", "max", "recovered", "violations",
)  # fmt: skip
ENOUGH = 98.0  # per cent of the jobs that nobody cancelled must end completed


class Verdict(Struct, frozen=True):
    """Hold the counts of one cell, with `recoveries` in seconds."""

    cell: str
    faults: int
    acknowledged: int
    completed: int
    cancelled: int
    failed: int
    lost: int
    doubled: int
    repeats: int  # calls that were made again, and say so
    recoveries: list[float]
    violations: list[str]
    refusals: dict[int, int]  # answers of 500 and more, by status
    remark: str = ""

    @property
    def recovered(self) -> float:
        """Per cent of the jobs that nobody cancelled which ended completed."""
        wanted = self.completed + self.failed + self.lost
        return 100.0 * self.completed / wanted if wanted else 100.0

    @property
    def is_clean(self) -> bool:
        wrong = self.violations or self.lost or self.doubled or not self.acknowledged
        return not wrong and self.recovered >= ENOUGH

    def row(self) -> tuple[str, ...]:
        middle = f"{statistics.median(self.recoveries):.1f} s" if self.recoveries else "-"
        longest = f"{max(self.recoveries):.1f} s" if self.recoveries else "-"
        counts = (
            self.faults, self.acknowledged, self.completed, self.cancelled, self.failed,
            self.lost, self.doubled, self.repeats,
        )  # fmt: skip
        share, broken = f"{self.recovered:.1f} %", str(len(self.violations))
        return (self.cell, *map(str, counts), middle, longest, share, broken)


def table(verdicts: list[Verdict]) -> str:
    """Markdown, with what was remarked below it."""
    rows = [HEAD, ("---",) * len(HEAD), *(verdict.row() for verdict in verdicts)]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    remarks = [f"- {verdict.cell}: {verdict.remark}" for verdict in verdicts if verdict.remark]
    answers = [f"- {verdict.cell}: answers {verdict.refusals}" for verdict in verdicts if verdict.refusals]
    return "\n".join([*lines, "", *remarks, *answers])
