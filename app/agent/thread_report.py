"""Assemble the report of a threaded job from its sections."""

import re
from collections.abc import Iterator

from app.agent.extractive.phrases import HEADINGS, framed
from app.agent.threads import ThreadBoard
from app.domain import tools
from app.domain.events import PlannedSection
from app.domain.job import Job
from app.domain.threaded_work import Evidence
from app.text.safe_markdown import tidy

MAX_REPORT_QUOTES = 500  # of a report, as many as are looked up
MAX_SELECTED = 6  # passages that stand for a section that was not written
MAX_SELECTION = 500  # characters of one of them

_HEADING_MARK = re.compile(r"^#{1,6}[^\S\n]+", re.MULTILINE)
_MARK = re.compile(r"\[\^?\d{1,4}\]")


def assembled(job: Job) -> tools.WriteReport:
    """Return the report, with passages in place of unwritten sections."""
    board, work = ThreadBoard(job), job.research.work
    outline = work.outline
    title = (outline.title if outline else "") or job.research.goal or job.request.query[:300]
    content = "\n\n".join(_sections(board)) or _findings(job)
    is_whole = all(work.version(number) for number in range(len(board.planned())))
    confidence = outline.confidence if outline and is_whole else "low"
    return tools.WriteReport(title, content, confidence, _quotes(board))


def _sections(board: ThreadBoard) -> Iterator[str]:
    for number, planned in enumerate(board.planned()):
        written = board.work.version(number)
        text = _body(written.content, planned.heading) if written else _selected(board, planned)
        if text:
            yield f"## {tidy(planned.heading)}\n\n{text}" if planned.heading else text


def _body(content: str, heading: str) -> str:
    """Return a section without its own heading."""
    first, _, rest = content.strip().partition("\n")
    is_heading = bool(_HEADING_MARK.match(first)) and (not heading or _plain(heading) in _plain(first))
    body = rest if is_heading else content
    return _HEADING_MARK.sub("### ", body.strip())


def _plain(text: str) -> str:
    return " ".join(text.casefold().strip("# *").split())


def _selected(board: ThreadBoard, planned: PlannedSection) -> str:
    """Quote the passages of an unwritten section, and say so."""
    wanted = set(planned.evidence)
    chosen = [one for one in board.work.evidence if one.id in wanted][:MAX_SELECTED]
    if not chosen:
        return ""
    selected, _ = HEADINGS[framed(board.job.request.query, board.job.request.language or "")]
    return "\n".join((f"*{selected}*", "", *map(_line, chosen)))


def _line(one: Evidence) -> str:
    said = _MARK.sub("", " ".join(tidy(one.quote).split()))[:MAX_SELECTION].rstrip()
    return f"- {said} [{one.number}]"


def _quotes(board: ThreadBoard) -> tuple[tools.SourceQuote, ...]:
    """Give the citation check the passages that the sections were written from."""
    used = {id_ for planned in board.planned() for id_ in planned.evidence}
    further = {thread.number for thread in board.work.threads if thread.section is not None}
    kept = [one for one in board.work.evidence if one.id in used or one.thread in further]
    return tuple(tools.SourceQuote(one.number, one.quote) for one in kept[:MAX_REPORT_QUOTES])


def _findings(job: Job) -> str:
    """Say what the threads found, where there is no evidence."""
    said = [thread.closed.finding for thread in job.research.work.threads if thread.closed]
    lines = [line for line in said if line]
    return "\n\n".join(lines) or "Nothing was found that answers the question."
