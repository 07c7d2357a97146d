"""Build documents from Python's own topics and installed READMEs.

So the first question can be asked before anything was ingested.
"""

from collections.abc import Iterator
from importlib.metadata import distributions
from pydoc_data.topics import topics

from app.ingest.extracted import ExtractedDocument, tidy_title
from app.text import formats
from app.text.formats import tidy


def documents() -> Iterator[ExtractedDocument]:
    """Every document of the machine: urls `pydoc:<topic>` and `readme:<distribution>`."""
    yield from python_topics()
    yield from readmes()


def python_topics() -> Iterator[ExtractedDocument]:
    """Return the language reference as `help()` shows it.

    Topics with one text between them come once.
    """
    last_with = {text: name for name, text in sorted(topics.items())}
    for text, name in last_with.items():
        title = next(line for line in text.splitlines() if line.strip())
        yield ExtractedDocument(f"pydoc:{name}", tidy_title(title), tidy(text))


def readmes() -> Iterator[ExtractedDocument]:
    """Return the installed distributions' long descriptions, if any."""
    found = {found.name: found for found in distributions()}
    for name, distribution in sorted(found.items()):
        fields = distribution.metadata.json
        text = tidy(_plain(str(fields.get("description", "")), str(fields.get("description_content_type"))))
        if text:
            summary = fields.get("summary", "README")
            title = tidy_title(f"{name} {distribution.version}: {summary}")
            yield ExtractedDocument(f"readme:{name.lower()}", title, text)


def _plain(description: str, content_type: str) -> str:
    """The index takes a description without a type for reStructuredText."""
    markdown = content_type.startswith("text/markdown")
    read = formats.from_markdown if markdown else formats.from_restructured
    return read(description.encode("utf-8", "replace")).text
