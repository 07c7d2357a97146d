"""Select the sentences of read pages, and score them as answers.

A sentence is evidence only if it has enough of the rare words of the question that it is to answer.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from sys import intern

from msgspec import Struct
from msgspec.structs import replace

from app.agent.extractive import kinship
from app.agent.extractive.evidence_parts import Goal, PageSentence, Scored, Section
from app.agent.extractive.numbered import is_numbered_otherwise
from app.agent.extractive.page_prose import sentences
from app.agent.extractive.phrases import spoken
from app.agent.extractive.plan import asked, essence, facet_of
from app.agent.extractive.sentence_form import defines, form
from app.agent.extractive.terms import Rarity, terms
from app.agent.extractive.weighing import Weighing
from app.agent.extractive.word_evidence import fits
from app.agent.ports import Ask, SeenSource
from app.text import languages

ASKED_NOUN = re.compile(
    r"\b(?:what|which|how (?:many|much)|welche[rsmn]?|wie viele?|quel(?:le)?s?|qué|cuál(?:es)?)"
    r"\s+([^\W\d_]+)",
    re.IGNORECASE,
)
CACHED_PAGES = 64  # of this process; each turn looks at the same pages again
LEADING = 3  # sentences at the beginning of a page

# What begins a sentence that speaks of its page's subject.
INTRODUCES = re.compile(r"(?:This|It)\s(?:is|was|has|provides|offers|includes|contains|implements)\b")
# Words with a capital that are not the first; German writes every noun so.
PROPER_NAME = re.compile(r"(?<=[\w,] )[A-ZÀ-ÖØ-ÞА-ЯЁ][\w’'-]*")
# A place in German: "in Sandau", where a noun would have its article, and "Sandauer Museum".
GERMAN_NAME = re.compile(r"\b(?:in|bei|von)\s([A-ZÄÖÜ][\w-]+)|\b([A-ZÄÖÜ]\w+er)(?=\s[A-ZÄÖÜ])")
NAMING = {"en", "fr", "es", "pt", "it", "nl", "ru"}


def sections(
    ask: Ask, steps: Sequence[str], texts: Mapping[str, str], *, are_questions: bool = False
) -> tuple[Section, ...]:
    """Return each step's evidence among the sentences of read pages.

    A step without evidence has none. Questions are weighed by all signs; headings and labels by words alone.
    """
    return tuple(
        Section(held.step, _evidence(held, _weighing(ask, held) if are_questions else None))
        for held in _held(ask, steps, texts)
    )


def weighed(
    ask: Ask, steps: Sequence[str], texts: Mapping[str, str]
) -> Iterator[tuple[Weighing, Sequence[PageSentence]]]:
    """Yield what each question is weighed by, with the sentences."""
    for held in _held(ask, steps, texts):
        if (weighing := _weighing(ask, held)) is not None:
            yield weighing, held.lines


class Held(Struct, frozen=True):
    """A step, and the sentences that are held against it."""

    step: str
    goals: Mapping[str, Goal]  # for pages in each language
    lines: Sequence[PageSentence]
    rarity: Rarity


def _held(ask: Ask, steps: Sequence[str], texts: Mapping[str, str]) -> Iterator[Held]:
    language = spoken(ask.query)
    pages = {source.number: texts.get(source.sha256, "") for source in ask.sources if source.sha256}
    lines = lines_of(ask, pages, language)
    rarity = Rarity(line.terms for line in lines)
    stems = sorted({line.language for line in lines})
    asked_for = {stem: _wanted(ask, language, stem) for stem in stems}
    lines = _with_kin(lines, asked_for)
    for step in steps:
        goals = {stem: _goal(step, ask, language, stem) for stem in stems}
        otherwise = _numbered_otherwise(ask, step, lines, pages)
        fitting = [
            line
            for line in lines
            if goals[line.language].scope in pages[line.number] and line.number not in otherwise
        ]
        yield Held(step, goals, fitting, rarity)


def _numbered_otherwise(
    ask: Ask, step: str, lines: Sequence[PageSentence], pages: Mapping[int, str]
) -> frozenset[int]:
    """Return the pages of number 2 where number 140 is asked for."""
    if not ask.meets_numbers:
        return frozenset()
    asked_for = f"{step}\n{ask.query}"  # a step is a part of the question, which may lack its number
    titles = {source.number: source.title for source in ask.sources}
    languages_ = {line.number: line.language for line in lines}
    return frozenset(
        number
        for number, language in languages_.items()
        if is_numbered_otherwise(asked_for, f"{titles[number]}\n{pages[number]}", language)
    )


def _weighing(ask: Ask, held: Held) -> Weighing | None:
    """Return what weighs a question, None for what is asked besides."""
    if not ask.weighs or facet_of(held.step) or not held.lines:
        return None
    return Weighing(held.step, held.goals, held.lines, ask.sources, held.rarity)


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
                has | named if named else has,
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
            (sentence, _interned(terms(sentence, known)), _interned(languages.words(sentence)))
            for sentence in sentences(text, known)
        ),
    )


def _interned(words: Iterable[str]) -> frozenset[str]:
    """Return the words as objects that all sentences share."""
    return frozenset(map(intern, words))


def _goal(step: str, ask: Ask, language: str, stems: str) -> Goal:
    facet = facet_of(step)
    text, scope = essence(facet[1] if facet else step, language)
    about = terms(step, language, stems)
    core = terms(text, language, stems) or about
    wanted = _wanted(ask, language, stems)
    names = terms(" ".join(_names(step, language)), language, stems)
    asked = terms(" ".join(ASKED_NOUN.findall(step)), language, stems)
    known = core if facet else about
    return Goal(facet[0] if facet else None, core, known, wanted, scope, names & core, asked & core - names)


def _names(step: str, language: str) -> list[str]:
    """Return the names in a question, if its language shows them."""
    if language == "de":
        return [first or other for first, other in GERMAN_NAME.findall(step)]
    return PROPER_NAME.findall(step) if language in NAMING else []


def _wanted(ask: Ask, language: str, stems: str) -> frozenset[str]:
    parts = asked(ask.query, keeps_dots=ask.keeps_dots is True)
    return frozenset[str]().union(*(terms(part, language, stems) for part in parts))


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


def _evidence(held: Held, weighing: Weighing | None) -> tuple[Scored, ...]:
    rarity = held.rarity
    every = ((line, held.goals[line.language]) for line in held.lines)
    chosen = (
        (line, goal)
        for line, goal in every
        if (weighing.answers(line) if weighing else fits(line, goal, rarity)) and _has_cue(line, goal)
    )
    scored = (Scored(_score(line, goal, rarity), line) for line, goal in chosen)

    def place(found: Scored) -> tuple[bool, float, int]:
        """Put what was asked for before what only shares words."""
        return (weighing is not None and weighing.is_unfit(found.line), -found.score, found.line.number)

    return tuple(sorted(scored, key=place))


def _has_cue(line: PageSentence, goal: Goal) -> bool:
    if goal.facet and goal.facet.is_meaning:
        return defines(line, goal)
    return goal.facet is None or not goal.facet.cues or bool(line.words & goal.facet.cues)


def _score(line: PageSentence, goal: Goal, rarity: Rarity) -> float:
    """Score an answer: its own words, its page's subject, its form."""
    own = rarity.share(goal.about, line.terms)
    page = rarity.share(goal.core, line.title)
    focus = len(line.title & goal.core) / len(line.title) if line.title else 0.0
    whole = rarity.share(goal.wanted, line.terms)
    defining = 0.35 * defines(line, goal)
    return (own + 0.3 * page + 0.2 * focus + 0.2 * whole + defining) * form(line, goal)
