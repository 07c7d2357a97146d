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
# What pages call so is Windows' superset of it (WHATWG Encoding).
_SUPERSETS = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030"}


def is_sure(body: bytes) -> bool:
    """Return whether the charset follows from the bytes, without a guess."""
    if any(body.startswith(mark) for mark, _ in BOMS) or _META.search(body[:META_BYTES]):
        return True
    return _decoded(body, "utf-8") is not None


def decode(body: bytes, declared: str = "", *, is_html: bool = False) -> str:
    """Return the text of `body`.

    The byte order mark counts first, then the declared charset, a page's meta element, UTF-8 where it
    fits, and the detector.
    """
    for mark, name in BOMS:
        if body.startswith(mark):
            return body.decode(name, errors="replace")
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
        return body.decode(_SUPERSETS.get(name, name))
    except (LookupError, ValueError):
        return None


def _detected(body: bytes) -> str:
    best = from_bytes(body[:SAMPLE]).best()
    return best.encoding if best else "utf-8"
