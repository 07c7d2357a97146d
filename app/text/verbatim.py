"""The same words in a page, whatever the case, white space, quotation marks and dashes."""

_FOLD = str.maketrans(dict.fromkeys('‘’‚‛′`´“”„‟″«»‹›"', "'") | dict.fromkeys("‐‑‒–—―−", "-") | {"…": "."})


def find(text: str, page: str) -> tuple[int, int] | None:
    """Start and end of `text` in `page`, whatever the case, white space, quotation marks and dashes."""
    wanted, _ = _folded(text)
    folded, offsets = _folded(page)
    for needle in (wanted, wanted.rstrip(".!?;:, ")):
        at = folded.find(needle)
        if needle and is_whole(folded, at, len(needle)):
            return offsets[at], offsets[at + len(needle) - 1] + 1
    return None


def _folded(text: str) -> tuple[str, list[int]]:
    """The text folded, and for each of its characters the offset of the original one."""
    characters, offsets = list[str](), list[int]()
    for at, character in enumerate(text.translate(_FOLD)):
        if character.isspace():
            if characters and characters[-1] != " ":
                characters.append(" ")
                offsets.append(at)
            continue
        for folded in character.casefold():
            characters.append(folded)
            offsets.append(at)
    return "".join(characters).rstrip(), offsets


def is_whole(text: str, start: int, length: int) -> bool:
    """True if what was found neither begins nor ends inside a word or a number."""
    if start < 0:
        return False
    before, after = text[max(0, start - 1) : start], text[start + length : start + length + 2]
    ends_in_word = text[start + length - 1].isalnum() and after[:1].isalnum()
    ends_in_number = (
        text[start + length - 1].isdecimal() and after[:1] in (".", ",") and after[1:].isdecimal()
    )
    return not (ends_in_word or ends_in_number or (before.isalnum() and text[start].isalnum()))
