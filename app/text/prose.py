"""A report taken apart into sentences and citations, and put together again with those that hold.

Code blocks stay as they are. Headings and rows of a table are one sentence each; paragraphs and list
items are split. Understood as citations are [1], [1, 2], [1][2], [1-3], [1]-[3] with any dash, [^1],
[[1]](url) and 【1†lines】; written is [1][2].
"""

import re
from collections.abc import Callable, Container, Iterable

from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec import Struct

from app.text import sentences
from app.text.safe_markdown import Hidden, defuse, tidy

MAX_LINES = 10_000  # of a report; each takes time, and ten thousand are a book
LONG = 20_000  # characters of a paragraph
ROUNDS = 5
WIDEST = 20  # sources; a range of more is taken for its two ends

_NUMBERS = r"[\s*_^]{0,4}\d{1,9}(?:\s{0,3}[,;–—-]\s{0,3}\^?\d{1,9}){0,30}[\s*_]{0,4}"
_MARK = re.compile(rf"\\?[\[【]({_NUMBERS})(?:†[^\[\]【】]{{0,80}})?\\?[\]】]")
_CLUSTER = re.compile(rf"{_MARK.pattern}(?:\s{{0,3}}[,;–—-]?\s{{0,3}}{_MARK.pattern}){{0,50}}")
_PART = re.compile(r"\d+|[–—-]")
_STAND_IN = re.compile(f"[{sentences.MARKER}]")
_FIRST = 0x100000
_NO_BRACKETS = str.maketrans("[]【】", "()()")
_OPEN = re.compile(r"[\[【][\d\s*_^,;\\–—-]{0,300}\Z")
_CLOSE = re.compile(r"[\d\s*_^,;\\–—-]{0,300}[\]】]")

_PREFIX = re.compile(r"[\s>]*(?:(?:[-*+]|\d{1,9}[.)])\s+|>\s*)*(?:\[[ xX]\]\s+)?(?:#{1,6}\s+)?")
_INDENT = re.compile(r"\n[\s>]*")
_RULE = re.compile(r"\n\s*(?:=+|-+)\s*\Z")
_EMPHASIS = re.compile(r"(?<![\s\\])\*+|(?<!\\)\*+(?!\s)|(?<![\w\\])_+|(?<!\\)_+(?!\w)|~~")
_BACKSLASH = re.compile(r"\\([!-/:-@\[-`{-~])")
_NOTE = re.compile(r"\s*(?:\*[^*]+\*|_[^_]+_)\s*")

_MARKUP = frozenset("\\`!]<&#*_~[")
_CLOSING = frozenset(("", *" \n.,;:!?)|"))

_LIST = re.compile(
    r"\W{0,9}(?:sources?|references|citations|bibliography|works cited|links|quellen|literatur)\W{0,9}",
    re.IGNORECASE,
)
_ITEM = re.compile(r"\s*(?:[-*+]\s|\d{1,4}[.)]\s|\\?\[\^?\d{1,4}\\?\]|.{0,300}://)")

_blocks = MarkdownIt("commonmark").enable("table").disable(["reference", "html_block", "inline"])


class Sentence(Struct, frozen=True):
    """A sentence of the report as a reader sees it, and the sources that it names."""

    text: str
    numbers: tuple[int, ...]  # distinct, in the order in which they are written
    is_claim: bool  # says something that a source could confirm


class Cluster(Struct, frozen=True):
    """Citations that stand together."""

    sentence: int  # index
    numbers: tuple[int, ...]


class Prose(Struct, frozen=True):
    """The report: text and clusters in turn, and the sentences that the clusters belong to."""

    parts: tuple[str | Cluster, ...]
    sentences: tuple[Sentence, ...]
    own_list: int  # lines of a list of sources that the model wrote itself; they are left out


def read(content: str, known: Container[str]) -> Prose:
    """Take a report in markdown apart; links stay where their url is in `known`.

    What is taken out can make a paragraph a list or code. So it is read until nothing changes any more;
    where that does not happen soon, no brackets are left at all.
    """
    lines = tidy(content).split("\n")[:MAX_LINES]
    kept = _without_list(lines)
    source = "\n".join(kept)
    for _ in range(ROUNDS):
        prose = _read(source, known, len(lines) - len(kept))
        again = write(prose, lambda *_: True)
        if again == source:
            return prose
        source = again
    return _read(source.translate(_NO_BRACKETS), known, len(lines) - len(kept))


def _read(source: str, known: Container[str], own_list: int) -> Prose:
    lines, reader, done = source.split("\n"), _Reader(known), 0
    for kind, start, end in _inline(_blocks.parse(source), len(lines)):
        if start >= done:
            reader.add("".join(f"{line}\n" for line in lines[done:start]))
            reader.take("\n".join(lines[start:end]), kind)
            reader.add("\n" if end < len(lines) else "")
            done = end
    reader.add("\n".join(lines[done:]))
    return Prose(tuple(reader.parts), tuple(reader.sentences), own_list)


def _without_list(lines: list[str]) -> list[str]:
    """The lines before a closing list of sources: the list comes from the log, not from the model."""
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at].strip()
        if _LIST.fullmatch(line):
            return lines[:at] if any(_ITEM.match(later) for later in lines[at + 1 :]) else lines
        if line and not _ITEM.match(line):
            break
    return lines


def _inline(tokens: Iterable[Token], lines: int) -> Iterable[tuple[str, int, int]]:
    """What kind of text stands in which lines; lines of code and rules are left out."""
    in_head = False
    for token in tokens:
        if token.type in ("thead_open", "thead_close"):
            in_head = token.type == "thead_open"
        if token.map and token.type in ("heading_open", "paragraph_open", "tr_open"):
            kind = "heading" if in_head or token.type == "heading_open" else token.type.removesuffix("_open")
            yield kind, token.map[0], min(token.map[1], lines)


class _Reader:
    """Collects parts and sentences, block by block."""

    def __init__(self, known: Container[str]) -> None:
        self.known, self.parts, self.sentences = known, list[str | Cluster](), list[Sentence]()

    def add(self, text: str) -> None:
        if text:
            self.parts.append(text)

    def take(self, block: str, kind: str) -> None:
        hidden, clusters = Hidden(), list[tuple[int, ...]]()
        text = _stand_in(defuse(block, self.known, hidden), clusters)
        prefix = _PREFIX.match(text)
        start = prefix.end() if prefix else 0
        body = text[start:]
        least = 1 + len(body) // LONG  # a paragraph of full stops must not become sentences without end
        found = sentences.spans(body, least) if kind == "paragraph" else [(0, len(body))]
        is_quiet = kind == "heading" or bool(_NOTE.fullmatch(body))
        edges = [first for first, _ in found[1:]] + [len(body)]
        self.add(hidden.source(text[:start]))
        first = 0
        for edge in edges:
            self._sentence(body[first:edge], clusters, hidden, is_quiet=is_quiet)
            first = edge

    def _sentence(
        self, text: str, clusters: list[tuple[int, ...]], hidden: Hidden, *, is_quiet: bool
    ) -> None:
        done, numbers = 0, dict[int, None]()
        for found in _STAND_IN.finditer(text):
            cluster = Cluster(len(self.sentences), clusters[ord(found[0]) - _FIRST])
            numbers |= dict.fromkeys(cluster.numbers)
            self.add(hidden.source(text[done : found.start()]))
            self.parts.append(cluster)
            done = found.end()
        self.add(hidden.source(text[done:]))
        seen = _plain(text, hidden)
        self.sentences.append(Sentence(seen, tuple(numbers), not is_quiet and _claims(seen)))


def _stand_in(text: str, clusters: list[tuple[int, ...]]) -> str:
    """The text with one private character for each cluster of citations."""

    def hide(found: re.Match[str]) -> str:
        if len(clusters) == 0xFFFD:
            return ""
        clusters.append(tuple(dict.fromkeys(_numbers(found[0]))))
        return chr(_FIRST + len(clusters) - 1)

    return _CLUSTER.sub(hide, text)


def _numbers(cluster: str) -> Iterable[int]:
    """The numbers in a cluster, those that a range skips included."""
    last, is_range = 0, False
    for mark in _PART.findall(re.sub(r"†[^\]】]*", "", cluster)):
        if not mark.isdecimal():
            is_range = True
            continue
        number = int(mark)
        yield from range(last + 1, number) if is_range and 0 < number - last <= WIDEST else ()
        yield number
        last, is_range = number, False


def _plain(text: str, hidden: Hidden) -> str:
    """A sentence as a reader sees it, without citations and markup, on one line."""
    bare = _INDENT.sub(" ", _RULE.sub("", _STAND_IN.sub("", text)))
    bare = _BACKSLASH.sub(r"\1", _EMPHASIS.sub("", bare)).replace("&lt;", "<").replace("|", " ")
    line = " ".join(hidden.plain(bare).split())
    return re.sub(r"\s+([.,;:!?])", r"\1", line)


def _claims(text: str) -> bool:
    """A claim says at least three words and is neither a question nor the lead-in of a list."""
    return len(sentences.words(text)) >= 3 and not text.endswith(("?", ":"))


def write(prose: Prose, is_kept: Callable[[int, int], bool]) -> str:
    """The markdown again, with the citations for which `is_kept(sentence, number)` is true."""
    out = list[str]()
    for at, part in enumerate(prose.parts):
        if isinstance(part, str):
            out.append(part)
            continue
        marks = "".join(f"[{number}]" for number in part.numbers if is_kept(part.sentence, number))
        after = next((text for text in prose.parts[at + 1 : at + 2] if isinstance(text, str)), "")
        out += [marks] if marks else _gap(out, after)
    return "".join(out)


def _gap(out: list[str], after: str) -> list[str]:
    """Close up the space before citations that are gone.

    A dot stays where what is left would read as another citation, as markup, or as nothing at all.
    """
    before = "".join(text[-300:] for text in out[-50:])[-300:]
    is_citation = _OPEN.search(before) and _CLOSE.match(after)
    if is_citation or (before[-1:] in _MARKUP and after[:1] not in _CLOSING) or not _written(before):
        return ["…"]
    if out and after[:1] in _CLOSING and out[-1].strip():
        out[-1] = out[-1].rstrip(" ")
    return []


def _written(before: str) -> str:
    """What stands in the line so far, without marks of lists and headings."""
    return before.rpartition("\n")[2].strip(" >*+-#.)|0123456789")
