"""Take passages of a page as evidence, letter by letter.

A model's passages are looked up in the page, and dropped where they are not in it. Of short pages, and where
no model is asked, the passages are chosen by their words.
"""

from collections.abc import Iterable

from app.agent.brief import GivenPassage
from app.domain.events import Passage
from app.text import passages
from app.text.sentences import stems
from app.text.verbatim import FoldedText

SHORT_PAGE = 1_500  # characters of a page whose passages are chosen by their words
MIN_QUOTE = 12  # characters of a passage; a single word is on every page
MAX_PASSAGE_QUOTE = 1_200
MAX_NOTE = 300
MAX_PASSAGES = 8  # of one page for one thread
CHOSEN_BY_WORDS = 3  # of one page, where words choose
MAX_DROPPED = 5  # that are named
MAX_DROPPED_TEXT = 80  # characters of one that is named
MAX_EXTRACTED_PAGE = 1_000_000  # characters of a page that are looked at
PAGE_WINDOW = 18_000  # characters of a page that one extraction is shown


def verbatim(given: Iterable[GivenPassage], page: str) -> tuple[tuple[Passage, ...], tuple[str, ...]]:
    """Return the passages that are in the page, and the others' beginnings."""
    found, dropped, folded = dict[tuple[int, int], Passage](), list[str](), None
    for one in given:
        quote = one.quote.strip()[:MAX_PASSAGE_QUOTE]
        at = page.find(quote) if len(quote) >= MIN_QUOTE else -1
        places: tuple[tuple[int, int], ...] = ((at, at + len(quote)),) if at >= 0 else ()
        if not places and len(quote) >= MIN_QUOTE:
            folded = folded or FoldedText(page[:MAX_EXTRACTED_PAGE])
            places = folded.locate(quote)
        if not places:
            dropped.append(" ".join(quote.split())[:MAX_DROPPED_TEXT])
        for start, end in places:
            found.setdefault((start, end), Passage(start, end, page[start:end], one.note[:MAX_NOTE]))
    return tuple(found.values())[:MAX_PASSAGES], tuple(dropped[:MAX_DROPPED])


def by_words(page: str, wanted: frozenset[str]) -> tuple[Passage, ...]:
    """Return the passages with most of the wanted words, in order."""
    spans = list(passages.cut(page[:MAX_EXTRACTED_PAGE]))
    shared = {span: len(wanted & stems(page[slice(*span)])) for span in spans}
    best = sorted((span for span in spans if shared[span]), key=lambda span: (-shared[span], span))
    return tuple(Passage(start, end, page[start:end]) for start, end in sorted(best[:CHOSEN_BY_WORDS]))


def window(page: str, wanted: frozenset[str]) -> str:
    """Return what an extraction sees of a page.

    Of a long one it is what shares words with the question.

    The whole page is looked through, so a passage at its end counts as one at its beginning.
    """
    if len(page) <= PAGE_WINDOW:
        return page
    spans = list(passages.cut(page[:MAX_EXTRACTED_PAGE]))
    shared = [len(wanted & stems(page[slice(*span)])) for span in spans]
    ranked = sorted(range(1, len(spans)), key=lambda at: (-shared[at], at))
    kept, left = {0}, PAGE_WINDOW - (spans[0][1] - spans[0][0])
    for at in ranked:
        size = spans[at][1] - spans[at][0]
        if size <= left and shared[at]:
            kept.add(at)
            left -= size
    return _joined(page, [spans[at] for at in sorted(kept)], spans[-1])


def _joined(page: str, kept: list[tuple[int, int]], last: tuple[int, int]) -> str:
    """Join passages, with a mark wherever something was left out."""
    parts, end = [page[slice(*kept[0])]], kept[0][1]
    for start, stop in kept[1:]:
        parts.append(page[end:stop] if not page[end:start].strip() else f"\n[cut]\n{page[start:stop]}")
        end = stop
    return "".join(parts) + ("" if kept[-1] == last else "\n[cut]")
