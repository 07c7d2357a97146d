"""Say what backs a report, in sentences of its language."""

import re
from collections.abc import Sequence
from typing import Any

from app.text.report_languages.english import ENGLISH
from app.text.report_languages.report_wording import ReportWords
from app.text.report_words import report_words
from dossier.job_types import Result, SourceView

MAX_UNUSED = 20  # pages set aside that are named
MAX_SHOWN_REMOVED = 20  # citations that were taken out, with their reasons
MAX_JUDGE_NAME = 80  # characters of the name of who judged
_NO_NAME = re.compile(r"[^\w .:/-]")
# The parts of a job's `outcome_reason`, which is English; errors between them stay as providers said them.
# A group that holds a part has the name of its phrase, and is the last to close.
_WORK = re.compile(
    r"(?:^|(?<=, ))(?:"
    r"(?P<searches_failed>(?P<failed>\d+) of (?P<all>\d+) search(?:es)? failed)"
    r"|(?P<searches>(?P<some>\d+) search(?:es)?)"
    r"|(?P<not_searched>nothing was searched for)"
    r"|(?P<found>(?P<pages>\d+) pages? found)"
    r"|(?P<none_found>no page found)"
    r"|(?P<read>(?P<readable>\d+) read(?: \((?P<unreadable>\d+) could not be read\))?)"
    r"|(?P<none_readable>none could be read)"
    r"|(?P<none_read>none read)"
    r"|(?P<set_aside>(?P<aside>\d+) set aside)"
    r")(?=, |$)"
)


def cited(result: Result) -> Sequence[SourceView]:
    """Return the sources that claims cite, by number."""
    numbers = {claim.number for claim in result.claims}
    return [source for source in result.sources if source.number in numbers]


def removed(result: Result) -> Sequence[str]:
    """Return what was taken out, with its reasons, as far as shown."""
    more = ("…",) if len(result.removed) > MAX_SHOWN_REMOVED else ()
    return (*result.removed[:MAX_SHOWN_REMOVED], *more)


def evidence(result: Result, words: ReportWords | None = None) -> list[str]:
    """Describe the report's evidence, in sentences of its language."""
    told = words or report_words(result)
    return [
        *_ended(result, told),
        *_backed(result, told),
        *_checked(result, told),
        *parts_of(result, told),
        *_changed(result, told),
    ]


def _ended(result: Result, words: ReportWords) -> list[str]:
    """Say why it ended, unless answered, and what was done."""
    is_untied = _is_untied(result) and result.stop_reason == "no_evidence"
    told = [] if result.stop_reason == "answered" or is_untied else [_stopped(result, words)]
    done = work_done(result.outcome_reason, words)
    worked = [done[:1].upper() + done[1:] + words.stop] if done else []
    return [*told, *worked, *_unused(result, words)]


def _unused(result: Result, words: ReportWords) -> list[str]:
    """Name the pages set aside, with their dates or languages."""
    aside = [source for source in result.sources if source.set_aside]
    named = [f"[{source.number}] ({_told(source)})" for source in aside[:MAX_UNUSED]]
    more = ["…"] if len(aside) > MAX_UNUSED else []
    return [filled(words.unused, pages=", ".join([*named, *more]))] if aside else []


def _told(source: SourceView) -> str:
    """Return the date or language that set a page aside."""
    is_dated = (source.set_aside or "").startswith("published")
    return (source.published if is_dated else source.language) or ""


def _is_untied(result: Result) -> bool:
    return not result.claims and any(source.read for source in result.sources)


def _stopped(result: Result, words: ReportWords) -> str:
    """Say why it ended, and nothing of pages that were not read."""
    is_unread = result.stop_reason == "no_evidence" and result.outcome == "not_researched"
    return words.pages_unread if is_unread else words.stopped[result.stop_reason]


def work_done(reason: str, words: ReportWords) -> str:
    """Return an outcome's reason in these words."""

    def said(found: re.Match[str]) -> str:
        got = found.groupdict()
        number = next((got[key] for key in ("all", "some", "pages", "readable", "aside") if got[key]), "0")
        phrase = filled(getattr(words, str(found.lastgroup)), int(number), failed=got["failed"])
        unread = got["unreadable"]
        return f"{phrase} ({filled(words.unreadable, int(unread))})" if unread else phrase

    return _WORK.sub(said, reason.rstrip("."))


def _backed(result: Result, words: ReportWords) -> list[str]:
    if _is_untied(result):
        return [words.untied]
    if not result.claims:
        return [words.none_backed]
    return [
        filled(words.all_backed if result.coverage >= 1 else words.backed, share=percent(result.coverage)),
        filled(words.all_bound if result.support >= 1 else words.bound, share=percent(result.support)),
    ]


def _checked(result: Result, words: ReportWords) -> list[str]:
    """Count what is quoted, what a judge supported, and the rest."""
    bare = filled(words.bare, len(result.unverified))
    if not result.claims:
        return [bare + words.stop] if result.unverified else []
    judged = [claim.verdict for claim in result.claims if claim.verdict]
    judge = _NO_NAME.sub("", result.judged_by)[:MAX_JUDGE_NAME].strip()
    meaning = (
        filled(
            words.judged, len(judged), supported=judged.count("supported"), by=f" ({judge})" if judge else ""
        )
        if judged
        else filled(words.unjudged, len(result.claims))
    )
    return [
        f"{filled(words.quoted, len(result.claims))}{words.pause}{meaning}{words.pause}{bare}{words.stop}"
    ]


def parts_of(result: Result, words: ReportWords = ENGLISH) -> list[str]:
    """Say who wrote each part, and how much of it is backed.

    Where no page was read, nothing was selected.
    """
    was_read = any(source.read for source in result.sources)
    return [
        filled(words.part, n=number, made=words.made[part.author], share=percent(part.coverage))
        for number, part in enumerate(result.parts, 1)
        if was_read or part.author == "model"
    ]


def _changed(result: Result, words: ReportWords) -> list[str]:
    """Count the citations that the system added, and those that it removed."""
    added = sum(claim.bound for claim in result.claims)
    counts = ((words.added, added), (words.removed, len(result.removed)))
    return [filled(phrase, count) for phrase, count in counts if count]


def filled(phrase: str, n: int = 0, **values: Any) -> str:  # noqa: ANN401 - whatever is printed
    """Put values into a phrase, in its form for their number."""
    one, _, more = phrase.partition("|")
    return (one if n == 1 or not more else more).format(n=n, **values)


def percent(share: float) -> str:
    """Rounded down, so that 100 % means all."""
    return f"{int(share * 100 + 1e-9)} %"
