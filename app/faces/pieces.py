"""A report in the pieces in which a stream sends it."""

from collections.abc import Iterator

PIECE = 1000  # characters of one delta, more or less


def pieces(text: str) -> Iterator[str]:
    """Yield the text in parts, at ends of lines if possible."""
    start = 0
    while start < len(text):
        end = min(start + PIECE, len(text))
        if end < len(text):
            newline = text.rfind("\n", start, end)
            end = newline + 1 if newline > start else end
        yield text[start:end]
        start = end
