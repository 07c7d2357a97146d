"""Leave out a page's badges, menus and link farms.

Each line is looked at once. A line counts as links where hardly a word of it is outside of them; a few such
lines together are a list of sources or a hint, many are a menu.
"""

import re
from collections.abc import Iterator
from itertools import groupby, islice

FARM = 4  # lines of links one after the other that are not text
MAX_LINE = 4_000  # characters; a longer line is text
LEAST_LEFT = 10  # words of a page: where fewer would stay, the page is its links
_IMAGE = re.compile(r"!\[[^\[\]\n]{0,300}\]\([^()\s]{0,2000}\)")
_EMPTY_LINK = re.compile(r"\[\s{0,20}\]\([^()\s]{0,2000}\)")
_ANY_LINK = re.compile(r"\[[^\[\]\n]{0,300}\]\([^()\s]{0,2000}\)|https?://\S{1,2000}")
_WORD = re.compile(r"\w{2,}")
MAX_WORDS_BESIDE = 1  # words outside its links that a line of links may have


def main_text(page: str) -> str:
    """Return the page without images, badges and long runs of links."""
    plain = _EMPTY_LINK.sub("", _IMAGE.sub("", page)) if "](" in page else page
    kept = "\n".join(_kept(plain.split("\n")))
    return kept if sum(1 for _ in islice(_WORD.finditer(kept), LEAST_LEFT)) == LEAST_LEFT else page


def _kept(lines: list[str]) -> Iterator[str]:
    """Yield the lines outside link farms."""
    for is_farm, group in groupby(lines, _is_links):
        run = list(group)
        if not is_farm or sum(map(bool, map(str.strip, run))) < FARM:
            yield from run


def _is_links(line: str) -> bool:
    if len(line) > MAX_LINE or not _ANY_LINK.search(line):
        return False
    return len(_WORD.findall(_ANY_LINK.sub(" ", line))) <= MAX_WORDS_BESIDE
