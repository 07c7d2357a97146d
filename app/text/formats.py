"""Extract plain text and a title from each format.

A blank line is between paragraphs, fences are around code.

The fences stay because a quote must tell code from prose.
"""

import re
from collections.abc import Iterator

from docutils import nodes
from docutils.core import publish_doctree
from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec import Struct

from app.text.charset import decode
from app.text.front_matter import front_matter

MAX_TEXT = 2_000_000  # characters of one document; ten thousand paragraphs
CODE_FENCE = "```"

# A source must not make docutils read other files, run raw markup, or write to the terminal.
DOCUTILS_SETTINGS = {
    "_disable_config": True,
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "report_level": 5,
    "halt_level": 6,  # none: there is no level above 5
    "warning_stream": False,
    "syntax_highlight": "none",
    "smart_quotes": False,
    "line_length_limit": MAX_TEXT,
}
NOT_TEXT = (
    nodes.system_message,
    nodes.comment,
    nodes.substitution_definition,
    nodes.image,
    nodes.target,
    nodes.docinfo,
    nodes.footnote_reference,
    nodes.raw,
)
UNKNOWN_ROLE = re.compile(r"(?<![\w:+-]):[\w:+-]+:`~?([^`<]{1,500}?)(?:\s{0,20}<[^`>]{0,500}>)?`|`([^`]+)`_*")

EMPTY_CELLS = re.compile(r"(?<! \|)(?: \|)+ *$", re.MULTILINE)
BLOCK_MARKUP = {"paragraph_close", "heading_close", "list_item_close", "table_close"}
INLINE_TEXT = {"text", "code_inline", "text_special"}
TAG = re.compile(r"<[^>]{1,2000}>")


class Extract(Struct, frozen=True):
    """A format's text, and its title if it has one."""

    title: str
    text: str
    metadata: dict[str, str] = {}


def from_plain(body: bytes, charset: str = "") -> Extract:
    """Return the text as it is, titled by a short first line."""
    text = lines_of(decode(body, charset))
    first = next((line.strip(" #=*-") for line in text.splitlines() if line.strip(" #=*-")), "")
    return Extract(first if len(first) <= 120 else "", text)  # longer is a paragraph


def from_code(body: bytes) -> Extract:
    """Return source code as it is, between fences."""
    return Extract("", _fenced(_decode(body)))


def from_markdown(body: bytes) -> Extract:
    """Read CommonMark with tables and front matter.

    Links and images keep their words.
    """
    metadata, source = front_matter(_decode(body))
    tokens = MarkdownIt("commonmark").enable("table").parse(source)
    text = EMPTY_CELLS.sub("", "".join(_markdown_parts(tokens)))
    title = metadata.pop("title", "")
    return Extract(title or _first_heading(tokens), text, metadata)


def _first_heading(tokens: list[Token]) -> str:
    headings = (_inline(tokens[n + 1]) for n, token in enumerate(tokens[:-1]) if token.type == "heading_open")
    return next((heading for heading in headings if heading), "")


def _markdown_parts(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        match token.type:
            case "inline":
                yield _inline(token)
            case "fence" | "code_block":
                yield _fenced(token.content) + "\n\n"
            case "html_block":
                yield TAG.sub("", token.content).strip() + "\n\n"
            case "list_item_open":
                yield "- "
            case "td_close" | "th_close":
                yield " | "
            case "tr_close":
                yield "\n"
            case kind if kind in BLOCK_MARKUP:
                yield "\n\n"


def _inline(token: Token) -> str:
    breaks = {"softbreak": "\n", "hardbreak": "\n"}
    return "".join(
        child.content if child.type in INLINE_TEXT else breaks.get(child.type, "")
        for child in token.children or ()
    ).strip()


def from_restructured(body: bytes) -> Extract:
    """Read reStructuredText.

    Unknown directives and roles lose their markup.
    """
    tree = publish_doctree(_decode(body), settings_overrides=DOCUTILS_SETTINGS)
    for node in list(tree.findall()):
        if isinstance(node, NOT_TEXT) and node.parent is not None:
            node.parent.remove(node)
        elif isinstance(node, nodes.FixedTextElement) and node.parent is not None:
            node.parent.replace(node, nodes.paragraph("", _fenced(node.astext())))
        elif isinstance(node, nodes.problematic) and node.parent is not None:
            node.parent.replace(node, nodes.Text(_without_role(node.astext())))
    title = next((node.astext() for node in tree.findall(nodes.title)), "")
    return Extract(title, tree.astext())


def _without_role(markup: str) -> str:
    """`:func:`~os.walk`` as os.walk."""
    return UNKNOWN_ROLE.sub(lambda found: found[1] or found[2], markup)


def _decode(body: bytes) -> str:
    return lines_of(decode(body))


def lines_of(text: str) -> str:
    """Return a text whose lines end alike."""
    return text.replace("\r\n", "\n")


def tidy(text: str) -> str:
    """Clean text for any database: NUL, lone surrogates, blank lines."""
    whole = text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"(?<![ \t])[ \t]+\n", "\n", whole)).strip("\n")


def _fenced(code: str) -> str:
    return f"{CODE_FENCE}\n{code.rstrip()}\n{CODE_FENCE}"
