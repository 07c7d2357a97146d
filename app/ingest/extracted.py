"""What a file gives: documents, and why others of it are missing."""

from msgspec import Struct, field

from app.text.formats import tidy

MAX_DOCUMENT_TITLE = 300  # characters


class ExtractedDocument(Struct, frozen=True):
    """A text with an address and a title, ready for the corpus."""

    url: str
    title: str
    text: str
    metadata: dict[str, str] = {}
    note: str = ""  # what is not sure about it


class FileRead(Struct):
    """The documents of one file.

    `skipped` are files inside it of formats that are not read.
    """

    documents: list[ExtractedDocument] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)  # why, each with its file
    skipped: list[str] = field(default_factory=list)


def tidy_title(title: str) -> str:
    """A title on one line."""
    return " ".join(tidy(title).split())[:MAX_DOCUMENT_TITLE]
