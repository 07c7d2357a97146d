"""Find a claim's names that its page lacks or places elsewhere."""

import re
from collections.abc import Iterable

from app.text import han_meaning, languages
from app.text.alignment import KIN_PREFIX, NAME, NUMBER, Aligned, Token, bare, is_kin, tokens
from app.text.fractions import without_spelled
from app.text.roles import are_reordered
from app.text.turning_words import ARTICLES, CONJUNCTIONS, FILLERS, TITLES, word_set

MAX_NAMES = 12  # names of a claim that are looked for
MIN_NAME = 6  # letters; what has fewer and all of them capital is an abbreviation
_SIZES = (4, 5, 6)  # characters of a word that tell it from others
_ENDING = 3  # characters in which two forms of a name may differ
_ATTRIBUTED = re.compile(
    r"\A\s{0,3}(?:(?:according to|as reported by|in a report by|laut|nach angaben|selon|según|secondo)\b"
    r"[^,]{0,80},|[^,.]{0,80}\bzufolge\b)",
    re.IGNORECASE,
)
_ROMAN = re.compile("[IVXLC]{1,7}(?:e|ᵉ|ème|th)?")  # a number, which the page may write in digits
PART_RATIO = 0.75  # likewise, where a part of a sentence has another name
BESIDE = 4  # words beside a number that tell what it counts
SWAP_RATIO = 0.8  # of the words that two sentences share in one order, where names changed places

# Languages that write names with a capital letter, and hardly anything else.
_CAPITAL = word_set("en fr es it pt nl ru sv da no pl cs uk tr vi id fi hu ro el")
_FORMS = (
    "french france", "dutch netherlands holland", "british britain uk england", "greek greece",
    "spanish spain", "welsh wales", "danish denmark danes", "irish ireland", "finnish finland finns",
    "swiss switzerland", "polish poland poles", "turkish turkey turks", "american us usa america",
)  # fmt: skip
_KIN = {word: frozenset(line.split()) for line in _FORMS for word in line.split()}


class Known:
    """The words of a page, its title and address, for names."""

    def __init__(self, words: Iterable[str], about: str = "") -> None:
        self._words = frozenset(map(bare, words))
        self._begins = frozenset(word[:size] for word in self._words for size in _SIZES)
        self._about = bare(about)

    def has(self, word: str) -> bool:
        """Return True if the page has a form of this word."""
        plain = bare(word)
        begin = plain[: min(max(len(plain) - _ENDING, _SIZES[0]), _SIZES[-1])]
        is_there = begin in self._begins if len(plain) >= KIN_PREFIX else plain in self._words
        return is_there or begin in self._about or bool(_KIN.get(plain, frozenset()) & self._words)


def strangers(claim: str, language: str, known: Known) -> frozenset[str]:
    """Return the names of a claim that are nowhere on its page.

    In German every noun has a capital letter: only two words with one, side by side, are surely a name.
    """
    if language == "zh":
        named = han_meaning.titled(claim)
        return frozenset(name for name in named if not all(map(known.has, languages.pairs(name))))
    if language not in ("", "de", *_CAPITAL):
        return frozenset()
    found = _runs(tokens(without_spelled(_ATTRIBUTED.sub("", claim)), language))[:MAX_NAMES]
    if sum(len(run) for run in found if language != "de") * 2 > len(languages.words(claim)):
        return frozenset()  # a line in which every word has a capital letter
    return frozenset(
        " ".join(token.text for token in run)
        for run in found
        if _is_surely_a_name(run, language) and not _is_known(run, known)
    )


def stranger(claim: str, language: str, known: Known) -> str:
    """Return a claim's name that is nowhere on its page, or ""."""
    found = strangers(claim, language, known)
    return f"“{min(found)}” is not on the page" if found else ""


def _runs(side: Iterable[Token]) -> list[list[Token]]:
    """Return a sentence's names, each with the words right after it."""
    runs = list[list[Token]]()
    for token in side:
        if token.kind == NAME and token.joins and runs:
            runs[-1].append(token)
        elif token.kind == NAME:
            runs.append([token])
    return runs


def _words(run: Iterable[Token]) -> list[str]:
    return [word for token in run for word in token.word.split()]


def _is_surely_a_name(run: list[Token], language: str) -> bool:
    if run[0].text.isupper() and len(run[0].text) < MIN_NAME:
        return False  # an abbreviation, which the page may spell out
    if len(run) == 1 and _ROMAN.fullmatch(run[0].text):
        return False
    return len(_words(run)) > 1 if language == "de" or run[0].begins else True


def _is_known(run: list[Token], known: Known) -> bool:
    words = _words(run)
    letters = "".join(word[0] for word in words)
    return any(map(known.has, words)) or (len(words) > 1 and known.has(letters))


def misplaced(pair: Aligned, known: Known | None) -> str:
    """Return a claim's name or number where the page has another.

    "" if there is none.
    """
    is_alike = not pair.is_part or pair.ratio >= PART_RATIO
    for a, b in pair.pairs:
        said, there = pair.claim[a], pair.page[b]
        if said.word == there.word:
            continue
        moved = _exchanged(pair, said.word, there.word)
        if moved and (not _is_swapped(pair, moved) or _are_moved(pair, (a, b), moved)):
            continue
        if moved and pair.ratio >= SWAP_RATIO:
            if not _is_listed(pair.claim, a, moved[0]):
                return f"the page has {said.text} and {there.text} the other way round"
        elif (
            said.kind == NAME
            and is_alike
            and said.word not in pair.names
            and _is_other(pair, a, said, there, known)
        ):
            return f"the page says “{there.text}”, not “{said.text}”"
    return ""


_Places = tuple[int, int]  # in the claim, in the page


def _exchanged(pair: Aligned, said: str, there: str) -> _Places | None:
    """Return where each side has the other's word."""
    mine, theirs = _place(pair.claim, there), _place(pair.page, said)
    return None if mine is None or theirs is None else (mine, theirs)


def _place(side: list[Token], word: str) -> int | None:
    """Return where a word is, or a name within it."""
    parts = frozenset(word.split())
    found = [at for at, token in enumerate(side) if token.word == word]
    kin = (at for at, token in enumerate(side) if token.kind == NAME and parts.issuperset(token.word.split()))
    return found[0] if found else next(kin, None)


def _is_swapped(pair: Aligned, places: _Places) -> bool:
    """Return True if each word is where the other was."""
    return any(
        places[0] - a == places[1] - c
        for _, a, b, c, d in pair.codes
        if a <= places[0] < b and c <= places[1] < d
    )


def _are_moved(pair: Aligned, one: _Places, other: _Places) -> bool:
    """Return True if two words changed places together with what they count."""
    if pair.claim[one[0]].kind != NUMBER:
        return are_reordered(*(" ".join(token.text for token in side) for side in (pair.claim, pair.page)))
    there = _beside(pair.page, one[1]), _beside(pair.page, other[1])
    common = [frozenset.intersection(*sides) for sides in zip(*there, strict=True)]
    return _goes_with(_beside(pair.claim, one[0]), there[1], common) and _goes_with(
        _beside(pair.claim, other[0]), there[0], common
    )


_Company = tuple[frozenset[str], frozenset[str]]


def _beside(side: list[Token], at: int) -> _Company:
    """Return the words on both sides of a number."""
    numbers = [n for n, token in enumerate(side) if token.kind == NUMBER]
    first = max((n + 1 for n in numbers if n < at), default=0)
    last = min((n for n in numbers if n > at), default=len(side))
    return _plain(side[max(first, at - BESIDE) : at]), _plain(side[at + 1 : min(last, at + 1 + BESIDE)])


def _plain(tokens_: Iterable[Token]) -> frozenset[str]:
    return frozenset(token.word for token in tokens_) - FILLERS - CONJUNCTIONS - ARTICLES


def _goes_with(said: _Company, there: _Company, common: list[frozenset[str]]) -> bool:
    """Return True if a number keeps a word of its own."""
    return any((mine & page) - both for mine, page, both in zip(said, there, common, strict=True))


def _is_listed(side: list[Token], one: int, other: int) -> bool:
    """Return True for members of one list, whose order says nothing."""
    first, last = sorted((one, other))
    between = side[first + 1 : last]
    among = (NUMBER,) if side[one].kind == NUMBER else (NAME, NUMBER)
    return all(token.kind in among or token.word in CONJUNCTIONS for token in between)


def _is_other(pair: Aligned, at: int, said: Token, there: Token, known: Known | None) -> bool:
    if is_kin(said.word, there.word) or {*said.word.split(), *there.word.split()} & TITLES:
        return False
    if _KIN.get(said.word, frozenset()) & {there.word} or there.kind == NUMBER:
        return False
    if said.begins and " " not in said.word and (known is None or known.has(said.word)):
        return False
    before = pair.claim[at - 1].word if at else ""
    return not (pair.language == "de" and before in ARTICLES)
