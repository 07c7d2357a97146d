"""Make markdown inert: no html, no images, no unknown links.

A model writes what the pages it read told it to write. So its text is taken apart before it is kept.
"""

import re
from collections.abc import Container
from html import unescape

from app.text.urls import normalise

MAX_LINK_ROUNDS = 5  # links in links in links; what is deeper is escaped, not understood

# The characters that replace hidden pieces; `tidy` takes them out of the text first.
_FIRST, _LAST = 0xF0000, 0xFFFFD
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
_CONTROL_CHARACTERS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)
_HTML_ENTITY = re.compile(r"&#?\w{1,31};")
_CITATION_SIGNS = frozenset("[]【】〔〕〖〗0123456789,;-–—")  # what an entity may spell of a citation
_TICKS = re.compile(r"`+")
_AUTOLINK = re.compile(
    r"<([a-z][a-z0-9+.-]{1,31}:[^\s<>]{1,2000}|[^\s<>@]{1,64}@[^\s<>@]{1,255})>", re.IGNORECASE
)
_HTML_TAG = re.compile(r"<[a-z/!?][^<>]{0,1000}>", re.IGNORECASE)
# Digits that html sets higher or lower, and those that stand for a footnote.
_SMALL_DIGITS = re.compile(
    r"<(sup|sub|ref|cite)(?:\s[^<>]{0,200})?>\s{0,3}(\d{1,4}(?:\s?,\s?\d{1,4}){0,5})\s{0,3}</\1>",
    re.IGNORECASE,
)
_RAISED_FORMULA = re.compile(r"\$\^\{?\[?(\d{1,4}(?:\s?,\s?\d{1,4}){0,5})\]?\}?\$")
_HIGHER = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LOWER = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_TAG_BEGINS = re.compile(r"<(?=[a-z/!?])", re.IGNORECASE)
_TEXT = r"[^\[\]]{0,1000}(?:\[[^\[\]]{0,1000}\][^\[\]]{0,1000}){0,5}"
_LINK = re.compile(
    rf"""!?\[({_TEXT})\]\(\s{{0,9}}
         ([^\s()<>]{{0,2000}}(?:\([^\s()<>]{{0,500}}\)[^\s()<>]{{0,500}}){{0,5}})
         (?:\s{{1,9}}(?:"[^"]{{0,500}}"|'[^']{{0,500}}'|\([^()]{{0,500}}\)))?\s{{0,9}}\)""",
    re.VERBOSE,
)
_DEFINITION = re.compile(
    r"^[\s>]{0,40}\[[^\[\]\n]{1,200}\]:[ \t]{0,9}<?(?:https?://|www\.)[^\n]*$", re.IGNORECASE | re.MULTILINE
)
# Mathematics between dollars, as pandoc takes it: "$5 and $6" is none.
_FORMULA = re.compile(
    r"(?<![\\$])\$\$(?!\$)[^$]{1,2000}\$\$|(?<![\\$\w])\$(?=[^\s$])[^$\n]{1,300}(?<=[^\s\\])\$(?![\d$])"
    r"|\\\[(?=[^\n\]]{0,200}(?:[=^_{]|\\[a-z]))[^\n\[\]]{1,500}(?:\[[^\n\[\]]{0,50}\][^\n\[\]]{0,200}){0,5}\\\]"
    r"|\\\((?=[^\n)]{0,200}(?:[=^_{]|\\[a-z]|[A-Za-z]\[\d))[^\n]{1,300}?\\\)",
)
_NUMERAL = re.compile(r"\s{0,3}\^?\d{1,9}\s{0,3}")


def tidy(text: str) -> str:
    """Text with line feeds only, without controls, invisible and private characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    visible = _PRIVATE.sub("", _CONTROL_CHARACTERS.sub("", lines))
    return _HTML_ENTITY.sub(_spell, visible)


def _spell(entity: re.Match[str]) -> str:
    character = unescape(entity[0])
    return character if character in _CITATION_SIGNS else entity[0]


class Hidden:
    """Pieces of text to preserve, each behind one private character."""

    def __init__(self) -> None:
        self._pieces = list[tuple[str, str]]()

    def hide(self, source: str, plain: str) -> str:
        """Return a character for `source`, which a reader sees as `plain`."""
        if len(self._pieces) > _LAST - _FIRST:
            return plain
        self._pieces.append((source, plain))
        return chr(_FIRST + len(self._pieces) - 1)

    def source(self, text: str) -> str:
        """The markdown with all pieces back in place."""
        return _PIECE.sub(lambda found: self._pieces[ord(found[0]) - _FIRST][0], text)

    def plain(self, text: str) -> str:
        """What a reader sees of the pieces."""
        return _PIECE.sub(lambda found: self._pieces[ord(found[0]) - _FIRST][1], text)


_PIECE = re.compile(f"[{chr(_FIRST)}-{chr(_LAST)}]")


def defuse(text: str, known: Container[str], hidden: Hidden) -> str:
    """Remove html, images, and links to urls not in `known`.

    Code and the links that stay are hidden, so that nobody takes their brackets for citations.
    """
    text = _RAISED_FORMULA.sub(_raised, _hide_code(text, hidden))
    text = _DEFINITION.sub("", _FORMULA.sub(lambda found: _formula(found, hidden), text))
    text = _AUTOLINK.sub(lambda found: _autolink(found, known, hidden), text)
    text = _SMALL_DIGITS.sub(_without_tags, text)
    text = _TAG_BEGINS.sub("&lt;", _HTML_TAG.sub("", text))
    for _ in range(MAX_LINK_ROUNDS):
        text, count = _LINK.subn(lambda found: _link(found, known, hidden), text)
        if not count:
            break
    text = text.replace("](", "]\\(")
    # Only at the start of a paragraph can "[1]: url" turn every other [1] into a link.
    return text.replace("]:", "]\\:") if text.lstrip(" >*+-.)0123456789\n").startswith("[") else text


def _without_tags(found: re.Match[str]) -> str:
    """Keep "10<sup>6</sup>" apart from 106, and a footnote from both."""
    tag, digits = found[1].lower(), "".join(found[2].split())
    if tag in ("ref", "cite"):
        return f"[{digits}]"
    return digits.translate(_HIGHER if tag == "sup" else _LOWER)


def _hide_code(text: str, hidden: Hidden) -> str:
    """Hide runs of code between equal backticks, in linear time."""
    runs = [(run.start(), run.end()) for run in _TICKS.finditer(text)]
    later = dict[int, list[int]]()
    for at in range(len(runs) - 1, -1, -1):
        later.setdefault(runs[at][1] - runs[at][0], []).append(at)
    parts, done, at = list[str](), 0, 0
    while at < len(runs):
        start, end = runs[at]
        start += _is_escaped(text, start)
        same = later.get(end - start, [])
        while same and same[-1] <= at:
            same.pop()
        if same and start < end:
            at = same[-1]
            inside = text[end : runs[at][0]]
            parts += text[done:start], hidden.hide(text[start : runs[at][1]], inside)
            done = runs[at][1]
        at += 1
    return "".join((*parts, text[done:]))


def _formula(found: re.Match[str], hidden: Hidden) -> str:
    """Hide a formula, unless it could be read as html."""
    return found[0] if _TAG_BEGINS.search(found[0]) else hidden.hide(found[0], found[0])


def _raised(found: re.Match[str]) -> str:
    """Return a formula of raised digits without its dollars."""
    return f"[{found[1]}]" if "[" in found[0] else "".join(found[1].split()).translate(_HIGHER)


def _is_escaped(text: str, at: int) -> bool:
    before = text[max(0, at - 100) : at]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _autolink(found: re.Match[str], known: Container[str], hidden: Hidden) -> str:
    return hidden.hide(found[0], found[1]) if normalise(found[1]) in known else found[1]


def _link(found: re.Match[str], known: Container[str], hidden: Hidden) -> str:
    text, url = found[1], normalise(unescape(found[2]))
    if _NUMERAL.fullmatch(text):  # "[3](url)" is how some models cite
        return f"[{text}]"
    is_kept = (
        url in known and url.startswith("http") and text.strip() and "[" not in text and found[0][0] != "!"
    )
    return hidden.hide(f"[{text}]({url})", text) if is_kept else text
