"""Mark a report's sentences that are unsupported or partly supported."""

import re
from collections.abc import Iterable

from app.text.report_languages.report_wording import ReportWords
from dossier.job_types import Result

MAX_REPORT_MARKS = 200  # in one report

_MARKED_WORD = re.compile(r"\w+")
_MARKUP_GAP = r"[\W_]{0,40}"  # between two words of a sentence: spaces, markup, marks of other citations
# What closes a sentence behind its last word, and the citations there.
_CITED = r"(?:\s{0,3}\[\d{1,9}\])*+"
_CLOSERS = r"[\"”’»)*_`]{0,6}"
_TAIL = re.compile(rf"{_CLOSERS}{_CITED}[.!?…。！？؟।]{{0,3}}{_CITED}{_CLOSERS}")


def marked(result: Result, words: ReportWords) -> str:
    """Return the markdown with marks after sentences not fully supported."""
    text = result.final_answer
    partly = dict.fromkeys(claim.text for claim in result.claims if claim.verdict == "partly")
    places = [
        *_places(text, result.unverified, f" *({words.unverified})*"),
        *_places(text, partly, f" *({words.partly})*"),
    ]
    for end, mark in sorted(dict(places[:MAX_REPORT_MARKS]).items(), reverse=True):
        text = f"{text[:end]}{mark}{text[end:]}"
    return text


def _places(text: str, sentences: Iterable[str], mark: str) -> Iterable[tuple[int, str]]:
    """Yield the end of each sentence found in the text, once."""
    start = 0
    for sentence in sentences:
        pattern = _pattern(sentence)
        found = pattern and (pattern.search(text, start) or pattern.search(text))
        if found:
            start = found.end()
            tail = _TAIL.match(text, start)
            yield (tail.end() if tail else start), mark


def _pattern(sentence: str) -> re.Pattern[str] | None:
    """Match a sentence's words, whatever markup or citations are between."""
    words = _MARKED_WORD.findall(sentence.removesuffix("…"))
    if not words:
        return None
    between = rf"{_MARKUP_GAP}(?:\[\d{{1,9}}\]{_MARKUP_GAP}){{0,9}}"
    return re.compile(between.join(map(re.escape, words)))
