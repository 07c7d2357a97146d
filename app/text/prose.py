"""Split a report into sentences and citations, and rebuild it.

Code blocks and formulas stay as they are. Headings and rows of a table are one sentence each; paragraphs and
list items are split. How citations are written is in `app.text.marks`; written again is [1][2].
"""

import re
from collections.abc import Callable, Container, Iterable, Mapping

from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec import Struct
from msgspec.structs import replace

from app.text import marks, sentences
from app.text.marks import Clusters, Style
from app.text.not_found import says_not_found
from app.text.odd_marks import without_strange
from app.text.safe_markdown import Hidden, defuse, tidy
from app.text.wrapping import AFTERWORD, unwrap

MAX_LINES = 10_000  # of a report; each takes time, and ten thousand are a book
LONG = 20_000  # characters of a paragraph
MAX_PROSE_ROUNDS = 5
AFTERWORD_SENTENCES = 6  # of a note at the end of a report

_NO_BRACKETS = str.maketrans("[]【】［］〔〕〖〗", "()" * 5)
_OPEN = re.compile(r"[\[【［〔〖][\d\s*_^,;\\–—-]{0,300}\Z")
_CLOSE = re.compile(r"[\d\s*_^,;\\–—-]{0,300}[\]】］〕〗]")

_PREFIX = re.compile(r"[\s>]*+(?:(?:[-*+]|\d{1,9}[.)])\s[\s>]*+)*+(?:\[[ xX]\]\s++)?+(?:#{1,6}\s++)?+")
_INDENT = re.compile(r"\n[\s>]*")
_EMPHASIS = re.compile(r"(?<![\s\\])\*+|(?<!\\)\*+(?!\s)|(?<![\w\\])_+|(?<!\\)_+(?!\w)|~~")
_BACKSLASH = re.compile(r"\\([!-/:-@\[-`{-~])")
_NOTE = re.compile(r"\s*(?:\*[^*]+\*|_[^_]+_)\s*")

_MARKUP = frozenset("\\`!]<&#*_~[")
_CLOSING = frozenset(("", *" \n.,;:!?)|"))

# What begins another clause behind a citation.
_NEXT_CLAUSE = re.compile(
    r"\s{0,3}(?:[,;:–—)，；、،؛]|(?:and|but|while|whereas|or|und|aber|während|sowie|doch|et|mais|tandis|y|pero"
    r"|mientras|и|а|но|или|و|لكن|和|而|और|लेकिन|และ|แต่)\b)|\s*\Z"
)
_STOP = re.compile(r"[.!。！｡।؟\s]{0,40}\Z")
_CELL = re.compile(r"(?<!\\)\|")
LEAST_WORDS = 3  # of a clause
_WEB_ADDRESS = re.compile(r"https?://\S{1,2000}")  # says nothing, however many words it has

_blocks = MarkdownIt("commonmark").enable("table").disable(["reference", "html_block", "inline"])


class Clause(Struct, frozen=True):
    """What citations refer to: a sentence, its part, or a cell."""

    text: str
    numbers: tuple[int, ...]  # distinct, in the order in which they are written
    context: str = ""  # words that belong to it without being said by it: the head of its column


class Sentence(Struct, frozen=True):
    """A sentence as a reader sees it, with its citations."""

    text: str
    clauses: tuple[Clause, ...]  # those with citations
    is_claim: bool  # says something that a source could confirm
    has_end: bool = False  # a citation can be put behind it


class Cluster(Struct, frozen=True):
    """A run of adjacent citations."""

    sentence: int  # index
    clause: int  # index in the sentence
    numbers: tuple[int, ...]


class End(Struct, frozen=True):
    """Where a sentence of a paragraph ends, before its full stop."""

    sentence: int  # index


class Prose(Struct, frozen=True):
    """A report as text and clusters in turn, with their sentences."""

    parts: tuple[str | Cluster | End, ...]
    sentences: tuple[Sentence, ...]
    own_list: int = 0  # lines of a list of sources that the model wrote itself; they are left out
    thought: int = 0  # characters of a think block; they are left out
    strange: tuple[str, ...] = ()  # marks of another system, which name no source; they are left out


def read(content: str, known: Container[str], numbers: Container[int] = ()) -> Prose:
    """Parse a report in markdown.

    Links stay if their url is in `known`.

    What is taken out can make a paragraph a list or code. So it is read until nothing changes any more;
    where that does not happen soon, no brackets are left at all.

    Args:
        content: as the model wrote it.
        known: addresses to which a link may lead.
        numbers: of the sources; only they make "(1)" a citation.
    """
    plain = without_strange(tidy(content))
    found = unwrap(plain.text, MAX_LINES)
    source = "\n".join(found.lines)
    style, own_list = marks.style(source, numbers), found.own_list
    for _ in range(MAX_PROSE_ROUNDS):
        prose = _read(source, known, style)
        unwrapped = unwrap(tidy(write(prose, lambda *_: True)), MAX_LINES)
        again = "\n".join(unwrapped.lines)
        if again == source:
            break
        source, own_list = again, own_list + unwrapped.own_list
    else:
        prose = _read(source.translate(_NO_BRACKETS), known, style)
    prose = _quiet_afterword(prose) if own_list else prose
    return replace(prose, own_list=own_list, thought=found.thought, strange=plain.marks)


def _quiet_afterword(prose: Prose) -> Prose:
    """Count a note behind the own list of sources as no claim."""
    said = prose.sentences
    first = max(len(said) - AFTERWORD_SENTENCES, 0)
    begins = next((at for at in range(first, len(said)) if AFTERWORD.match(said[at].text)), len(said))
    if any(sentence.clauses for sentence in said[begins:]):
        return prose
    quiet = (replace(sentence, is_claim=False, has_end=False) for sentence in said[begins:])
    return replace(prose, sentences=(*said[:begins], *quiet))


def _read(source: str, known: Container[str], style: Style) -> Prose:
    lines, reader, done = source.split("\n"), _Reader(known, style), 0
    for kind, start, end in _inline(_blocks.parse(source), len(lines)):
        if start >= done:
            reader.add("".join(f"{line}\n" for line in lines[done:start]))
            reader.take("\n".join(lines[start:end]), kind)
            reader.add("\n" if end < len(lines) else "")
            done = end
    reader.add("\n".join(lines[done:]))
    return Prose(tuple(reader.parts), tuple(reader.sentences))


def _inline(tokens: Iterable[Token], lines: int) -> Iterable[tuple[str, int, int]]:
    """Return each line's kind of text, without code and rules."""
    in_head = False
    for token in tokens:
        if token.type in ("thead_open", "thead_close"):
            in_head = token.type == "thead_open"
        if token.map and token.type in ("heading_open", "paragraph_open", "tr_open"):
            kind = "head" if in_head else token.type.removesuffix("_open")
            yield kind, token.map[0], min(token.map[1], lines)


class _Reader:
    """Collects parts and sentences, block by block."""

    def __init__(self, known: Container[str], style: Style) -> None:
        self.known, self.style = known, style
        self.parts, self.sentences = list[str | Cluster | End](), list[Sentence]()
        self._head = list[str]()  # of the table that is read

    def add(self, text: str) -> None:
        if text:
            self.parts.append(text)

    def take(self, block: str, kind: str) -> None:
        hidden = Hidden()
        found = self.style.stand_in(defuse(block, self.known, hidden))
        text, clusters = found.text, found.clusters
        prefix = _PREFIX.match(text)
        start = prefix.end() if prefix else 0
        body = text[start:]
        least = 1 + len(body) // LONG  # a paragraph of full stops must not become sentences without end
        spans = sentences.spans(body, least) if kind == "paragraph" else [(0, len(body))]
        is_quiet = kind in ("heading", "head") or bool(_NOTE.fullmatch(body))
        if kind == "head":
            self._head = [_plain(cell, hidden) for cell in _CELL.split(body)]
        edges = [first for first, _ in spans[1:]] + [len(body)]
        self.add(hidden.source(text[:start]))
        first = 0
        for edge in edges:
            piece = body[first:edge]
            clauses = self._cells(piece, clusters, hidden) if kind == "tr" else None
            self._sentence(
                piece,
                clusters,
                hidden,
                clauses or _clauses(piece, clusters, hidden),
                is_quiet=is_quiet,
                has_end=kind == "paragraph",
            )
            first = edge

    def _sentence(
        self,
        text: str,
        clusters: Clusters,
        hidden: Hidden,
        clauses: tuple[list[Clause], list[int]],
        *,
        is_quiet: bool,
        has_end: bool,
    ) -> None:
        done = 0
        for found, clause in zip(marks.STAND_IN.finditer(text), clauses[1], strict=True):
            self.add(hidden.source(text[done : found.start()]))
            self.parts.append(
                Cluster(len(self.sentences), clause, clusters[ord(found[0]) - marks.FIRST_MARK])
            )
            done = found.end()
        seen, rest = _plain(text, hidden), text[done:]
        is_claim = not is_quiet and _claims(seen) and (bool(clauses[0]) or not says_not_found(seen))
        end = _STOP.search(rest) if has_end and is_claim else None
        if end and (rest[: end.start()].strip() or done):
            self.add(hidden.source(rest[: end.start()]))
            self.parts.append(End(len(self.sentences)))
            rest = rest[end.start() :]
        self.add(hidden.source(rest))
        self.sentences.append(Sentence(seen, tuple(clauses[0]), is_claim, has_end=end is not None))

    def _cells(self, text: str, clusters: Clusters, hidden: Hidden) -> tuple[list[Clause], list[int]] | None:
        """Return cited cells as clauses, with row and column names."""
        cells = _CELL.split(text)
        cited = [at for at, cell in enumerate(cells) if marks.STAND_IN.search(cell)]
        plain = [_plain(cell, hidden) for cell in cells]
        if len(cited) < 2:
            return None
        first = next((at for at, cell in enumerate(plain) if cell), 0)
        clauses, belongs = list[Clause](), list[int]()
        for at in cited:
            numbers = dict[int, None]()
            for found in marks.STAND_IN.finditer(cells[at]):
                numbers |= dict.fromkeys(clusters[ord(found[0]) - marks.FIRST_MARK])
                belongs.append(len(clauses))
            said = plain[at] if at == first else f"{plain[first]} {plain[at]}".strip()
            head = self._head[at] if at < len(self._head) else ""
            clauses.append(Clause(said, tuple(numbers), head))
        return clauses, belongs


def _clauses(text: str, clusters: Clusters, hidden: Hidden) -> tuple[list[Clause], list[int]]:
    """Return a sentence's clauses, and the clause of each cluster."""
    clauses, belongs, numbers, start = list[Clause](), list[int](), dict[int, None](), 0
    found = list(marks.STAND_IN.finditer(text))
    said, rest = 0, sum(counts := _words_before(text, found, hidden))
    for at, mark in enumerate(found):
        said, rest = said + counts[at], rest - counts[at]
        numbers |= dict.fromkeys(clusters[ord(mark[0]) - marks.FIRST_MARK])
        belongs.append(len(clauses))
        is_last = at == len(found) - 1
        is_clause = said >= LEAST_WORDS <= rest and _NEXT_CLAUSE.match(text, mark.end())
        if is_last or is_clause:
            whole = _plain(text[start:] if is_last else text[start : mark.start()], hidden)
            clauses.append(Clause(whole.lstrip(",;:–— "), tuple(numbers)))
            said, start, numbers = 0, mark.end(), {}
    return clauses, belongs


def _words_before(text: str, found: list[re.Match[str]], hidden: Hidden) -> list[int]:
    """Count the words between each citation and the one before it."""
    starts = (0, *(mark.end() for mark in found))
    pieces = (text[start : mark.start()] for start, mark in zip(starts, found, strict=False))
    return [len(sentences.words(_WEB_ADDRESS.sub(" ", _plain(piece, hidden)))) for piece in pieces]


def _plain(text: str, hidden: Hidden) -> str:
    """Return a sentence in plain text on one line, without citations."""
    bare = _INDENT.sub(" ", _without_rule(marks.STAND_IN.sub("", text)))
    bare = _BACKSLASH.sub(r"\1", _EMPHASIS.sub("", bare)).replace("&lt;", "<").replace("|", " ")
    line = " ".join(hidden.plain(bare).split())
    return re.sub(r"(?<!\s)\s+([.,;:!?])", r"\1", line)


def _without_rule(text: str) -> str:
    """Drop the line of = or - below a heading."""
    lines = text.rstrip()
    for mark in "=-":
        above = lines.rstrip(mark)
        kept = above.rstrip()
        if above != lines and "\n" in above[len(kept) :]:
            return kept
    return text


def _claims(text: str) -> bool:
    """Return True for three words or more that claim something.

    Neither a question nor the lead-in of a list does.
    """
    ends = text.endswith(("?", ":", "？", "：", "؟"))
    return len(sentences.words(text)) >= 3 and not ends


NO_NUMBERS: Mapping[int, int] = {}


def write(
    prose: Prose, is_kept: Callable[[int, int, int], bool], added: Mapping[int, int] = NO_NUMBERS
) -> str:
    """Write the markdown, keeping the citations that `is_kept(sentence, clause, number)` accepts.

    `added` has a number for sentences that are to get one more citation, by their index.
    """
    out, parts = (
        list[str](),
        [part for part in prose.parts if not isinstance(part, End) or part.sentence in added],
    )
    for at, part in enumerate(parts):
        if isinstance(part, str):
            out.append(part)
            continue
        if isinstance(part, End):
            out.append(f" [{added[part.sentence]}]")
            continue
        kept = "".join(f"[{n}]" for n in part.numbers if is_kept(part.sentence, part.clause, n))
        after = next((text for text in parts[at + 1 : at + 2] if isinstance(text, str)), "")
        out += [kept] if kept else _gap(out, after)
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
    """Return the line so far, without marks of lists and headings."""
    return before.rpartition("\n")[2].strip(" >*+-#.)|0123456789")
