"""Tell a model what the person wants of report and plan.

A job without such a wish is told nothing of it, so its prompts keep their bytes.
"""

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from app.agent.ports import Ask, PlanReview, ReportWish
from app.agent.prompt_pages import compact_json
from app.text.safe_markdown import tidy
from dossier.request import Effort, Length, LengthName

LENGTHS_IN_WORDS: dict[LengthName, str] = {
    "short": "at most 250 words",
    "medium": "400 to 800 words",
    "long": "1,000 to 2,000 words",
}
LENGTHS_BY_EFFORT: dict[Effort, str] = {
    "quick": "60 to 400 words",
    "standard": "800 to 1,500 words",
    "deep": "2,500 to 6,000 words",
}
OUTPUT_RULES = (
    "Besides its text, a report fills `output`: one entry for each field of this schema that a page answers. "
    "`field` is its JSON pointer, with the number of an item in an array, such as /a/0/b. `value` is text of "
    "the field's type. `source` and `quote` are as in `quotes`: the quote has the value, letter by letter. "
    "Leave out a field that no page answers; it is then reported as not found."
)
OUTPUT_REMINDER = "`output`: fill the fields of the schema under the question that the pages answer."
WISH_HEADING = (
    "What the person wants of the report; it comes before the rules on language, length and headings:"
)


def wish_lines(wish: ReportWish | UnsetType) -> Sequence[str]:
    """Return the lines that follow the question."""
    if wish is UNSET:
        return ()
    lines = [WISH_HEADING, *_form(wish)]
    if wish.outline:
        lines += [
            "Headings, all of them, in this order, as they are; say under one that nothing was found, if so:",
            *(f"## {_flat(heading)}" for heading in wish.outline),
        ]
    if wish.instructions:
        lines += ["Instructions:", tidy(wish.instructions)]
    return lines


def effort_line(ask: Ask) -> str:
    """Return the line on the effort, with the length of its reports."""
    if ask.words is UNSET:
        return f"Effort: {ask.effort}."
    return (
        f"Effort: {ask.effort}. Its report has {ask.words}; fewer where the question or the pages need fewer."
    )


def output_lines(ask: Ask) -> Sequence[str]:
    """Return what is said of the wanted output."""
    if ask.output_schema is UNSET:
        return ()
    return (OUTPUT_RULES, compact_json(ask.output_schema))


def review_lines(review: PlanReview | UnsetType, step: int) -> Sequence[str]:
    """Return what the person made of the plan of turn `step`."""
    if review is UNSET or review.after != step:
        return ()
    steps = [f"{number}. {_flat(line)}" for number, line in enumerate(review.steps, 1)]
    remarks = [f"- {tidy(remark)}" for remark in review.remarks]
    said = ["The person remarks:", *remarks] if remarks else []
    return ("The person reviewed the plan and wants this one. Follow it:", *steps, *said)


def reminders(ask: Ask) -> Sequence[str]:
    """Return the line that reminds a writer at the end."""
    if "write_report" not in ask.menu:
        return ()
    filled = () if ask.output_schema is UNSET else (OUTPUT_REMINDER,)
    if ask.wish is UNSET:
        return filled
    parts = [*_form(ask.wish)]
    if ask.wish.outline:
        parts.append("The headings that were given.")
    if ask.wish.instructions:
        parts.append("The instructions under the question.")
    return (f"A report follows what the person wants of it. {' '.join(parts)}", *filled)


def _form(wish: ReportWish) -> Sequence[str]:
    lines = list[str]()
    if wish.language:
        lines.append(f"Language: {wish.language} (BCP 47), whatever that of the question and the pages.")
    if wish.length is not None:
        lines.append(f"Length: {in_words(wish.length)}.")
    return lines


def in_words(length: Length) -> str:
    """Return the number of words that a length means."""
    return f"about {length:,} words" if isinstance(length, int) else LENGTHS_IN_WORDS[length]


def _flat(heading: str) -> str:
    return " ".join(tidy(heading).split())
