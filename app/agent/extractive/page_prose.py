"""Select a page's prose: no code, headings, tables or link lists.

A sentence is a slice of the page with its white space folded, so it can be found there again.
"""

import re
from collections.abc import Iterator

from app.text import languages
from app.text.sentences import spans

MIN_WORDS = 4  # pairs of characters count as words
MAX_PROSE_SENTENCE = 600  # characters
MAX_PROSE_PAGE = 400_000  # characters of a page that are looked at
MIN_FUNCTION_WORDS = 0.1  # of a sentence's words, in languages that cannot do without them
UNSPACED = {"zh", "ja", "ko", "th"}  # their words are counted in pairs of characters
SMALL_WORDS = {"en", "de", "fr", "es", "pt", "it", "nl"}
IN_LISTS = 0.1  # more of them in an item of a list: titles, menus and lists of links have fewer
MIN_LETTERS = 0.66  # of the characters, spaces included; code and tables have fewer

FENCED = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1[^\n]*$|\Z)", re.MULTILINE | re.DOTALL)
CODE_PROMPT = re.compile(r"^[^\S\n]*(?:>>>|\.\.\. |\$ |#|//|\||[-=*~^+_#]{3})|::=|\|[^\S\n]*$", re.MULTILINE)
LIST_MARKER = re.compile(r"^\s*(?:[-*+•]|\(?\d{1,3}[.)]|\(?[a-z]\))\s+")
BLOCK = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*+•]|\d{1,3}[.)])\s)")
FOOTNOTES = re.compile(r"(?<=[.!?。！？])(?:\[\d{1,4}\]){1,20}(?=\s|\Z)")
PROSE_END = re.compile(r"[.!?。！？؟।…][\"”’')\]*»」』]*$")
OPENING = "\"“‘'(*`_«„¿¡「『"
# A name may be in lower case: "msgspec is a fast …".
LOWER_NAME = re.compile(
    r"(?<![\w.-])[a-z][\w.-]+\*?\s"
    r"(?:is|are|was|has|can|may|will|provides|supports|allows|makes|uses|lets|offers|helps)\b"
)
NOT_PROSE = re.compile(
    r"\[\d{1,4}\]|\]\(|https?://|www\.|::|\{\{|<[a-z/][^>]{0,600}>|->|[{}]|\.\.\.\s*$"
    r"|\b(?:as follows|follow)\.$|(?:^|\s)(?:\*\*|__|~~)|={2,}|\|\|"
)


def sentences(page: str, language: str = "en") -> list[str]:
    """Return a page's prose sentences in order, once each, spaces folded."""
    return list(dict.fromkeys(_sentences(page[:MAX_PROSE_PAGE], language)))


def _sentences(page: str, language: str) -> Iterator[str]:
    for block in BLOCK.split(FENCED.sub("\n\n", page)):
        if not CODE_PROMPT.search(block):
            item, text = LIST_MARKER.match(block), " ".join(LIST_MARKER.sub("", block).split())
            whole = is_prose if item else is_sentence
            yield from (part for part in _split(text, language) if whole(part, language))


def _split(paragraph: str, language: str) -> Iterator[str]:
    """Split Thai at spaces, as it has no full stop."""
    if language == "th":
        yield from paragraph.split(" ")
        return
    for piece in FOOTNOTES.split(paragraph):
        yield from (piece[start:end] for start, end in spans(piece))


def is_sentence(text: str, language: str = "en") -> bool:
    """True for a whole sentence that a person would read aloud."""
    is_whole = language == "th" or bool(PROSE_END.search(text))
    return len(text) <= MAX_PROSE_SENTENCE and is_whole and _reads(text, language, 0.0)


def is_prose(text: str, language: str = "en") -> bool:
    """Return True for prose that may lack its full stop.

    Items of lists do.
    """
    return len(text) <= MAX_PROSE_SENTENCE and _reads(text, language, IN_LISTS)


def _reads(text: str, language: str, more: float) -> bool:
    if not _begins(text) or NOT_PROSE.search(text):
        return False
    words = languages.words(text)
    letters = sum(c.isalpha() or c.isspace() or "\u0900" <= c <= "\u0eff" for c in text)
    empty = languages.function_words(language) | languages.question_words(language)
    least = (MIN_FUNCTION_WORDS + more) * len(words) if language in SMALL_WORDS else 0.0
    common = sum(word in empty for word in words)
    return len(words) >= MIN_WORDS and letters >= MIN_LETTERS * len(text) and common >= least


def _begins(text: str) -> bool:
    """Return True if a text begins as a sentence.

    It does not if it begins in the middle of one, or with code.
    """
    bare = text.lstrip(OPENING)
    if not bare or not bare[0].isalnum():
        return False
    return not bare[0].islower() or text[0] in '"“`«„' or bool(LOWER_NAME.match(bare))
