"""Compare the words that turn the meaning of claim and quote.

If they differ in one of them, they say different things.

Compared are negations, words of direction and order ("rose" and "fell"), "all" and "some", and hedges, in
English and German, across the two as well; negations in six more languages; names and numbers where another
one stands in their place; who did what to whom, and what caused or came before what. Chinese is compared by
its characters. Synonyms, irony and what follows from context are for a judge.
"""

import re
from functools import lru_cache

from app.text import conditions, han_meaning, languages, lexical, proper_names, roles
from app.text.alignment import MIN_RATIO, NUMBER, RUN, WORD, Aligned, Token, is_month_of_may
from app.text.exclusive_words import EXCLUSIVE
from app.text.lexical import OPPOSITE, RESERVED
from app.text.lexicon import PAIRED_KINDS
from app.text.numerals import NUMERALS
from app.text.opposite_words import IN_PLACE, NEGATING, OPPOSITES, Opposites
from app.text.proper_names import Known
from app.text.refusal_words import plainly_denied
from app.text.superlatives import outranked
from app.text.turning_words import (
    ALL,
    ARTICLES,
    BELIEFS,
    CERTAIN,
    CONJUNCTIONS,
    DENIALS,
    FILLERS,
    HEDGES,
    NEARLY,
    NEGATIONS,
    PREPOSITIONS,
    SECOND,
    SOME,
    negations,
    word_set,
)

NEAR = 0.6  # share of the claim's words that a sentence has which says nearly the same
MIN_SHARED = 0.8  # share of words in one order, for words that both may have several of
LONGER = 1.8  # times the words of a claim, that a quote in another language may have
MAX_COMPARED_WORDS = 400  # of a text that are compared

OF_ANOTHER = "the page says it of another subject"
MAY_BE = "may be"  # a word that can be a hedge, in a claim
CROSSED = {
    "than": "the page compares the two the other way round",
    "cause": "the page has cause and effect the other way round",
    "order": "the page has before and after the other way round",
    "": "the page says it the other way round",
}

_COMPARED_WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)?")
_CLAUSE = re.compile(r"\b(?:that|dass|whether|if|ob|wenn|falls|que|что)\W{0,3}\Z", re.IGNORECASE)
# Who or what stands behind the verb of a relative clause is not what the sentence is about.
_OBJECT_NEXT = re.compile(r"\b(?:who\s[^\W\d_]+|that\s[^\W\d_]+ed)\s?\Z", re.IGNORECASE)
MAX_RELATIVE = 60  # characters
SUBJECT = 6  # words
_HAS_VERB = re.compile(
    r"(?:\S{1,40}\s){1,4}(?:is|are|was|were|has|have|had|will|can|ist|sind|war|waren|hat|haben|wird|est|sont|était"
    r"|es|son|era|è|sono|[a-z]{2,30}(?:ed|te|ten))\b"
)
_ONLY = re.compile(
    r"\b(?:not (?:only|just|least|more than|less than)|no (?:more|less|fewer) than"
    r"|nicht (?:nur|bloß|zuletzt|mehr als|weniger als)|noch nicht|pas (?:seulement|que)"
    r"|no solo|no sólo|non solo|não só|не только)\b",
    re.IGNORECASE,
)
_ORDER = word_set("before prior vor bevor earlier früher after nach nachdem later später")


def turned(
    claim: str, quote: str, language: str, *, share: float = 1.0, whole: str = "", known: Known | None = None
) -> str:
    """Return why a claim contradicts its quote, or "".

    "" means that the words show no difference.

    Args:
        claim: a sentence of a report.
        quote: the sentence of a page that is nearest to it.
        language: of the page.
        share: of the claim's words that the quote has; the finer rules need much of it.
        whole: the passage around the quote; what stands in it is not missing.
        known: the words of the page, by which names are told from others.
    """
    if language == "zh":
        return han_meaning.turned(claim, quote) or lexical.turned(claim, quote, language, PAIRED_KINDS)
    if language in lexical.LEXICAL and (why := lexical.turned(claim, quote, language)):
        return why
    claim, quote, whole = (plainly_denied(text, language) for text in (claim, quote, whole))
    if ranked := outranked(claim, quote, whole, language):
        return f"the page says “{ranked}”, which is missing here"
    if open_ := conditions.left_out(claim, quote, language):
        return open_
    said, there = frozenset(words(claim)), frozenset(words(quote))
    around = frozenset(words(whole)) | there
    pair = aligned(claim, quote, language)
    told, by = roles.compared(claim, quote, language)
    if told == "crossed":
        is_mirrored = by in ("than", "exchange") and bool(_opposite(said, there, IN_PLACE))
        return "" if is_mirrored else CROSSED.get(by, CROSSED[""])
    if pair.ratio >= MIN_RATIO and (why := _differs(pair, share, known, is_told=told == "straight")):
        return why
    if told == "straight" and by == "order":  # "A before B" is "B after A"
        said, there = said - _ORDER, there - _ORDER
    scope = there if share >= NEAR else around
    return _opposite(said, scope) or _quantity(said, scope)


def _differs(pair: Aligned, share: float, known: Known | None, *, is_told: bool) -> str:
    """Compare two sentences that are much alike, word beside word."""
    why = framed(pair.before, pair.language) or _denied(pair, share) or _reserved(pair)
    why = why or ("" if is_told else proper_names.misplaced(pair, known) or _in_place(pair))
    return why or (_joined(pair, known) if known else "")


def _joined(pair: Aligned, known: Known) -> str:
    """Return why a list has something that is nowhere on the page."""
    if pair.ratio < MIN_SHARED:
        return ""
    empty = languages.function_words(pair.language or "en")
    for tag, first, end, *_ in pair.codes:
        run = pair.claim[first:end]
        if tag == "delete" and len(run) <= RUN and {run[0].word, run[-1].word} & CONJUNCTIONS:
            told = [token for token in run if token.word not in empty and token.word not in CONJUNCTIONS]
            if told and not any(known.has(word) for token in told for word in token.word.split()):
                return f"the page does not say “{told[0].text}”"
    return ""


def turned_across(claim: str, spoken: str, quote: str, language: str) -> str:
    """Return why a claim contradicts a quote in another language.

    Single words decide.

    Only a quote that is hardly longer than the claim is compared: in a longer one a negation or a hedge may
    belong to what the claim leaves out.
    """
    said, there = _signs(claim, spoken), _signs(quote, language)
    if said is None or there is None:
        return ""
    is_long = lexical.size(quote) > LONGER * lexical.size(claim)
    if lexical.NEGATION in said ^ there and not (is_long and lexical.NEGATION in there):
        return OPPOSITE
    return "" if is_long else _reserved_across(said, there) or lexical.opposed(said, there, claim, quote)


def _signs(text: str, language: str) -> frozenset[str] | None:
    """Return what a text has that turns a meaning, None if unknown."""
    if not lexical.knows(language):
        return None
    found = lexical.signs(text, language)
    if language not in NEGATIONS:
        return found
    bare = frozenset(words(_ONLY.sub(" ", plainly_denied(text, language))))
    own = {lexical.NEGATION} if bare & negations(language) - SECOND else set[str]()
    if language not in ("en", "de"):
        return found | own
    own |= {lexical.HEDGE} if bare & CERTAIN else set()
    return (found - {lexical.HEDGE}) | own | ({MAY_BE} if bare & HEDGES else frozenset())


def _reserved_across(said: frozenset[str], there: frozenset[str]) -> str:
    is_reserved = lexical.HEDGE in there and said.isdisjoint((lexical.HEDGE, MAY_BE))
    return RESERVED if is_reserved else ""


@lru_cache(maxsize=2000)
def aligned(claim: str, quote: str, language: str) -> Aligned:
    """Lay a claim and a sentence side by side."""
    return Aligned(claim, quote, language)


def words(text: str) -> list[str]:
    """Return the lower-case words of a text, without the month May."""
    found = [
        word[0].casefold().replace("’", "'")
        for word in _COMPARED_WORD.finditer(text)
        if not is_month_of_may(text, word.start(), word.end())
    ]
    return found[:MAX_COMPARED_WORDS]


def within(sentence: str, start: int, part: str, language: str) -> str:
    """Return why a sentence does not say its part.

    Args:
        sentence: of a page.
        start: of the part in it, in characters.
        part: may go on behind the sentence.
        language: of the page.
    """
    before = sentence[:start]
    if len(part) >= len(sentence.rstrip()) - 1:
        return ""
    if _OBJECT_NEXT.search(before[-MAX_RELATIVE:]) or (_is_subject(before) and _HAS_VERB.match(part)):
        return OF_ANOTHER
    if language in lexical.LEXICAL and (why := lexical.turned(part, sentence, language)):
        return why
    return framed(before, language) or conditions.left_out(part, sentence, language)


def _is_subject(before: str) -> bool:
    """Return True for "The mayor of", behind which the subject goes on."""
    said = words(before) if len(before) <= MAX_RELATIVE and before.rstrip()[-1:].isalpha() else []
    return 1 < len(said) <= SUBJECT and said[0] in FILLERS | ARTICLES and said[-1] in PREPOSITIONS


def framed(before: str, language: str) -> str:
    """Return why a sentence withdraws a part that it quotes.

    "It is not true that …" is an example.

    Args:
        before: the sentence up to that part.
        language: of the page.
    """
    around = frozenset(words(before)[-MAX_COMPARED_WORDS:])
    last = frozenset(words(before[-30:])[-1:])
    if last & negations(language) - SECOND:
        return OPPOSITE
    if last & (NEARLY | CERTAIN | BELIEFS):
        return RESERVED
    if not _CLAUSE.search(before):
        return ""
    if around & negations(language) or around & DENIALS:
        return "the page does not say this itself: it is denied, doubted or asked there"
    return RESERVED if around & (CERTAIN | BELIEFS) else ""


def _denied(pair: Aligned, share: float) -> str:
    among = negations(pair.language) - SECOND
    said, there = pair.count(pair.claim, among), pair.count(pair.page, among)
    differs = bool(said) != bool(there) or (said != there and pair.ratio >= MIN_SHARED)
    return OPPOSITE if differs and share >= NEAR and not _is_denied_alike(pair, among) else ""


def _is_denied_alike(pair: Aligned, among: frozenset[str]) -> bool:
    """Return True for reordered sentences with one negation each."""
    is_whole = not pair.is_part and pair.ratio < MIN_SHARED
    counts = [sum(token.word in among for token in side) for side in (pair.claim, pair.page)]
    return is_whole and counts == [1, 1]


def _reserved(pair: Aligned) -> str:
    said, there = pair.shared(pair.claim), pair.shared(pair.page)
    is_bare = HEDGES.isdisjoint(said | frozenset(token.word for token in pair.claim))
    if is_bare and not CERTAIN.isdisjoint(there):
        return RESERVED
    drops = ALL & said and not NEARLY & said and ALL & there and NEARLY & there
    return RESERVED if drops else ""


def _in_place(pair: Aligned) -> str:
    """Compare the words that stand in each other's place."""
    for mine, theirs in pair.places:
        said = frozenset(token.word for token in mine if token.kind == WORD or token.begins)
        there = frozenset(token.word for token in theirs if token.kind == WORD or token.begins)
        said, there = said | _lower(mine), there | _lower(theirs)
        turns = _opposite(said, there, IN_PLACE) or _quantity(said, there) or _prefixed(said, there)
        turns = turns or _counted(pair, said, there)
        if why := turns or _another_of_its_kind(said, there, pair.language):
            return why
    mine_all, theirs_all = _lower(pair.claim), _lower(pair.page)
    for word, other in ((pair.claim[a].word, pair.page[b].word) for a, b in pair.pairs):
        has_moved = word in theirs_all and other in mine_all
        if not has_moved and (why := _opposite(frozenset([word]), frozenset([other]), IN_PLACE)):
            return why
    return ""


def _lower(run: list[Token]) -> frozenset[str]:
    return frozenset(part for token in run for part in token.word.split())


def _counted(pair: Aligned, said: frozenset[str], there: frozenset[str]) -> str:
    """Tell "first" from "second", which elsewhere may be no numbers."""
    known = NUMERALS.get(pair.language or "en", {})
    if len(said) != 1 or len(there) != 1 or not known.keys() >= said | there:
        return ""
    (mine,), (other,) = said, there
    is_same = known[mine] == known[other] or _number_behind(pair.claim, mine) & _number_behind(
        pair.page, mine
    )
    return "" if is_same else f"the page says {other}, not {mine}"


def _number_behind(side: list[Token], word: str) -> frozenset[str]:
    """Return the next number, with which a word may have moved."""
    at = next((n for n, token in enumerate(side) if token.word == word), len(side))
    return frozenset([token.word for token in side[at + 1 :] if token.kind == NUMBER][:1])


def _another_of_its_kind(said: frozenset[str], there: frozenset[str], language: str) -> str:
    """Tell "a day" from "a week", "Monday" from "Tuesday"."""
    for table in EXCLUSIVE.get(language or "en", ()):
        mine = {table[word]: word for word in sorted(said & table.keys())}
        theirs = {table[word]: word for word in sorted(there & table.keys())}
        if mine and theirs and mine.keys().isdisjoint(theirs):
            return f"the page says “{next(iter(theirs.values()))}”, not “{next(iter(mine.values()))}”"
    return ""


def _prefixed(said: frozenset[str], there: frozenset[str]) -> str:
    """Tell "possible" from "impossible"."""
    for one, other in ((said, there), (there, said)):
        if any(f"{p}{w}" in other or f"{p}-{w}" in other for w in one for p in NEGATING if len(w) > 3):
            return OPPOSITE
    return ""


def _opposite(
    said: frozenset[str],
    there: frozenset[str],
    pairs: Opposites = OPPOSITES,
) -> str:
    for pair in pairs:
        for mine, other in (pair, pair[::-1]):
            if mine & said and not other & said and other & there and not mine & there:
                return f"the page says “{min(other & there)}”, not “{min(mine & said)}”"
    return ""


def _quantity(said: frozenset[str], there: frozenset[str]) -> str:
    is_more = ALL & said and not SOME & said and SOME & there and not ALL & there
    return f"the page says “{min(SOME & there)}”, not “{min(ALL & said)}”" if is_more else ""
