"""The report of a model that cannot write: the sentences that answer best, each with its source.

Nothing in it is a claim of its own. A sentence is evidence only if it has enough of the rare words of
the question that it is to answer.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from markdown_it import MarkdownIt
from msgspec import Struct
from msgspec.structs import replace

from app.agent.ports import Ask, SeenSource
from app.domain.tools import Answer, Confidence, WriteReport
from app.providers.extractive.frames import frame, spoken
from app.providers.extractive.plan import Facet, asked, essence, facet_of
from app.providers.extractive.prose import UNSPACED, is_sentence, sentences
from app.providers.extractive.terms import Rarity, terms
from app.text import languages
from app.text.urls import domain

MIN_EVIDENCE = 0.5  # of a subject's words, weighed by rarity; those that only stand around count half
MIN_OWN = 0.25  # of them in the sentence itself
NAMED = 0.75  # of both on a page that has the names in the question: other words may be said otherwise
PAIRED = 0.65  # of both for pairs of characters: those across two words are rarely the same again
FEW = 2  # words; of a subject with no more, none may be missing in both
MIN_OF_BEST = 0.58  # of the best sentence's score; what is far behind it is there by accident
PER_SECTION = 4  # sentences
MAX_ALIKE = 0.7  # of the words of two sentences; above it, they say the same
SHORT, LONG = 6, 45  # words; a sentence outside says too little, or too much at once
CACHED_PAGES = 64  # of this process; each turn looks at the same pages again
COMPOUNDING = {"de", "nl"}  # languages that write compounds as one word
MIN_PART = 5  # letters of a part of a compound
LEADING = 3  # sentences at the beginning of a page
MIN_CLOSE = 0.15  # of the question's words, weighed by rarity, for a passage that is close to it
MAX_CLOSE = 3  # such passages
MAX_TITLE = 300  # characters
MIN_SOURCES = 2  # that have something on the subject, for any confidence

VERBS = (
    "is|are|means|refers to|denotes|describes|defines|selects|consists of|allows|provides|implements|enables"
    "|ist|sind|war|waren|est|sont|était|es|son|era|eran|fue|é|são|è|sono|was een|is een|werd|это|является"
    "|represents|tests?|compares?"
)
DEFINES = re.compile(rf"(?P<head>.{{1,80}}?)\s(?:{VERBS})\b")
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
EMPHASIS = {"em_open", "em_close", "strong_open", "strong_close"}
# Words with a capital that are not the first; German writes every noun so.
NAME = re.compile(r"(?<=[\w,] )[A-ZÀ-ÖØ-ÞА-ЯЁ][\w’'-]*")
NAMING = {"en", "fr", "es", "pt", "it", "nl", "ru"}
EMPHASISED = re.compile(r"[*_\[\]()]")
SPECIAL = re.compile(r"[\\`_\[\]<&]")
MARKDOWN = MarkdownIt("commonmark")


class Line(Struct, frozen=True):
    """A sentence of a page that was read."""

    number: int  # of the source
    sentence: str
    terms: frozenset[str]
    words: frozenset[str]
    title: frozenset[str]  # the terms of the page's title
    around: frozenset[str]  # the terms of the title and of the sentences before and after it
    page: frozenset[str]  # the terms of the title and of all sentences
    language: str  # of the page
    named: frozenset[str]  # what "it" or "this" stands for: the title, at the beginning of a page


class Scored(Struct, frozen=True):
    """A sentence and how well it answers a question."""

    score: float
    line: Line


class Goal(Struct, frozen=True):
    """What a sentence of a page in one language is held against."""

    facet: Facet | None
    core: frozenset[str]  # the terms of the step's subject
    about: frozenset[str]  # all terms of the step
    wanted: frozenset[str]  # all terms of the question
    scope: str  # a word that the page has to have
    names: frozenset[str]  # the terms of names in the step; a page with none of them is about something else


class Section(Struct, frozen=True):
    """A planned step and the sentences that answer it, best first."""

    step: str
    found: tuple[Scored, ...]


def sections(ask: Ask, steps: Sequence[str], texts: Mapping[str, str]) -> tuple[Section, ...]:
    """For each step, the sentences of the pages read that are evidence; none for a step without."""
    language = spoken(ask.query)
    pages = {source.number: texts.get(source.sha256, "") for source in ask.sources if source.sha256}
    lines = lines_of(ask, pages, language)
    rarity = Rarity(line.terms for line in lines)
    stems = sorted({line.language for line in lines})
    asked_for = {stem: _wanted(ask.query, language, stem) for stem in stems}
    lines = [_with_parts(line, asked_for[line.language]) for line in lines]
    found = list[Section]()
    for step in steps:
        goals = {stem: _goal(step, ask.query, language, stem) for stem in stems}
        fitting = [line for line in lines if goals[line.language].scope in pages[line.number]]
        found.append(Section(step, _evidence(goals, fitting, rarity)))
    return tuple(found)


def lines_of(ask: Ask, pages: Mapping[int, str], language: str) -> list[Line]:
    """The sentences of the pages that were read, each in the language of its page."""
    return [line for source in ask.sources for line in _lines(source, pages.get(source.number, ""), language)]


def _lines(source: SeenSource, text: str, asked_in: str) -> list[Line]:
    """The sentences of a page; "this is …" at its beginning speaks of what the title names."""
    page = _page(text)
    language = page.language or asked_in
    title, head = (terms(part, language) for part in (source.title, source.title.partition(": ")[0]))
    lines, every = list[Line](), title.union(*(has for _, has, _ in page.sentences))
    for n, (sentence, has, words) in enumerate(page.sentences):
        named = head if n < LEADING and INTRODUCES.match(sentence) else frozenset[str]()
        around = title.union(*(near for _, near, _ in page.sentences[max(0, n - 1) : n + 2]))
        lines.append(Line(source.number, sentence, has | named, words, title, around, every, language, named))
    return lines


class Page(Struct, frozen=True):
    """The sentences of a page, with their terms and words, and its language."""

    language: str
    sentences: tuple[tuple[str, frozenset[str], frozenset[str]], ...]


@lru_cache(CACHED_PAGES)
def _page(text: str) -> Page:
    language = languages.detect(text)
    known = language or "en"
    return Page(
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
    names = terms(" ".join(NAME.findall(step)), language, stems) if language in NAMING else frozenset[str]()
    return Goal(facet[0] if facet else None, core, core if facet else about, wanted, scope, names & core)


def _wanted(question: str, language: str, stems: str) -> frozenset[str]:
    return frozenset[str]().union(*(terms(part, language, stems) for part in asked(question)))


def _with_parts(line: Line, wanted: frozenset[str]) -> Line:
    """The line with those words of the question that are part of a compound in it."""
    if line.language not in COMPOUNDING:
        return line
    parts = {part for part in wanted - line.terms if len(part) >= MIN_PART}
    found = {part for part in parts if any(part in word for word in line.terms)}
    return replace(line, terms=line.terms | found) if found else line


def _evidence(goals: Mapping[str, Goal], lines: Sequence[Line], rarity: Rarity) -> tuple[Scored, ...]:
    held = ((line, goals[line.language]) for line in lines)
    chosen = ((line, goal) for line, goal in held if _fits(line, goal, rarity) and _has_cue(line, goal))
    scored = (Scored(_score(line, goal, rarity), line) for line, goal in chosen)
    return tuple(sorted(scored, key=lambda found: (-found.score, found.line.number)))


def _fits(line: Line, goal: Goal, rarity: Rarity) -> bool:
    """True if a sentence is about the subject: enough of its rare words, some of them its own."""
    core, names = goal.core, goal.names
    if names and not names & line.page:
        return False
    if not core & line.terms or (len(core) <= FEW and not core <= line.terms | line.title):
        return False
    if core <= line.terms | line.around:
        return True
    least = (PAIRED if line.language in UNSPACED else 1.0) * (NAMED if names and names <= line.page else 1.0)
    own = rarity.share(core, line.terms)
    both = own + rarity.share(core, line.around - line.terms) / 2
    return own >= MIN_OWN * least and both >= MIN_EVIDENCE * least


def _has_cue(line: Line, goal: Goal) -> bool:
    if goal.facet and goal.facet.is_meaning:
        return _defines(line, goal)
    return goal.facet is None or not goal.facet.cues or bool(line.words & goal.facet.cues)


def _score(line: Line, goal: Goal, rarity: Rarity) -> float:
    """How well a sentence answers: its own words first, then its page's subject, then its form."""
    own = rarity.share(goal.about, line.terms)
    page = rarity.share(goal.core, line.title)
    focus = len(line.title & goal.core) / len(line.title) if line.title else 0.0
    whole = rarity.share(goal.wanted, line.terms)
    defines = _defines(line, goal)
    return (own + 0.3 * page + 0.2 * focus + 0.2 * whole + 0.35 * defines) * _form(line, goal)


def _defines(line: Line, goal: Goal) -> bool:
    """True for "A slicing selects …": what stands before the verb is the subject and nothing else."""
    found = DEFINES.match(line.sentence)
    head = terms(found["head"], line.language) if found else frozenset()
    return bool(head & goal.core) and head <= goal.core | goal.about


def _form(line: Line, goal: Goal) -> float:
    """1.0 for a sentence that can stand alone, less for one that cannot or that is too short or long."""
    size = len(line.sentence.split())
    leans = LEANS.match(line.sentence) and not goal.core <= line.named
    points = POINTS.search(line.sentence)
    fits = SHORT <= size <= LONG and not CONDITION.match(line.sentence)
    return (0.6 if leans else 1.0) * (0.75 if points else 1.0) * (1.0 if fits else 0.8)


def write(ask: Ask, found: Sequence[Section], texts: Mapping[str, str]) -> WriteReport | Answer:
    """The report, or the answer that there is none. Only asked steps can show that something was found."""
    own = [section for section in found if not facet_of(section.step)]
    missing = [section.step for section in own if not section.found]
    if len(missing) == len(own):
        return _nothing(ask, texts)
    used: list[Line] = []
    opening = [line for section in own for line in _pick(_spoken(section), 1, used)]
    parts = [_paragraph(opening)] if opening else []
    for section in found:
        picked = _pick(section, PER_SECTION, used)
        if picked:
            parts.append(f"## {escape(section.step)}")
            parts.append("\n".join(f"- {_cited(line)}" for line in picked))
    parts.append(_note(ask.query, missing))
    return WriteReport(_title(ask.query), "\n\n".join(parts), _confidence(missing, used))


def _paragraph(lines: Sequence[Line]) -> str:
    """The sentences in a row; one that begins in lower case stands apart, to be told from the one before."""
    gaps = ("\n\n" if line.sentence[0].islower() else " " for line in lines)
    return "".join(f"{gap}{_cited(line)}" for gap, line in zip(gaps, lines, strict=True)).strip()


def _spoken(section: Section) -> Section:
    """The section without items of lists, which have no full stop to end a sentence of a paragraph."""
    whole = (found for found in section.found if is_sentence(found.line.sentence, found.line.language))
    return Section(section.step, tuple(whole))


def _nothing(ask: Ask, texts: Mapping[str, str]) -> WriteReport | Answer:
    """That nothing answers, and which passages come closest: they are no claims, so they are not cited."""
    told = frame(ask.query)
    close = [f"- *{_linked(source, sentence)}*" for source, sentence in _closest(ask, texts)]
    content = "\n".join([told.nothing, *([f"\n{told.closest}\n", *close] if close else ())])
    if "answer" in ask.menu:
        return Answer(content, "failed")
    return WriteReport(_title(ask.query), content, "low")


def _closest(ask: Ask, texts: Mapping[str, str]) -> list[tuple[SeenSource, str]]:
    """The sentences that share most with the question, from different pages."""
    language = spoken(ask.query)
    pages = {source.number: texts.get(source.sha256, "") for source in ask.sources if source.sha256}
    lines = [line for line in lines_of(ask, pages, language) if not EMPHASISED.search(line.sentence)]
    rarity, best = Rarity(line.terms for line in lines), dict[int, tuple[float, str]]()
    for line in lines:
        share = rarity.share(terms(ask.query, language, line.language), line.terms)
        if share >= MIN_CLOSE and share > best.get(line.number, (0.0, ""))[0]:
            best[line.number] = share, line.sentence
    numbers = sorted(best, key=lambda number: -best[number][0])[:MAX_CLOSE]
    sources = {source.number: source for source in ask.sources}
    return [(sources[number], best[number][1]) for number in numbers]


def _linked(source: SeenSource, sentence: str) -> str:
    title = EMPHASISED.sub(" ", source.title).strip() or source.url
    name = f"[{title}]({source.url})" if domain(source.url) else title
    return f"{name}: “{escape(sentence)}”"


def _pick(section: Section, most: int, used: list[Line]) -> list[Line]:
    """The best sentences that say something new; what is picked counts as used from then on."""
    picked: list[Line] = []
    for scored in section.found:
        if len(picked) == most or scored.score < MIN_OF_BEST * section.found[0].score:
            break
        if not any(_alike(scored.line, line) for line in used):
            used.append(scored.line)
            picked.append(scored.line)
    return picked


def _alike(one: Line, other: Line) -> bool:
    return len(one.words & other.words) > MAX_ALIKE * len(one.words | other.words)


def _cited(line: Line) -> str:
    return f"{escape(line.sentence)} [{line.number}]"


def _note(question: str, missing: Sequence[str]) -> str:
    told = frame(question)
    gaps = "".join(f" {told.missing} {escape(step)}" for step in missing)
    return f"*{told.note}{gaps}*"


def _title(query: str) -> str:
    return " ".join(query.replace("\0", " ").split())[:MAX_TITLE] or "?"


def _confidence(missing: Sequence[str], used: Sequence[Line]) -> Confidence:
    """Never high: nobody has understood what was selected."""
    return "low" if missing or len({line.number for line in used}) < MIN_SOURCES else "medium"


def escape(sentence: str) -> str:
    """The sentence in markdown, escaped where it would otherwise not show as it is written."""
    (inline,) = MARKDOWN.parseInline(sentence)
    plain = all(
        token.type in {"text", "code_inline"} or (token.type in EMPHASIS and "*" in token.markup)
        for token in inline.children or ()
    )
    return sentence if plain else SPECIAL.sub(r"\\\g<0>", sentence)
