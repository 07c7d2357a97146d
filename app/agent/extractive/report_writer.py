"""Write a report from the best sentences, each with its source.

Nothing in it is a claim of its own.
"""

import re
from collections.abc import Mapping, Sequence

from markdown_it import MarkdownIt
from msgspec import UNSET

from app.agent.extractive.evidence_parts import PageSentence, Section
from app.agent.extractive.page_prose import is_sentence
from app.agent.extractive.page_sentences import lines_of
from app.agent.extractive.phrases import FRAMES, SEARCHES_FAILED, UNSEARCHED, Phrases, framed, spoken
from app.agent.extractive.plan import facet_of
from app.agent.extractive.terms import Rarity, terms
from app.agent.ports import Ask, SeenSource
from app.domain.tools import Answer, Confidence, WriteReport
from app.text.urls import domain
from dossier.request import LengthName

MIN_SCORE_OF_BEST = 0.58  # of the best sentence's score; what is far behind it is there by accident
PER_SECTION = 4  # sentences
PER_SECTION_BY_LENGTH: dict[LengthName, int] = {"short": 2, "medium": PER_SECTION, "long": 8}
WORDS_OF_SENTENCE = 20  # about
MAX_ALIKE = 0.7  # of the words of two sentences; above it, they say the same
MIN_CLOSE = 0.15  # of the question's words, weighed by rarity, for a passage that is close to it
MAX_CLOSE = 3  # such passages
MAX_REPORT_TITLE = 300  # characters
MIN_SOURCES = 2  # that have something on the subject, for any confidence

EMPHASIS = {"em_open", "em_close", "strong_open", "strong_close"}
EMPHASISED = re.compile(r"[*_\[\]()]")
SPECIAL = re.compile(r"[\\`_\[\]<&]")
MARKDOWN = MarkdownIt("commonmark")


def write(ask: Ask, found: Sequence[Section], texts: Mapping[str, str]) -> WriteReport | Answer:
    """Write the report, or the answer that nothing was found.

    Only steps that were asked can show that something was found.
    """
    own = [section for section in found if not facet_of(section.step)]
    missing = [section.step for section in own if not section.found]
    if len(missing) == len(own):
        return _nothing(ask, texts)
    used: list[PageSentence] = []
    most = _per_section(ask, len(found))
    is_outlined = ask.wish is not UNSET and bool(ask.wish.outline)  # then a heading keeps its sentences
    leads = () if is_outlined else own
    opening = [line for section in leads for line in _pick(_spoken(section), 1, used)]
    parts = [_paragraph(opening)] if opening else []
    for section in found:
        picked = _pick(section, most, used)
        if picked:
            parts.append(f"## {escape(section.step)}")
            parts.append("\n".join(f"- {_cited(line)}" for line in picked))
    parts.append(_note(ask, missing))
    return WriteReport(_title(ask.query), "\n\n".join(parts), _confidence(missing, used))


def _paragraph(lines: Sequence[PageSentence]) -> str:
    """Join sentences to a paragraph.

    One that begins in lower case starts a paragraph of its own.
    """
    gaps = ("\n\n" if line.sentence[0].islower() else " " for line in lines)
    return "".join(f"{gap}{_cited(line)}" for gap, line in zip(gaps, lines, strict=True)).strip()


def _spoken(section: Section) -> Section:
    """Return the section without list items, which lack a full stop."""
    whole = (found for found in section.found if is_sentence(found.line.sentence, found.line.language))
    return Section(section.step, tuple(whole))


def _nothing(ask: Ask, texts: Mapping[str, str]) -> WriteReport | Answer:
    """Say that nothing answers, and name the closest passages.

    They are not claims, so they are not cited.
    """
    told = _told(ask)
    close = [f"- *{_linked(source, sentence)}*" for source, sentence in _closest(ask, texts)]
    nothing = _why_nothing(ask)
    content = "\n".join([f"*{nothing}*", *([f"\n*{told.closest}*\n", *close] if close else ())])
    if "answer" in ask.menu:
        return Answer(content, "failed")
    return WriteReport(_title(ask.query), content, "low")


def _why_nothing(ask: Ask) -> str:
    """Say that nothing was found only of sources that were searched."""
    language = _language(ask)
    if ask.every_search_failed:
        return SEARCHES_FAILED.get(language, SEARCHES_FAILED["en"])
    return UNSEARCHED.get(language, UNSEARCHED["en"]) if ask.is_unsearched else FRAMES[language].nothing


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


def _pick(section: Section, most: int, used: list[PageSentence]) -> list[PageSentence]:
    """Pick the best sentences that say something new, and mark them used."""
    picked: list[PageSentence] = []
    for scored in section.found:
        if len(picked) == most or scored.score < MIN_SCORE_OF_BEST * section.found[0].score:
            break
        if not any(_alike(scored.line, line) for line in used):
            used.append(scored.line)
            picked.append(scored.line)
    return picked


def _alike(one: PageSentence, other: PageSentence) -> bool:
    return len(one.words & other.words) > MAX_ALIKE * len(one.words | other.words)


def _cited(line: PageSentence) -> str:
    return f"{escape(line.sentence)} [{line.number}]"


def _per_section(ask: Ask, sections: int) -> int:
    """Return the most sentences of a section that the wanted length leaves."""
    if ask.wish is UNSET or ask.wish.length is None:
        return PER_SECTION
    length = ask.wish.length
    if not isinstance(length, int):
        return PER_SECTION_BY_LENGTH[length]
    return max(1, length // WORDS_OF_SENTENCE // max(1, sections))


def _told(ask: Ask) -> Phrases:
    return FRAMES[_language(ask)]


def _language(ask: Ask) -> str:
    return framed(ask.query, ask.wish.language if ask.wish is not UNSET else "")


def _note(ask: Ask, missing: Sequence[str]) -> str:
    told = _told(ask)
    gaps = "".join(f" {told.missing} {escape(step)}" for step in missing)
    kind = f"{told.passages} " if missing else ""
    return f"*{kind}{told.note}{gaps}*"


def _title(query: str) -> str:
    return " ".join(query.replace("\0", " ").split())[:MAX_REPORT_TITLE] or "?"


def _confidence(missing: Sequence[str], used: Sequence[PageSentence]) -> Confidence:
    """Never high: nobody has understood what was selected."""
    return "low" if missing or len({line.number for line in used}) < MIN_SOURCES else "medium"


def escape(sentence: str) -> str:
    """Escape a sentence in markdown where it would render differently."""
    (inline,) = MARKDOWN.parseInline(sentence)
    plain = all(
        token.type in {"text", "code_inline"} or (token.type in EMPHASIS and "*" in token.markup)
        for token in inline.children or ()
    )
    return sentence if plain else SPECIAL.sub(r"\\\g<0>", sentence)
