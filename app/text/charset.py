"""Decode bytes whose charset has to be found."""

import codecs
import re

from charset_normalizer import from_bytes

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
META_BYTES = 1024  # of a page that may name its charset
SAMPLE = 200_000  # bytes that the detector looks at
_META = re.compile(rb"<meta[^>]{0,300}?charset\s{0,9}=\s{0,9}[\"']?([\w.:-]{1,40})", re.IGNORECASE)
WIDE_BYTES = 2_000  # of a text that has no byte order mark, where NULs tell its charset
NUL_PATTERNS = {
    (0, 1): "utf-16-le",
    (1, 0): "utf-16-be",
    (0, 1, 1, 1): "utf-32-le",
    (1, 1, 1, 0): "utf-32-be",
}
MOSTLY, HARDLY = 0.7, 0.05  # shares of bytes at one place that are NUL
SEEN_CHARACTERS, LEAST_CHARACTERS, BINARY_SHARE = 4_000, 64, 0.03
# What a text has by a slip alone; terminals write \b and \x1b into logs. The last is what cannot be decoded.
_UNTEXTUAL = re.compile("[\0-\x07\x0e-\x1a\x1c-\x1f\ufffd]")
# Charsets of one byte a letter. Text in them is hardly ever valid UTF-8, but UTF-8 is often called so.
_SINGLE_BYTE = re.compile(r"ascii|cp125\d|iso8859-\d+|koi8-[rut]|mac-\w+")
# What pages call so is Windows' superset of it (WHATWG Encoding).
_SUPERSETS = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030"}


def is_sure(body: bytes) -> bool:
    """Return whether the charset follows from the bytes, without a guess."""
    if wide_charset(body) or body.startswith(codecs.BOM_UTF8) or _META.search(body[:META_BYTES]):
        return True
    return _decoded(body, "utf-8") is not None


def is_binary(text: str) -> bool:
    """Return whether bytes were no text, though they were decoded."""
    start = text[:SEEN_CHARACTERS]
    if len(start) < LEAST_CHARACTERS:
        return False
    return len(_UNTEXTUAL.findall(start)) > BINARY_SHARE * len(start)


def wide_charset(body: bytes) -> str | None:
    """Return the charset of a text in UTF-16 or UTF-32.

    Without a byte order mark, the NULs beside its Latin letters, digits and spaces tell.
    """
    for mark, name in BOMS[1:]:
        if body.startswith(mark):
            return name
    start = body[:WIDE_BYTES]
    return next((name for pattern, name in NUL_PATTERNS.items() if _is_like(start, pattern)), None)


def _is_like(start: bytes, pattern: tuple[int, ...]) -> bool:
    """Return whether NULs are where the pattern has a 1."""
    width = len(pattern)
    places = [start[at::width] for at in range(width)]
    if len(places[-1]) < 2:
        return False
    shares = [place.count(0) / len(place) for place in places]
    return all(
        share >= MOSTLY if is_nul else share <= HARDLY for share, is_nul in zip(shares, pattern, strict=True)
    )


def decode(body: bytes, declared: str = "", *, is_html: bool = False) -> str:
    """Return the text of `body`.

    The byte order mark counts first, then the declared charset, a page's meta element, UTF-8 where it
    fits, and the detector. A charset of one byte a letter is not believed of what is valid UTF-8.
    """
    if body.startswith(codecs.BOM_UTF8):
        return body.decode("utf-8-sig", errors="replace")
    if wide := wide_charset(body):
        return body.decode(wide, errors="replace")
    meta = _META.search(body[:META_BYTES]) if is_html else None
    for charset in (declared, meta[1].decode("ascii") if meta else "", "utf-8"):
        text = _decoded(body, charset)
        if text is not None:
            return text
    return body.decode(_detected(body), errors="replace")


def _decoded(body: bytes, charset: str) -> str | None:
    """Return the text, or None if the charset does not fit."""
    try:
        name = codecs.lookup(charset).name
        if _SINGLE_BYTE.fullmatch(name) and (text := _decoded(body, "utf-8")) is not None:
            return text
        return body.decode(_SUPERSETS.get(name, name))
    except (LookupError, ValueError):
        return None


def _detected(body: bytes) -> str:
    best = from_bytes(body[:SAMPLE]).best()
    return best.encoding if best else "utf-8"
