"""Cut a document into passages, which a search finds.

A passage is a slice of its document, character for character. What is indexed of it is folded: a ligature is
its letters, and a word that the end of a line parted is one word.
"""

import re
import unicodedata
from collections.abc import Iterator

from app.text.languages import PAIRED_SCRIPTS

MIN_PASSAGE = 600  # characters; shorter ones lose the words around an answer
MAX_PASSAGE = 1200  # characters; longer ones match everything a little

# Where a passage may end, the best first.
BREAKS = (re.compile(r"\n\s*\n"), re.compile(r"[.!?][\"”’')\]]*\s"), re.compile(r"\s"))
PARTED = re.compile(r"\b(\w{2,40})(?:[-\u2010]|\u00ad+)[ \t]{0,9}\n[ \t]{0,9}(\w{2,40})")
# Between a word or a number and a script without spaces, as in "NASA的": Postgres takes both for one word.
GLUED = re.compile(
    rf"(?<=[{PAIRED_SCRIPTS}])(?=[^\W{PAIRED_SCRIPTS}])|(?<=[^\W{PAIRED_SCRIPTS}])(?=[{PAIRED_SCRIPTS}])"
)
UNSEEN = re.compile("[\u00ad\u200b\u2060\ufeff]")


def cut(text: str) -> Iterator[tuple[int, int]]:
    """Return the start and end of each passage, in characters.

    Only white space lies between two of them.
    """
    start = _skip_space(text, 0)
    while start < len(text):
        end = _end(text, start)
        yield start, start + len(text[start:end].rstrip())
        start = _skip_space(text, end)


def _end(text: str, start: int) -> int:
    """The last good place to end a passage that begins at `start`."""
    if len(text) - start <= MAX_PASSAGE:
        return len(text)
    for place in BREAKS:
        found = list(place.finditer(text, start + MIN_PASSAGE, start + MAX_PASSAGE))
        if found:
            return found[-1].end()
    return start + MAX_PASSAGE


def _skip_space(text: str, start: int) -> int:
    while start < len(text) and text[start].isspace():
        start += 1
    return start


def folded(text: str) -> str:
    """Return a text as it is indexed, or a question as asked.

    The parts of a parted word stay beside the whole one: they may be a compound's.
    """
    if text.isascii():
        return PARTED.sub(r"\1\2 \1-\2", text) if "-\n" in text else text
    whole = unicodedata.normalize("NFKC", UNSEEN.sub("", PARTED.sub(r"\1\2 \1-\2", text)))
    return GLUED.sub(" ", whole)
