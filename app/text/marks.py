"""Find citations as models write them, and replace clusters by characters.

Each cluster becomes one private character.

Understood are [1], [1, 2], [1][2], [1-3], [1]-[3] with any dash, [^1], [[1]], [[1]](url), 【1†lines】, full
width, [Source 1], [1, p. 3], [ref1], (Source 1), superscripts, and what `odd_marks` rewrites.

If the number is that of a source, so are [S1], [page 1], [doc_1], ① at the end of a clause, and "(1)" there
in a report without brackets, else only at the end of a sentence that has none.
"""

import re
from collections.abc import Container, Iterable
from unicodedata import normalize

from msgspec import Struct

from app.text import sentences
from app.text.odd_marks import in_brackets

SENTENCE = 400  # characters before "(1)" in which its sentence begins
WIDEST = 20  # sources; a range of more is taken for its two ends
FIRST_MARK = 0x100000  # the first character that replaces a cluster
MAX_CLUSTERS = 0xFFFD  # clusters of a block
STAND_IN = re.compile(f"[{sentences.STOP_MARKER}]")

Clusters = list[tuple[int, ...]]

_LABEL = r"""(?:(?:sources?|refs?|references?|citations?|cite|footnote|fn|note|src|docs?|documents?|dokumente?
    |quellen?|fuentes?|fontes?|fonti
    |bron|источники?|источ|来源|來源|资料|資料|文献|出典|출처|المصدر|مصدر|स्रोत|แหล่งที่มา)[.:#_\s-]{0,3}|\#)?"""
_PAGES = r"""(?:\s{0,2}[,;:]\s{0,2}(?:pp?|pgs?|pages?|ss?|seiten?|secs?|sections?|§{1,2}|ch|chap|chapters?|kap
    |paras?|abs|figs?|tab|tables?|ll?|lines?|стр|с|págs?|页|頁)[.\s]{0,3}\d[\w.,–-]{0,15}|:\d{1,4}(?:[–-]\d{1,4})?)?"""
_JOIN = r"\s{0,3}(?:[,;–—-]|&|and|und|et|y|и)\s{0,3}"
_NUMBERS = rf"[\s*_^]{{0,4}}{_LABEL}\^?\d{{1,9}}(?:{_JOIN}{_LABEL}\^?\d{{1,9}}){{0,30}}{_PAGES}[\s*_]{{0,4}}"
_DAGGER = r"(?:†[^\[\]【】]{0,80})?"
_NAMED = _LABEL.removesuffix(r"|\#)?") + ")"  # "(#1)" says who is first
_MARK_OPENS, _MARK_CLOSES = r"[\[【［〔〖]", r"[\]】］〕〗]"
_SQUARE = rf"\^?\\?{_MARK_OPENS}(?:\[{_NUMBERS}\]|{_NUMBERS}{_DAGGER})\\?{_MARK_CLOSES}"
_ONE = rf"(?:{_SQUARE}|[(（]{_NAMED}\d{{1,4}}(?:{_JOIN}\d{{1,4}}){{0,9}}[)）])"
_CLUSTER = re.compile(rf"{_ONE}(?:\s{{0,3}}[,;–—-]?\s{{0,3}}{_ONE}){{0,50}}", re.IGNORECASE | re.VERBOSE)
_NO_NUMBERS = re.compile(
    rf":\d{{1,4}}(?=†)|†[^\]】]*|(?<=\d){_PAGES}(?=[\s*_]{{0,4}}\\?{_MARK_CLOSES})",
    re.IGNORECASE | re.VERBOSE,
)
_CLUSTER_PART = re.compile(r"\d+|[–—-](?=[\s\[【［〔〖\\]{0,6}\^?\d)")

# Words and letters that may name something else, too: a citation only if there is such a source.
_WEAK = r"""(?:(?:see|siehe|vgl|voir|véase|cf|см)\.?\s{1,2})?(?:(?:pages?|seiten?|página|стр|web|sites?|links?
    |urls?|results?|items?|passages?|numbers?|nos?|nr|№|n°)[.:#_\s-]{0,3}|[srdpw][._-]?)?"""
_LABELLED = rf"{_WEAK}\d{{1,4}}(?:{_JOIN}{_WEAK}\d{{1,4}}){{0,20}}{_PAGES}"
_WEAK_ONE = re.compile(
    rf"\\?{_MARK_OPENS}\s?{_LABELLED}\s?\\?{_MARK_CLOSES}|\\cite[a-z]{{0,8}}\{{\d{{1,4}}(?:{_JOIN}\d{{1,4}}){{0,20}}\}}|[(（](?:see\s|siehe\s|voir\s|cf\.?\s)?(?:{_NAMED}|s)\d{{1,4}}"
    rf"(?:{_JOIN}(?:{_NAMED}|s)?\d{{1,4}}){{0,9}}[)）]",
    re.IGNORECASE | re.VERBOSE,
)
_CIRCLED = re.compile(r"(?<=[^\s①-⑳])(\s{0,2})([①-⑳]{1,5})(?=\s{0,2}(?:[.,;:!?。，；]|\Z|\n))")

_ROUND = re.compile(
    rf"(?<=\S)(\s{{1,2}}\(|\s{{0,2}}（)(\d{{1,3}}(?:\s?[,;，、]\s?\d{{1,3}}){{0,9}}){_PAGES}[)）](?=\s{{0,2}}(?:[.,;:!?。，；]|\Z|\n))",
    re.IGNORECASE | re.VERBOSE,
)
_SENTENCE_END = re.compile(r"\s{0,2}(?:[.!?。！？]|\Z|\n)")
_COUNTED_THINGS = re.compile(
    r"(?:\d|\b(?:eq|equation|formula|fig|figure|table|step|case|type|class|section|article|clause|paragraph|rule"
    r"|gleichung|formel|abschnitt|artikel|absatz|schritt|fall)\.?)\Z",
    re.IGNORECASE,
)
_RAISED = re.compile(
    r"(?:(?<=[^\W\d_]{3})|(?<=[.,;:!?\"”’»)])|(?<=[^\W\d_]{3}\s)(?=[¹²³⁰⁴-⁹,⁻˒]{1,9}(?:[.,;:!?]|\Z|\n)))[¹²³⁰⁴-⁹]{1,3}+(?:[,⁻˒]?[¹²³⁰⁴-⁹]{1,3}+){0,5}(?![\w⁺⁻])"
)
_MEASURE = re.compile(r"(?:meter|metre|mètre|metro|inch|foot|feet|mile|yard|sec|mol)s?n?\Z", re.IGNORECASE)


class StoodIn(Struct, frozen=True):
    """A text with a private character for each cluster of citations.

    It has the numbers of the clusters, too.
    """

    text: str
    clusters: Clusters


class Style(Struct, frozen=True):
    """How a report cites: in brackets, else perhaps in round ones."""

    numbers: Container[int]
    is_round: bool

    def stand_in(self, text: str) -> StoodIn:
        """Put a character in place of each cluster of citations."""
        clusters: Clusters = []
        text = in_brackets(text)
        text = _ROUND.sub(lambda found: self._rounded(found, text), text)
        text = _RAISED.sub(lambda found: self._raised(found, text), text)
        text = _CIRCLED.sub(lambda found: found[1] + self._if_known(found[2], " ".join(found[2])), text)
        text = _WEAK_ONE.sub(lambda found: self._if_known(found[0], found[0]), text)

        def hide(found: re.Match[str]) -> str:
            if len(clusters) == MAX_CLUSTERS:
                return ""
            clusters.append(tuple(dict.fromkeys(_numbers(found[0]))))
            return chr(FIRST_MARK + len(clusters) - 1)

        return StoodIn(_CLUSTER.sub(hide, text), clusters)

    def _if_known(self, found: str, spelled: str) -> str:
        """Write the marks of known sources in brackets, others as found."""
        numbers = list(dict.fromkeys(_numbers(normalize("NFKC", spelled))))
        return _bracketed(numbers) if all(number in self.numbers for number in numbers) else found

    def _rounded(self, found: re.Match[str], text: str) -> str:
        numbers = [int(number) for number in re.findall(r"\d+", found[2])]
        counts = _COUNTED_THINGS.search(text[max(0, found.start() - 20) : found.start()])
        is_alone = self.is_round or _is_alone(text, found)
        if counts or not is_alone or not all(number in self.numbers for number in numbers):
            return found[0]
        return f"{found[1][:-1]}{_bracketed(numbers)}"

    def _raised(self, found: re.Match[str], text: str) -> str:
        if _MEASURE.search(text[max(0, found.start() - 20) : found.start()]):
            return found[0]
        written = re.findall(r"\d+", normalize("NFKC", found[0]))
        numbers = [int(number) for number in written]
        if len(numbers) == 1 and numbers[0] not in self.numbers and len(written[0]) > 1:
            digits = [int(digit) for digit in written[0]]
            numbers = digits if all(digit in self.numbers for digit in digits) else numbers
        return _bracketed(numbers)


def _is_alone(text: str, found: re.Match[str]) -> bool:
    """Return True at the end of a sentence without brackets."""
    before = text[max(0, found.start() - SENTENCE) : found.start()]
    said = before[max(map(before.rfind, ".!?。！？\n")) + 1 :]
    return bool(_SENTENCE_END.match(text, found.end())) and not _CLUSTER.search(said)


def _bracketed(numbers: Iterable[int]) -> str:
    return f"[{', '.join(map(str, numbers))}]"


def style(content: str, numbers: Container[int]) -> Style:
    """How this report cites."""
    return Style(numbers, not _CLUSTER.search(content))


def _numbers(cluster: str) -> Iterable[int]:
    """The numbers in a cluster, those that a range skips included."""
    last, is_range = 0, False
    for mark in _CLUSTER_PART.findall(_NO_NUMBERS.sub("", cluster)):
        if not mark.isdecimal():
            is_range = True
            continue
        number = int(mark)
        yield from range(last + 1, number) if is_range and 0 < number - last <= WIDEST else ()
        yield number
        last, is_range = number, False
