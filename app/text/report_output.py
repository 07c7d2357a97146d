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
from app.text.report_evidence import cited, evidence, removed
from app.text.report_languages.report_wording import ReportWords
from app.text.report_marks import marked
from app.text.report_style import REPORT_STYLE
from app.text.report_words import report_words, words_language
from app.text.urls import clean, domain, normalise
from dossier.job_types import Result, SourceView

MAX_MARKUP = 10_000  # marks of emphasis and links; content with more is not a report, and is slow to parse
MAX_REPORT_LINE = 500  # characters of a sentence, a title or an address that are shown
_TAG_NAMES = """a article bdi blockquote br code em footer h1 h2 h3 h4 h5 h6 hr li ol p pre section strong
    table tbody td th thead tr ul"""
TAGS = frozenset(_TAG_NAMES.split())
ATTRIBUTES = {
    "a": {"href"},
    "bdi": {"lang"},
    "em": {"lang"},
    "li": {"id", "value"},
    "ol": {"start"},
    "section": {"id"},
}
REL = "noopener noreferrer nofollow"
_MARKDOWN_SIGNS = re.compile(r"([\\`*_\[\]<>&|~#])")
_CITATION = re.compile(r"\[(\d{1,9})\]")
_HREF = re.compile(r"https?://.+|#source-\d{1,9}")


def markdown(result: Result, language: str = "") -> str:
    """Render a report in markdown: title, content, evidence, cited sources.

    Args:
        result: of the job.
        language: of what is said besides the content (a BCP 47 tag), by default the content's.
    """
    words = report_words(result, language)
    title = _words(result.title) or words.title
    parts = [
        f"# {title}",
        f"*{note}*" if (note := _byline(result, words)) else "",
        marked(result, words).replace("\0", "").strip(),
        f"## {words.evidence}",
        " ".join(evidence(result, words)),
    ]
    if gone := removed(result):
        parts.append(_bullets(map(_words, gone)))
    if result.unverified:
        parts += [words.no_quote, _bullets(_words(line) for line in result.unverified)]
    sources = cited(result)
    if sources:
        parts += [f"## {words.sources}", _bullets(_source_line(source) for source in sources)]
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


def html(result: Result, language: str = "") -> str:
    """Render a report as a whole html document without scripts.

    [n] leads to the source.

    Takes about a second for the longest and most hostile content: call it off the event loop.

    Args:
        result: of the job.
        language: of what is said besides the content (a BCP 47 tag), by default the content's.
    """
    words = report_words(result, language)
    title = escape(clean(result.title, MAX_REPORT_LINE)) or words.title
    sources = cited(result)
    byline = f"<p><em>{note}</em></p>" if (note := _byline(result, words)) else ""
    spoken = words_language(result, language)
    article = (f"<h1>{title}</h1>", byline, _body(result, sources, words, spoken))
    body = f"<article>{''.join(article)}</article>{_footer(result, sources, words)}"
    written = detect(result.final_answer)
    opened = f'<article lang="{written}">' if written else "<article>"
    spoken_body = _sanitised(body).replace("<article>", opened, 1)
    return (
        f'<!doctype html>\n<html lang="{spoken}">\n'
        '<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="referrer" content="no-referrer">\n<title>{title}</title>\n'
        f"<style>{REPORT_STYLE}</style>\n</head>\n"
        f'<body>\n<main dir="auto">\n{spoken_body}\n</main>\n</body>\n</html>\n'
    )


def _byline(result: Result, words: ReportWords) -> str:
    """Name what replaces the model, unless it says so itself.

    What works without a model says so in its language. Where no page was read, nothing was selected.
    """
    is_selected = result.written_by == "stand_in" and any(source.read for source in result.sources)
    return words.stand_in if is_selected else ""


def _body(result: Result, sources: Iterable[SourceView], words: ReportWords, spoken: str) -> str:
    numbers = frozenset(source.number for source in sources)
    content = marked(result, words)
    marks = sum(map(content.count, "*_["))
    env = {"numbers": numbers, "marks": (f"({words.unverified})", f"({words.partly})"), "lang": spoken}
    rendered: str = _parser(plain=marks > MAX_MARKUP).render(content, env)
    return rendered


@cache
def _parser(*, plain: bool) -> MarkdownIt:
    off = ["html_block", "html_inline", "image", "reference", *(["emphasis", "link"] if plain else [])]
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable(off)
    parser.add_render_rule("text", _text)
    parser.add_render_rule("em_open", _emphasis)
    return parser


def _emphasis(_self: RendererHTML, tokens: Sequence[Token], at: int, _options: Any, env: Any) -> str:  # noqa: ANN401
    """Name the language of our own marks, by which they are known."""
    return f'<em lang="{env["lang"]}">' if tokens[at + 1].content in env["marks"] else "<em>"


def _text(_self: RendererHTML, tokens: Sequence[Token], at: int, _options: Any, env: Any) -> str:  # noqa: ANN401
    """Link the numbers of cited sources in a text."""

    def link(found: re.Match[str]) -> str:
        number = int(found[1])
        return f'<a href="#source-{number}">[{number}]</a>' if number in env["numbers"] else found[0]

    return _CITATION.sub(link, escapeHtml(tokens[at].content))


def _footer(result: Result, sources: Iterable[SourceView], words: ReportWords) -> str:
    bare = "".join(f"<li>{escape(clean(line, MAX_REPORT_LINE))}</li>" for line in result.unverified)
    gone = "".join(f"<li>{escape(clean(line, MAX_REPORT_LINE))}</li>" for line in removed(result))
    items = "".join(map(_item, sources))
    return "".join(
        (
            f'<footer><section id="evidence"><h2>{words.evidence}</h2>',
            f"<p>{escape(' '.join(evidence(result, words)))}</p>",
            f"<ul>{gone}</ul>" if gone else "",
            f"<p>{words.no_quote}</p><ul>{bare}</ul>" if bare else "",
            "</section>",
            f'<section id="sources"><h2>{words.sources}</h2><ol>{items}</ol></section>' if items else "",
            "</footer>",
        )
    )


def _item(source: SourceView) -> str:
    title, address = escape(clean(source.title, MAX_REPORT_LINE)), _link(source.url)
    shown = escape(clean(source.url, MAX_REPORT_LINE))
    where = f'<a href="{escape(address)}">{shown}</a>' if address else f"<code>{shown}</code>"
    language = detect(source.content_excerpt)
    spoken = f' lang="{language}"' if language else ""
    return (
        f'<li id="source-{source.number}" value="{source.number}"><bdi{spoken}>{title}</bdi> – {where}</li>'
    )


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
