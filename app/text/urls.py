"""Normalise addresses and lines from outside, as the log keeps them.

A source is known by its address, so two spellings of one page must come out the same. A title is
shown in reports and to the model, so it must be a line of text and nothing else.
"""

import re
import unicodedata
from collections.abc import Sequence
from html import unescape
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import SplitResult, unquote_plus, urlsplit

import idna

MAX_URL = 2000  # characters; what the model may name in a step, and about what browsers take
PORTS = {"http": 80, "https": 443}
# Schemes that run, embed, steer or write to somebody instead of naming a page.
_NO_PAGES = """about blob chrome data filesystem intent jar javascript mailto sms tel vbscript view-source
    ws wss"""
REFUSED_SCHEMES = frozenset(_NO_PAGES.split())
_MARKETING = """_ga _gl _hsenc _hsmi _openstat dclid fbclid gbraid gclid gclsrc igshid li_fat_id mc_cid mc_eid
    mkt_tok msclkid oly_anon_id oly_enc_id rb_clickid s_cid srsltid ttclid twclid vero_id wbraid wickedid
    yclid"""
TRACKING = frozenset(_MARKETING.split())

_SCHEME = re.compile(r"([a-z][a-z0-9+-]{1,30}):(?=.)", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?")
_NUMERIC = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)")  # browsers take such a host for an IPv4 address
_UNSAFE = re.compile(r"""[\s<>"`\\^{|}]|[^\x00-\x7f]""")
_ESCAPE = re.compile(r"%[0-9a-f]{2}", re.IGNORECASE)
_URL_ENTITY = re.compile(r"&#?\w{1,31};")
_JOINERS = "\u200c\u200d"  # Persian words and emoji are spelled with them
_NEUTRAL = str.maketrans("[]【】<>`", "()()‹›'")


def normalise(url: str) -> str:
    """Normalise a page's address, or return "" if it is none.

    Scheme and host are in lower case, the host in its ASCII form; default port, fragment and tracking
    parameters are gone; other parameters keep their order. A name in the corpus ("pydoc:with",
    "file:///notes.md") is a key and stays as it is. At most MAX_URL characters; idempotent.
    """
    url = url.strip()
    scheme = _SCHEME.match(url)
    if not scheme or len(url) > MAX_URL or not url.isprintable():
        return ""
    name = scheme[1].lower()
    address = _web(url) if name in PORTS else _corpus(name, url[scheme.end() :])
    return address if len(address) <= MAX_URL else ""


def _web(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, port = _host(parts), parts.port
    except ValueError:  # brackets that hold no IPv6 address, or a port that is not a number
        return ""
    if not host or "@" in parts.netloc:
        return ""
    at = "" if port in (None, PORTS[parts.scheme]) else f":{port}"
    query = "&".join(pair for pair in parts.query.split("&") if pair and not _tracks(pair))
    tail = f"?{_escape(query)}" if query else ""
    return f"{parts.scheme}://{host}{at}{_escape(parts.path) or '/'}{tail}"


def _corpus(scheme: str, rest: str) -> str:
    """Check the name of an ingested document, which is its key.

    The store looks it up by this name, so only names that could do harm are refused.
    """
    authority = rest[2:].partition("/")[0] if rest.startswith("//") else ""
    named = scheme not in REFUSED_SCHEMES and "@" not in authority and rest.strip("/ ")
    return f"{scheme}:{rest}" if named else ""


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return f"[{IPv6Address(host).compressed}]" if ":" in host else ascii_host(host)


def ascii_host(host: str) -> str:
    """Return a host in lower-case IDNA, "" if invalid.

    It has no closing dot.
    """
    host = host.strip().lower()
    try:
        host = (host if host.isascii() else idna.encode(host, uts46=True).decode()).rstrip(".")
        if _NUMERIC.fullmatch(host):
            return str(IPv4Address(host))
    except ValueError:
        return ""
    return host if _HOST.fullmatch(host) and ".." not in host else ""


def _tracks(pair: str) -> bool:
    name = unquote_plus(pair.partition("=")[0]).lower()
    return name.startswith("utm_") or name in TRACKING


def _escape(text: str) -> str:
    """Percent-escape non-ASCII, and what would end a link or header.

    That of an attribute too.
    """
    escaped = _UNSAFE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), text)
    return _ESCAPE.sub(lambda found: found[0].upper(), escaped)


def domain(url: str) -> str:
    """Return an http(s) address's ASCII host without port, else ""."""
    parts = urlsplit(normalise(url))
    return (parts.hostname or "") if parts.scheme in PORTS else ""


def allowed(url: str, allowed_domains: Sequence[str], blocked_domains: Sequence[str]) -> bool:
    """Return True if a page may be used.

    A domain covers its subdomains; a blocked one wins.

    Names in the corpus have no domain and always pass; anything else that is not an address fails.
    """
    address = normalise(url)
    host = domain(address)
    if not host:
        return bool(address)
    if any(_covers(name, host) for name in blocked_domains):
        return False
    return not allowed_domains or any(_covers(name, host) for name in allowed_domains)


def _covers(name: str, host: str) -> bool:
    """People write domains as "*.example.com", ".example.com" or as a whole address."""
    bare = name.strip().rpartition("://")[2].partition("/")[0]
    bare = bare.strip("[]") if bare.startswith("[") else bare.partition(":")[0]
    bare = bare.removeprefix("*").lstrip(".")
    covering = bare.lower() if ":" in bare else ascii_host(bare)
    return bool(covering) and (host == covering or host.endswith(f".{covering}"))


def clean(text: str, limit: int = 500) -> str:
    """Reduce a title or excerpt to one line of text.

    It has at most `limit` characters.

    Controls, bidi overrides and other invisible characters are gone and white space is collapsed. Square
    brackets become round ones, angle brackets and backticks quotation marks, and entities are decoded once
    and then broken: so the line can hold no link, no tag and no "[9]" wherever it is put. Idempotent.
    """
    decoded = _URL_ENTITY.sub(lambda found: unescape(found[0]), text[: 20 * limit])
    visible = "".join(_visible(character) for character in decoded)
    inert = _URL_ENTITY.sub(lambda found: "＆" + found[0][1:], visible).translate(_NEUTRAL)
    return " ".join(inert.split())[:limit].strip()


def _visible(character: str) -> str:
    if character.isprintable() or character in _JOINERS:
        return character
    return "" if unicodedata.category(character) in ("Cf", "Cs", "Co") else " "
