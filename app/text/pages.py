"""Keep the pages of a document in its text.

A form feed parts them, as in the text that other readers of PDFs make. So the page of any place follows from
the text itself, and from every copy of it.
"""

from bisect import bisect_left

PAGE_BREAK = "\n\f\n"


def page_number(text: str, start: int) -> int | None:
    """Return the page, from 1, of a place in a text.

    None where the text has no pages.
    """
    return text.count("\f", 0, start) + 1 if "\f" in text else None


class PageNumbers:
    """Finds the pages of many places in one text."""

    def __init__(self, text: str) -> None:
        self._breaks = [at for at, character in enumerate(text) if character == "\f"] if "\f" in text else []

    def of(self, start: int) -> int | None:
        """Return the page, from 1, of a place.

        None where the text has no pages.
        """
        return bisect_left(self._breaks, start) + 1 if self._breaks else None
