"""Keep the pages of a document in its text.

A form feed parts them, as in the text that other readers of PDFs make. So the page of any place follows from
the text itself, and from every copy of it.
"""

PAGE_BREAK = "\n\f\n"


def page_number(text: str, start: int) -> int | None:
    """Return the page, from 1, of a place in a text.

    None where the text has no pages.
    """
    return text.count("\f", 0, start) + 1 if "\f" in text else None
