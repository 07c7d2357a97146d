"""Join two reports: sentences selected from pages, and the model's text.

No model makes a job worse than none: if its report has less support than a selection without it, the
reader gets both, what is supported first, each part with its author.
"""

from collections.abc import Sequence

from msgspec import UNSET
from msgspec.structs import replace

from app.agent.extractive.phrases import HEADINGS, framed
from app.domain.events import ReportWritten
from app.text import prose
from dossier.job_types import Author, ReportPart

ENOUGH = 0.8  # of a report's sentences cited: with as many of them as a selection has, it needs none

Written = tuple[Author, ReportWritten]


def needs_selection(report: ReportWritten) -> bool:
    """Return True if a selection from pages may have better support."""
    return report.coverage < ENOUGH


def with_selection(
    query: str, report: ReportWritten, selection: ReportWritten, language: str = ""
) -> ReportWritten:
    """The model's report, joined with the selection where that is better supported."""
    if not selection.claims or selection.coverage <= report.coverage:
        return report
    return joined(query, (("stand_in", selection), ("model", report)), language)


def joined(query: str, parts: Sequence[Written], language: str = "") -> ReportWritten:
    """Join reports in order, each headed by who wrote it.

    The headings are in the wanted language, else in that of the question.
    """
    (selected, written), (_, first) = HEADINGS[framed(query, language)], parts[0]
    headings = {"stand_in": selected, "extractive": selected, "model": written}
    content, placed = "", list[ReportPart]()
    for author, report in parts:
        text = f"## {headings[author]}\n\n{report.content.strip()}"
        content += f"\n\n{text}" if content else text
        placed.append(ReportPart(author, len(content) - len(text), len(content), report.coverage))
    reports = [report for _, report in parts]
    sizes = [_size(report) for report in reports]
    return replace(
        first,
        title=reports[-1].title or first.title,
        content=content,
        confidence="low",
        claims=tuple(claim for report in reports for claim in report.claims),
        coverage=_weighed([report.coverage for report in reports], [claiming for claiming, _ in sizes]),
        support=_weighed([report.support for report in reports], [cited for _, cited in sizes]),
        removed=tuple(line for report in reports for line in report.removed),
        unverified=tuple(line for report in reports for line in report.unverified),
        parts=tuple(placed) if len(placed) > 1 else UNSET,
    )


def _size(report: ReportWritten) -> tuple[int, int]:
    """How many sentences claim something, and how many citations were written."""
    sentences = prose.read(report.content, frozenset()).sentences
    cited = round(len(report.claims) / report.support) if report.support else len(report.removed)
    return sum(sentence.is_claim for sentence in sentences), cited


def _weighed(shares: Sequence[float], sizes: Sequence[int]) -> float:
    pairs, whole = zip(shares, sizes, strict=True), sum(sizes)
    return round(sum(share * size for share, size in pairs) / whole, 4) if whole else 0.0
