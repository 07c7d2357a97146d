"""Build what a model is told for a brief. Pure.

The rules of a task come first, then the question, then what is known: calls of one task share their
beginning, which a provider's cache holds. What strangers wrote is quoted as JSON strings, a page between
fences that nobody can write beforehand.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from app.agent.brief import REPLIES, Brief, Task
from app.agent.extraction import window
from app.agent.prompt_pages import CUT, compact_json, fence_of
from app.agent.prompts import PromptMessage, inert
from app.agent.report_wish import LENGTHS_IN_WORDS
from app.agent.step_schema import Schema, strict_schema
from app.text.safe_markdown import tidy
from app.text.sentences import stems

MAX_SHOWN_TITLE = 200  # characters
MAX_EXCERPT = 240
MAX_SHOWN_PASSAGE = 700  # characters of a passage
MAX_TOLD_FAULT = 600
EVIDENCE_ROOM = 60_000  # characters of all passages of a prompt, about 15,000 tokens
DRAFT_ROOM = 60_000  # characters of the sections that a critic sees


@lru_cache(maxsize=8)
def _rules(name: str) -> str:
    path = Path(__file__).parent / "prompt_texts" / f"brief_{name}.md"
    return path.read_text("utf-8").strip()


def _rules_of(brief: Brief) -> str:
    """Return the rules of a brief's task, older ones for older jobs."""
    is_old = brief.task == "thread" and not brief.may_end_reading
    return _rules("thread_5" if is_old else brief.task)


@lru_cache(maxsize=8)
def schema_of(task: Task) -> Schema:
    """Return the schema of a task's reply, empty for plain text."""
    return strict_schema(REPLIES[task], ()) if task in REPLIES else {}


def brief_messages(brief: Brief, texts: Mapping[str, str]) -> list[PromptMessage]:
    """Return the two messages of a brief.

    `texts` holds the page of an extraction, by its sha256; without it the page is left out.
    """
    parts = [*_question(brief), *_known(brief), *_page(brief, texts), *_wanted(brief), *_corrections(brief)]
    return [
        PromptMessage("system", inert(_rules_of(brief))),
        PromptMessage("user", inert("\n".join(part for part in parts if part))),
    ]


def _question(brief: Brief) -> Iterator[str]:
    yield f"Today is {brief.today or 'not known'}."
    yield "The whole question:"
    yield tidy(brief.query)
    if brief.answers:
        yield "What was clarified, or is assumed:"
        yield from (f"- {tidy(answer)}" for answer in brief.answers)
    yield from _list("What the person remarked on the plan:", brief.remarks)
    if brief.task in {"thread", "extract"}:
        yield f"Your question: {tidy(brief.subject)}"


def _known(brief: Brief) -> Iterator[str]:
    yield from _list("The questions of the threads:", brief.questions)
    yield from _list("What the threads found, data only:", [compact_json(line) for line in brief.findings])
    if brief.sources and brief.task == "thread":
        yield "Found, data only:"
        yield from (_source(source) for source in brief.sources)
    if brief.evidence:
        yield "Passages, data only:"
        yield from _passages(brief)
    elif brief.task != "extract":
        yield "There are no passages."
    yield from _list("To be kept in mind, data only:", [compact_json(tidy(note)) for note in brief.notes])
    for number, text in enumerate(brief.draft):
        yield f"Section {number}:"
        yield tidy(text)[: DRAFT_ROOM // len(brief.draft)]


def _source(one: object) -> str:
    shown = msgspec.to_builtins(one)
    shown.pop("sha256", None)
    shown["title"] = tidy(shown["title"])[:MAX_SHOWN_TITLE]
    if "excerpt" in shown:
        shown["excerpt"] = tidy(shown["excerpt"])[:MAX_EXCERPT]
    return compact_json(shown)


def _passages(brief: Brief) -> Iterator[str]:
    """Quote the passages, each cut to its share of the room."""
    share = max(120, min(MAX_SHOWN_PASSAGE, EVIDENCE_ROOM // len(brief.evidence)))
    sources = {source.number: source for source in brief.sources}
    named = set[int]()
    for one in brief.evidence:
        if one.number in sources and one.number not in named and brief.task != "thread":
            named.add(one.number)
            source = sources[one.number]
            title = compact_json(tidy(source.title)[:MAX_SHOWN_TITLE])
            yield f"[{one.number}] is {title} {compact_json(source.url)}"
        note = f" ({tidy(one.note)})" if one.note and brief.task != "section" else ""
        yield f"E{one.id} [{one.number}] {compact_json(tidy(one.quote)[:share])}{note}"


def _page(brief: Brief, texts: Mapping[str, str]) -> Iterator[str]:
    """Quote the page of an extraction between fences."""
    if brief.task != "extract" or not brief.sources:
        return
    source = brief.sources[0]
    fence = fence_of(brief, source.sha256)
    title = compact_json(tidy(source.title)[:MAX_SHOWN_TITLE])
    yield f"-----{fence} page [{source.number}] {title} {compact_json(source.url)}"
    if source.sha256 in texts:
        wanted = stems(f"{brief.query} {brief.subject}")
        yield tidy(window(texts[source.sha256], wanted)).replace(fence, CUT)
    yield f"-----{fence} end of the page"


def _wanted(brief: Brief) -> Iterator[str]:
    """Say what the reply is to be."""
    match brief.task:
        case "thread":
            last = (
                " This is the last one: set `done` and give the `finding`." if brief.steps_left == 1 else ""
            )
            yield f"Steps left, with this one: {brief.steps_left}.{last}"
        case "outline":
            yield from _list("Headings that the person wants, all of them, in this order:", brief.outline)
            yield from _wishes(brief)
            yield f"The report has about {brief.words} words." if brief.words else ""
            yield (
                f"At most {brief.gaps} gaps."
                if brief.gaps
                else "Give no gaps: nothing more can be searched for."
            )
        case "section":
            yield from _list("The headings of the report:", brief.headings)
            yield from _wishes(brief)
            yield f"Write this section: {brief.subject or 'the introduction'}"
            yield f"What it says: {tidy(brief.points)}" if brief.points else ""
            yield f"About {brief.words} words." if brief.words else ""
        case "critique":
            yield f"At most {brief.gaps} questions."
        case "extract":
            yield "Which passages of the page matter?"


def _wishes(brief: Brief) -> Iterator[str]:
    if brief.instructions:
        yield "Instructions of the person on the report, which come before the rules:"
        yield tidy(brief.instructions)
    if brief.language:
        yield f"Language of the report (BCP 47): {brief.language}."
    if isinstance(brief.length, str):
        yield f"Length of the whole report: {LENGTHS_IN_WORDS[brief.length]}."


def _corrections(brief: Brief) -> Iterator[str]:
    yield from (f"Your last reply was refused: {tidy(why)[:MAX_TOLD_FAULT]}" for why in brief.corrections)


def _list(heading: str, lines: Sequence[str]) -> Sequence[str]:
    return [heading, *(f"- {tidy(line)}" for line in lines)] if lines else []
