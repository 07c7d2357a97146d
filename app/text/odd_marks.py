r"""Rewrite rare spellings of citations, and find marks without a source.

Rare are {1}, ^1, ^{1,2}, \footnote{1}, ⁽¹⁾, 〈1〉, [^1^], [@1], and OpenAI's link "oai_citation". A mark
like "turn0search1" numbers the results of another system: it cannot be bound, and is taken out and listed.
"""

import re
from unicodedata import normalize

from msgspec import Struct

MAX_STRANGE = 20  # marks of a report that are listed

_MORE = r"(?:\s?[,;]\s?\d{1,3}){0,9}"
_RAISED_ONE = "[¹²³⁰⁴-⁹]{1,3}"
_RARE = re.compile(
    rf"""(?:(?<=[^\W\d_]{{3}})|(?<=[^\W_]{{3}}\s)|(?<=[.,;:!?"”’»)%\]}}])|(?<=[.,;:!?"”’»)%\]}}]\s))
    (?:\{{{{1,2}}(?:cite|ref|source)?[:\s]{{0,2}}(?P<curly>\d{{1,3}}{_MORE})\}}{{1,2}}
      |\^(?P<hat>\d{{1,3}}(?:,\s?\d{{1,3}}){{0,9}})\^?(?!\w|\.\d)
      |\^\{{(?P<braced>\d{{1,3}}{_MORE})\}}
      |\\(?:textsuperscript|footnote|footnotemark|cref|autocite)\{{(?P<tex>\d{{1,3}}{_MORE})\}}
      |⁽(?P<raised>{_RAISED_ONE}(?:[,˒]{_RAISED_ONE}){{0,5}})⁾
      |[〈⟨](?P<angle>\d{{1,3}}{_MORE})[〉⟩]
      |\[\^?(?P<hats>\d{{1,3}}{_MORE})\^\]
      |\[@(?:source|ref|doc|s)?[_-]?(?P<at>\d{{1,3}})\])
    (?=\s|[.,;:!?)。，；{{^\[]|\Z)""",
    re.VERBOSE | re.IGNORECASE,
)
# Behind these a number in braces or raised is mathematics.
_MATHEMATICS = re.compile(
    r"(?:\\[a-z]{1,20}|\b(?:sets?|menge|ensemble|conjunto|domain|range|values?|interval|equals?|sin|cos|tan|log|exp"
    r"|max|min|mod|[a-z]{0,12}met(?:er|re|ro)s?|feet|foot|inch|miles?|sec|mol)n?)\s?\Z",
    re.IGNORECASE,
)
_TRAILING_HAT = re.compile(r"(?<=\d[\]】])\^(?!\w)")
_LINKED = re.compile(r"\[oai_citation:(\d{1,3})‡[^\]\n]{0,200}\](?:\([^()\s]{0,2000}\))?")
_KINDS = (
    "search|news|view|fetch|open|click|find|image|file|product|reddit|video|academia|forecast|finance|sports"
)
_STRANGE = re.compile(
    rf"[ \t]?(?P<mark>[【\[(]{{0,2}}(?:file)?(?:cite)?:?\s?"
    rf"(?:turn\d{{1,3}}(?:{_KINDS})\d{{1,3}}[,;\s]{{0,2}}){{1,20}}(?<=\d)[】\])]{{0,2}}"
    r"|\[cite_(?:start|end)\])",
    re.IGNORECASE,
)


class WithoutStrange(Struct, frozen=True):
    """A text, and the marks that were taken out of it."""

    text: str
    marks: tuple[str, ...]


def without_strange(content: str) -> WithoutStrange:
    """Take out marks that name no source, and unwrap OpenAI's links."""
    found = dict.fromkeys(match["mark"] for match in _STRANGE.finditer(content))
    text = _LINKED.sub(r"[\1]", _STRANGE.sub("", content) if found else content)
    return WithoutStrange(text, tuple(found)[:MAX_STRANGE])


def in_brackets(text: str) -> str:
    """Write rare spellings of citations as [1]."""
    return _RARE.sub(lambda found: _bracketed(found, text), _TRAILING_HAT.sub("", text))


def _bracketed(found: re.Match[str], text: str) -> str:
    if _MATHEMATICS.search(text[max(0, found.start() - 30) : found.start()]):
        return found[0]
    written = next(group for group in found.groups() if group)
    return f"[{', '.join(re.findall(r'[0-9]+', normalize('NFKC', written)))}]"
