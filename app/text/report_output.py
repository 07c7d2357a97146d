"""Render a finished report as markdown, or as inert html.

Title, urls and content come from a model that read strangers' pages. In markdown they are escaped; in html
only what is on the list of tags and attributes gets through, and only http(s) becomes a link.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from app.text.languages import detect
from app.text.report_marks import marked
from app.text.report_style import REPORT_STYLE
from app.text.urls import clean, domain, normalise
from dossier.job_types import Author, Result, SourceView, StopReason

MAX_MARKUP = 10_000  # marks of emphasis and links; content with more is not a report, and is slow to parse
MAX_REPORT_LINE = 500  # characters of a sentence, a title or an address that are shown
_TAG_NAMES = """a article blockquote br code em footer h1 h2 h3 h4 h5 h6 hr li ol p pre section strong table
    tbody td th thead tr ul"""
MAX_JUDGE_NAME = 80  # characters of the name of who judged
TAGS = frozenset(_TAG_NAMES.split())
ATTRIBUTES = {"a": {"href"}, "li": {"id", "value"}, "ol": {"start"}, "section": {"id"}}
REL = "noopener noreferrer nofollow"
STOPPED: dict[StopReason, str] = {
    "answered": "The question was answered.",
    "no_evidence": "The sources that were searched hold nothing that answers the question.",
    "budget_reached": "The research stopped early: its budget was used up.",
    "max_iterations": "The research stopped early: it reached its last turn.",
    "finish_requested": "The research stopped early: the report was wanted at once.",
    "deadline": "The research stopped early: its time was up.",
    "model_failed": "The language model failed; the report was put together without it.",
    "cancelled": "The research was cancelled.",
    "error": "The research stopped early because of an error.",
}
PAGES_UNREAD = "No page could be read, so the sources say nothing of the question."
UNTIED = "No sentence could be tied to a page that was read."

WRITTEN: dict[Author, str] = {
    "model": "",
    "stand_in": "This text was selected from the pages without the model, which failed.",
    "extractive": "Selected from the pages that were read; no language model was used.",
}

MADE: dict[Author, str] = {
    "model": "written by the model",
    "stand_in": "selected from the pages without the model",
    "extractive": "selected from the pages",
}

_MARKDOWN_SIGNS = re.compile(r"([\\`*_\[\]<>&|~#])")
_NO_NAME = re.compile(r"[^\w .:/-]")
_CITATION = re.compile(r"\[(\d{1,9})\]")
_HREF = re.compile(r"https?://.+|#source-\d{1,9}")


def markdown(result: Result) -> str:
    """Render a report in markdown: title, content, evidence, cited sources."""
    title = _words(result.title) or "Report"
    parts = [
        f"# {title}",
        f"*{note}*" if (note := _byline(result)) else "",
        marked(result).replace("\0", "").strip(),
        "## Evidence",
        " ".join(evidence(result)),
    ]
    if result.unverified:
        parts += ["These sentences have no quote:", _bullets(_words(line) for line in result.unverified)]
    sources = cited(result)
    if sources:
        parts += ["## Sources", _bullets(_source_line(source) for source in sources)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _words(text: str) -> str:
    """A line that markdown shows as it is."""
    return _MARKDOWN_SIGNS.sub(r"\\\1", clean(text, MAX_REPORT_LINE))


def _source_line(source: SourceView) -> str:
    """Write a source's own number, as lists would count from 1."""
    address = _link(source.url)
    return f"[{source.number}] {_words(source.title)} – " + (
        f"<{address}>" if address else _words(source.url)
    )


def _link(url: str) -> str:
    """The address if a browser may follow it, else ""."""
    return normalise(url) if domain(url) else ""


def cited(result: Result) -> Sequence[SourceView]:
    """Return the sources that claims cite, by number."""
    numbers = {claim.number for claim in result.claims}
    return [source for source in result.sources if source.number in numbers]


def evidence(result: Result) -> list[str]:
    """Describe the report's evidence, in sentences."""
    lines = [_stopped(result)] if result.stop_reason != "answered" else []
    if result.outcome_reason:
        lines.append(f"Done: {result.outcome_reason}.")
    if not result.claims and any(source.read for source in result.sources):
        lines = [line for line in lines if line != STOPPED["no_evidence"]]
        lines.append(UNTIED)
    elif not result.claims:
        lines.append("No sentence of this report is backed by a quote from a page.")
    else:
        lines.append(
            f"{_percent(result.coverage)} of its sentences are backed by a quote from a page that was read;"
        )
        lines.append(
            f"{_percent(result.support)} of the citations that were written could be bound to such a quote."
        )
    lines.append(_checked(result))
    lines += parts_of(result)
    if bound := sum(claim.bound for claim in result.claims):
        lines.append(f"{_many(bound, 'citation was', 'citations were')} added by the system.")
    if result.removed:
        lines.append(f"Removed: {len(result.removed)} that could not.")
    return lines


def _stopped(result: Result) -> str:
    """Say why it ended, and nothing of pages that were not read."""
    is_unread = result.stop_reason == "no_evidence" and result.outcome == "not_researched"
    return PAGES_UNREAD if is_unread else STOPPED[result.stop_reason]


def parts_of(result: Result) -> list[str]:
    """Say who wrote each part, and how much of it is backed."""
    return [
        f"Part {number} was {MADE[part.author]}; {_percent(part.coverage)} of its sentences are backed."
        for number, part in enumerate(result.parts, 1)
    ]


def _checked(result: Result) -> str:
    """Count what is quoted, what a judge supported, and the rest."""
    judged = [claim.verdict for claim in result.claims if claim.verdict]
    judge = _NO_NAME.sub("", result.judged_by)[:MAX_JUDGE_NAME].strip()
    by = f" by {judge}" if judge else ""
    meaning = (
        f"{judged.count('supported')} of {len(judged)} judged{by} are supported by their meaning"
        if judged
        else "their meaning was not judged"
    )
    quoted = _many(len(result.claims), "citation has a quote", "citations have a quote")
    bare = _many(len(result.unverified), "sentence is unverified", "sentences are unverified")
    return f"{quoted}, {meaning}, {bare}."


def _many(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def _percent(share: float) -> str:
    """Rounded down, so that 100 % means all."""
    return f"{int(share * 100 + 1e-9)} %"


def html(result: Result) -> str:
    """Render a report as a whole html document without scripts.

    [n] leads to the source.

    Takes about a second for the longest and most hostile content: call it off the event loop.
    """
    title = escape(clean(result.title, MAX_REPORT_LINE)) or "Report"
    sources = cited(result)
    byline = f"<p><em>{note}</em></p>" if (note := _byline(result)) else ""
    article = (f"<h1>{title}</h1>", byline, _body(result, sources))
    body = f"<article>{''.join(article)}</article>{_footer(result, sources)}"
    language = detect(result.final_answer)
    spoken = f'<article lang="{language}">' if language else "<article>"
    spoken_body = _sanitised(body).replace("<article>", spoken, 1)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="referrer" content="no-referrer">\n<title>{title}</title>\n'
        f"<style>{REPORT_STYLE}</style>\n</head>\n"
        f'<body>\n<main dir="auto">\n{spoken_body}\n</main>\n</body>\n</html>\n'
    )


def _byline(result: Result) -> str:
    """Name what replaces the model, unless it says so itself.

    What works without a model says so in its language. Where no page was read, nothing was selected.
    """
    is_selected = result.written_by == "stand_in" and any(source.read for source in result.sources)
    return WRITTEN[result.written_by] if is_selected else ""


def _body(result: Result, sources: Iterable[SourceView]) -> str:
    numbers = frozenset(source.number for source in sources)
    content = marked(result)
    marks = sum(map(content.count, "*_["))
    rendered: str = _parser(plain=marks > MAX_MARKUP).render(content, {"numbers": numbers})
    return rendered


@cache
def _parser(*, plain: bool) -> MarkdownIt:
    off = ["html_block", "html_inline", "image", "reference", *(["emphasis", "link"] if plain else [])]
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable(off)
    parser.add_render_rule("text", _text)
    return parser


def _text(_self: RendererHTML, tokens: Sequence[Token], at: int, _options: Any, env: Any) -> str:  # noqa: ANN401
    """Link the numbers of cited sources in a text."""

    def link(found: re.Match[str]) -> str:
        number = int(found[1])
        return f'<a href="#source-{number}">[{number}]</a>' if number in env["numbers"] else found[0]

    return _CITATION.sub(link, escapeHtml(tokens[at].content))


def _footer(result: Result, sources: Iterable[SourceView]) -> str:
    bare = "".join(f"<li>{escape(clean(line, MAX_REPORT_LINE))}</li>" for line in result.unverified)
    items = "".join(map(_item, sources))
    return "".join(
        (
            f'<footer><section id="evidence"><h2>Evidence</h2><p>{escape(" ".join(evidence(result)))}</p>',
            f"<p>These sentences have no quote:</p><ul>{bare}</ul>" if bare else "",
            "</section>",
            f'<section id="sources"><h2>Sources</h2><ol>{items}</ol></section>' if items else "",
            "</footer>",
        )
    )


def _item(source: SourceView) -> str:
    title, address = escape(clean(source.title, MAX_REPORT_LINE)), _link(source.url)
    shown = escape(clean(source.url, MAX_REPORT_LINE))
    where = f'<a href="{escape(address)}">{shown}</a>' if address else f"<code>{shown}</code>"
    return f'<li id="source-{source.number}" value="{source.number}">{title} – {where}</li>'


def _sanitised(body: str) -> str:
    """Whatever the parts above let through, only these tags and addresses leave."""
    return nh3.clean(
        body,
        tags=set(TAGS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=lambda _tag, name, value: (
            value if name != "href" or _HREF.fullmatch(value) else None
        ),
        url_schemes={"http", "https"},
        link_rel=REL,
    )
