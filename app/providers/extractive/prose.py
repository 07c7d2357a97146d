"""The sentences of a page that read as prose: no code, headings, tables, grammar or lists of links.

A sentence is a slice of the page with its white space folded, so it can be found there again.
"""

import re
from collections.abc import Iterator

from app.providers.extractive.terms import FUNCTION_WORDS, words_in

MIN_WORDS = 5
MAX_SENTENCE = 600  # characters
MAX_PAGE = 400_000  # characters of a page that are looked at
MIN_FUNCTION_WORDS = 0.2  # of a sentence's words; titles, menus and lists have fewer
MIN_LETTERS = 0.66  # of the characters, spaces included; code and tables have fewer

FENCED = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1[^\n]*$|\Z)", re.MULTILINE | re.DOTALL)
PROMPT = re.compile(r"^\s*(?:>>>|\.\.\. |\$ |#|//|\|)|::=|\|\s*$|^\s*[-=*~^+_#]{3,}", re.MULTILINE)
MARKER = re.compile(r"^\s*(?:[-*+•]|\(?\d{1,3}[.)]|\(?[a-z]\))\s+")
BLOCK = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*+•]|\d{1,3}[.)])\s)")
END = re.compile(r"""(?<=[.!?])["”’')\]*]*(?:\[\d{1,4}\])*\s+(?=["“‘'(*`\[]*[A-Z0-9À-Þ]|["“`*][a-z])""")
FOOTNOTES = re.compile(r"(?:\s*\[\d{1,4}\])+$")
ABBREVIATED = re.compile(r"\b(?:e\.g|i\.e|cf|vs|approx|no|fig|dr|mr|mrs|st|al|resp|[A-Z])\.$", re.IGNORECASE)
PROSE_END = re.compile(r"[.!?][\"”’')\]*]*$")
# A name may be in lower case: "msgspec is a fast …".
PROSE_START = re.compile(
    r"[\"“‘'(*`_]?[A-Z0-9À-Þ]|[\"“`]|\*?[a-z][\w.-]+\*?\s(?:is|are|was|has|can|may|will|provides|supports|allows|makes"
    r"|uses|lets|offers|helps)\b"
)
NOT_PROSE = re.compile(
    r"\[\d{1,4}\]|\]\(|https?://|www\.|::|\{\{|<[a-z/][^>]*>|->|[{}]|\.\.\.\s*$|\b(?:as follows|follow)\.$"
)


def sentences(page: str) -> list[str]:
    """The prose sentences of a page in their order, each once, with white space folded."""
    return list(dict.fromkeys(_sentences(page[:MAX_PAGE])))


def _sentences(page: str) -> Iterator[str]:
    for block in BLOCK.split(FENCED.sub("\n\n", page)):
        if not PROMPT.search(block):
            item, text = MARKER.match(block), " ".join(MARKER.sub("", block).split())
            whole = is_prose if item else is_sentence
            yield from filter(whole, _split(text))


def _split(paragraph: str) -> Iterator[str]:
    start = 0
    for end in END.finditer(paragraph):
        if ABBREVIATED.search(paragraph, start, end.start()):
            continue
        yield FOOTNOTES.sub("", paragraph[start : end.end()].strip())
        start = end.end()
    yield FOOTNOTES.sub("", paragraph[start:].strip())


def is_sentence(text: str) -> bool:
    """True for a whole sentence that a person would read aloud."""
    return bool(PROSE_END.search(text)) and is_prose(text)


def is_prose(text: str) -> bool:
    """The same for what may lack its full stop: an item of a list."""
    if len(text) > MAX_SENTENCE or not PROSE_START.match(text) or NOT_PROSE.search(text):
        return False
    words = words_in(text)
    letters = sum(c.isalpha() or c.isspace() for c in text)
    common = sum(word in FUNCTION_WORDS for word in words)
    plain = letters >= MIN_LETTERS * len(text) and common >= MIN_FUNCTION_WORDS * len(words)
    return len(words) >= MIN_WORDS and plain
