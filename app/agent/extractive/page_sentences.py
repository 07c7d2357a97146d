"""Select the sentences of read pages, and score them as answers.

A sentence is evidence only if it has enough of the rare words of the question that it is to answer.
"""

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from math import sqrt

from msgspec import Struct
from msgspec.structs import replace

from app.agent.extractive import kinship
from app.agent.extractive.page_prose import UNSPACED, sentences
from app.agent.extractive.phrases import spoken
from app.agent.extractive.plan import Facet, asked, essence, facet_of
from app.agent.extractive.terms import Rarity, terms
from app.agent.ports import Ask, SeenSource
from app.text import languages

# Of the evidence for a subject, 1 if it has one telling word and that is in the sentence. Chosen on half of
# XQuAD's articles so that about 95 % of the questions whose article is missing are refused.
ENOUGH_EVIDENCE = 0.41
ENOUGH_JOINED = 0.35  # in languages that write several words as one: fewer of them are found again
ENOUGH_PAIRS = 0.3  # for pairs of characters: those across two words are rarely the same again
NAME_TELLS = 1.3  # times as much as a long word
ASKED_TELLS = 0.4  # "At what temperature" is answered by "at 100 °C": the noun itself is seldom there
ASKED_NOUN = re.compile(
    r"\b(?:what|which|how (?:many|much)|welche[rsmn]?|wie viele?|quel(?:le)?s?|qué|cuál(?:es)?)"
    r"\s+([^\W\d_]+)",
    re.IGNORECASE,
)
LACKING = 1.5  # times as much is asked for on a page without one of the names and numbers
LONG_TERM = 8  # letters; shorter words tell less
MIN_TITLE = 0.3  # of a subject's words in a title that the question has whole: the page is about it
TITLED = 0.2  # times as much is asked for on such a page
OTHER_SUBJECT = 2.2  # on one whose title differs from that of a like page by words that the question has not
# Languages in which a question has the words of its page's title in much the same form.
ENTITLING = {"en", "de", "fr", "es", "pt", "it", "nl"}
FEW = 2  # words; of a subject with no more, none may be missing in both
SHORT, LONG = 6, 45  # words; a sentence outside says too little, or too much at once
CACHED_PAGES = 64  # of this process; each turn looks at the same pages again
LEADING = 3  # sentences at the beginning of a page

DEFINING_VERBS = (
    "is|are|means|refers to|denotes|describes|defines|selects|consists of|allows|provides|implements|enables"
    "|ist|sind|war|waren|est|sont|était|es|son|era|eran|fue|é|são|è|sono|was een|is een|werd|это|является"
    "|represents|tests?|compares?"
)
DEFINES = re.compile(rf"(?P<head>.{{1,80}}?)\s(?:{DEFINING_VERBS})\b")
INTRODUCES = re.compile(r"(?:This|It)\s(?:is|was|has|provides|offers|includes|contains|implements)\b")
# Sentences that lean on the one before, or only point elsewhere.
LEANS = re.compile(
    r"(?:This|That|These|Those|It|Its|They|Such|He|She|Hence|Thus|Therefore|Also|However|Otherwise|But|And|Or"
    r"|So|If not|Note|See|For more|To find out|Changed in|New in|Added in|In this case|In that case|Here|Then"
    r"|Instead|Similarly|Likewise|For example|For instance|The following|The above|Unlike|Rather|Moreover"
    r"|Both|Again|Start|Check|Join|Additionally|Furthermore|As a result|Chapter|Section|In particular)\b"
)
# One case, not the rule.
CONDITION = re.compile(r"(?:If|When|Unless|Where|While|Although|Except|Because|Using)\b")
POINTS = re.compile(r"\b(?:following|above|below|information on|later section)\b", re.IGNORECASE)
# Words with a capital that are not the first; German writes every noun so.
PROPER_NAME = re.compile(r"(?<=[\w,] )[A-ZÀ-ÖØ-ÞА-ЯЁ][\w’'-]*")
# A place in German: "in Sandau", where a noun would have its article, and "Sandauer Museum".
GERMAN_NAME = re.compile(r"\b(?:in|bei|von)\s([A-ZÄÖÜ][\w-]+)|\b([A-ZÄÖÜ]\w+er)(?=\s[A-ZÄÖÜ])")
NAMING = {"en", "fr", "es", "pt", "it", "nl", "ru"}


class PageSentence(Struct, frozen=True):
    """A sentence of a page that was read."""

    number: int  # of the source
    sentence: str
    terms: frozenset[str]
    words: frozenset[str]
    title: frozenset[str]  # the terms of the page's title
    around: frozenset[str]  # the terms of the title and of the sentences before and after it
    page: frozenset[str]  # the terms of the title and of all sentences
    language: str  # of the page
    apart: frozenset[frozenset[str]]  # the terms by which its title differs from each like one
    named: frozenset[str]  # what "it" or "this" refers to: the title, at the beginning of a page


class Scored(Struct, frozen=True):
    """A sentence and how well it answers a question."""

    score: float
    line: PageSentence


class Goal(Struct, frozen=True):
    """What a sentence of a page in one language is held against."""

    facet: Facet | None
    core: frozenset[str]  # the terms of the step's subject
    about: frozenset[str]  # all terms of the step
    wanted: frozenset[str]  # all terms of the question
    scope: str  # a word that the page has to have
    names: frozenset[str]  # the terms of names in the step; a page with none of them is about something else
    asked: frozenset[str]  # of the kind of thing that is asked for


class Section(Struct, frozen=True):
    """A planned step and the sentences that answer it, best first."""

    step: str
    found: tuple[Scored, ...]


def sections(ask: Ask, steps: Sequence[str], texts: Mapping[str, str]) -> tuple[Section, ...]:
    """Return each step's evidence among the sentences of read pages.

    A step without evidence has none.
    """
    language = spoken(ask.query)
    pages = {source.number: texts.get(source.sha256, "") for source in ask.sources if source.sha256}
    lines = lines_of(ask, pages, language)
    rarity = Rarity(line.terms for line in lines)
    stems = sorted({line.language for line in lines})
    asked_for = {stem: _wanted(ask.query, language, stem) for stem in stems}
    lines = _with_kin(lines, asked_for)
    found = list[Section]()
    for step in steps:
        goals = {stem: _goal(step, ask.query, language, stem) for stem in stems}
        fitting = [line for line in lines if goals[line.language].scope in pages[line.number]]
        found.append(Section(step, _evidence(goals, fitting, rarity)))
    return tuple(found)


def lines_of(ask: Ask, pages: Mapping[int, str], language: str) -> list[PageSentence]:
    """Return the sentences of read pages, in their pages' languages."""
    lines = [
        line for source in ask.sources for line in _lines(source, pages.get(source.number, ""), language)
    ]
    titles = {line.title for line in lines}
    apart = {title: _apart(title, titles) for title in titles}
    return [replace(line, apart=apart[line.title]) for line in lines]


def _apart(title: frozenset[str], others: AbstractSet[frozenset[str]]) -> frozenset[frozenset[str]]:
    """Return what a title has besides each title like it."""
    like = [other for other in others if other & title and other - title and title - other]
    return frozenset(title - other for other in like)


def _lines(source: SeenSource, text: str, asked_in: str) -> list[PageSentence]:
    """Return a page's sentences, where "this is …" speaks of the title."""
    page = _page(text)
    language = page.language or asked_in
    title, head = (terms(part, language) for part in (source.title, source.title.partition(": ")[0]))
    lines, every = list[PageSentence](), title.union(*(has for _, has, _ in page.sentences))
    for n, (sentence, has, words) in enumerate(page.sentences):
        named = head if n < LEADING and INTRODUCES.match(sentence) else frozenset[str]()
        around = title.union(*(near for _, near, _ in page.sentences[max(0, n - 1) : n + 2]))
        lines.append(
            PageSentence(
                source.number,
                sentence,
                has | named,
                words,
                title,
                around,
                every,
                language,
                frozenset(),
                named,
            )
        )
    return lines


class SplitPage(Struct, frozen=True):
    """A page's sentences with terms and words, and its language."""

    language: str
    sentences: tuple[tuple[str, frozenset[str], frozenset[str]], ...]


@lru_cache(CACHED_PAGES)
def _page(text: str) -> SplitPage:
    language = languages.detect(text)
    known = language or "en"
    return SplitPage(
        language,
        tuple(
            (sentence, terms(sentence, known), frozenset(languages.words(sentence)))
            for sentence in sentences(text, known)
        ),
    )


def _goal(step: str, question: str, language: str, stems: str) -> Goal:
    facet = facet_of(step)
    text, scope = essence(facet[1] if facet else step, language)
    about = terms(step, language, stems)
    core = terms(text, language, stems) or about
    wanted = _wanted(question, language, stems)
    names = terms(" ".join(_names(step, language)), language, stems)
    asked = terms(" ".join(ASKED_NOUN.findall(step)), language, stems)
    known = core if facet else about
    return Goal(facet[0] if facet else None, core, known, wanted, scope, names & core, asked & core - names)


def _names(step: str, language: str) -> list[str]:
    """Return the names in a question, if its language shows them."""
    if language == "de":
        return [first or other for first, other in GERMAN_NAME.findall(step)]
    return PROPER_NAME.findall(step) if language in NAMING else []


def _wanted(question: str, language: str, stems: str) -> frozenset[str]:
    return frozenset[str]().union(*(terms(part, language, stems) for part in asked(question)))


def _with_kin(lines: Sequence[PageSentence], wanted: Mapping[str, frozenset[str]]) -> list[PageSentence]:
    """Add the question's words whose forms or parts are there."""
    vocabulary: dict[str, set[str]] = {}
    for line in lines:
        vocabulary.setdefault(line.language, set()).update(line.page)
    kin = {language: kinship.kin(wanted[language], words, language) for language, words in vocabulary.items()}
    return [_added(line, kin[line.language]) if kin[line.language] else line for line in lines]


def _added(line: PageSentence, kin: Mapping[str, frozenset[str]]) -> PageSentence:
    def more(has: frozenset[str]) -> frozenset[str]:
        return has.union(*(kin[word] for word in kin.keys() & has))

    return replace(
        line, terms=more(line.terms), title=more(line.title), around=more(line.around), page=more(line.page)
    )


def _evidence(goals: Mapping[str, Goal], lines: Sequence[PageSentence], rarity: Rarity) -> tuple[Scored, ...]:
    held = ((line, goals[line.language]) for line in lines)
    chosen = ((line, goal) for line, goal in held if _fits(line, goal, rarity) and _has_cue(line, goal))
    scored = (Scored(_score(line, goal, rarity), line) for line, goal in chosen)
    return tuple(sorted(scored, key=lambda found: (-found.score, found.line.number)))


def _fits(line: PageSentence, goal: Goal, rarity: Rarity) -> bool:
    """Return True if a sentence and its page have enough words.

    One of them must be the sentence's own.
    """
    core, names = goal.core, goal.names
    if names and not names & line.page:
        return False
    if not core & line.terms or (len(core) <= FEW and not core <= line.terms | line.title):
        return False
    if core <= line.terms | line.around:
        return True
    least = _enough(line.language)
    if any(_is_telling(term, goal) for term in core - line.page):
        least *= LACKING
    return _evidence_of(line, goal, rarity) >= least * _by_title(line, goal, rarity)


def _enough(language: str) -> float:
    if language in UNSPACED:
        return ENOUGH_PAIRS
    return ENOUGH_JOINED if language in kinship.JOINING else ENOUGH_EVIDENCE


def _evidence_of(line: PageSentence, goal: Goal, rarity: Rarity) -> float:
    """Weigh what a sentence, its neighbours and its page have.

    A share of many telling words proves more than the same share of few.
    """
    telling = {term: _telling(term, goal, line.language) * sqrt(rarity.of_most(term)) for term in goal.core}
    mass = sum(telling[term] for term in sorted(telling))
    places = (line.terms, line.terms | line.around, line.terms | line.page)
    found = sum(telling[term] for has in places for term in sorted(goal.core & has))
    return (found / len(places)) ** 2 / mass**1.5 if mass else 0.0


def _telling(term: str, goal: Goal, language: str) -> float:
    """Return how much a word tells: names most, short words least."""
    if _is_telling(term, goal):
        return NAME_TELLS
    if term in goal.asked:
        return ASKED_TELLS
    return 1.0 if language in UNSPACED else min(1.0, len(term) / LONG_TERM)


def _is_telling(term: str, goal: Goal) -> bool:
    return term in goal.names or term[0].isdigit()


def _by_title(line: PageSentence, goal: Goal, rarity: Rarity) -> float:
    """Return how much of the usual evidence a title asks for."""
    asked_for = goal.core | goal.about | goal.wanted
    if line.title and line.title <= asked_for:
        return TITLED if rarity.share(asked_for, line.title) >= MIN_TITLE else 1.0
    is_other = goal.core - line.page and any(not terms_ & asked_for for terms_ in line.apart)
    return OTHER_SUBJECT if is_other and line.language not in ENTITLING else 1.0


def _has_cue(line: PageSentence, goal: Goal) -> bool:
    if goal.facet and goal.facet.is_meaning:
        return _defines(line, goal)
    return goal.facet is None or not goal.facet.cues or bool(line.words & goal.facet.cues)


def _score(line: PageSentence, goal: Goal, rarity: Rarity) -> float:
    """Score an answer: its own words, its page's subject, its form."""
    own = rarity.share(goal.about, line.terms)
    page = rarity.share(goal.core, line.title)
    focus = len(line.title & goal.core) / len(line.title) if line.title else 0.0
    whole = rarity.share(goal.wanted, line.terms)
    defines = _defines(line, goal)
    return (own + 0.3 * page + 0.2 * focus + 0.2 * whole + 0.35 * defines) * _form(line, goal)


def _defines(line: PageSentence, goal: Goal) -> bool:
    """Return True if only the subject precedes the verb.

    "A slicing selects …" is an example.
    """
    found = DEFINES.match(line.sentence)
    head = terms(found["head"], line.language) if found else frozenset()
    return bool(head & goal.core) and head <= goal.core | goal.about


def _form(line: PageSentence, goal: Goal) -> float:
    """Return 1.0 for an independent sentence, less for poor form.

    It may depend on others, or be too short or long.
    """
    size = len(line.sentence.split())
    leans = LEANS.match(line.sentence) and not goal.core <= line.named
    points = POINTS.search(line.sentence)
    fits = SHORT <= size <= LONG and not CONDITION.match(line.sentence)
    return (0.6 if leans else 1.0) * (0.75 if points else 1.0) * (1.0 if fits else 0.8)
