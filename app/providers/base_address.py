"""Join a base address with an API's path.

The base may have any form.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from app.errors import BadSetting

# What a base may end with.
ENDPOINTS = ("/chat/completions", "/responses", "/completions", "/models", "/embeddings", "/rerank")


def checked_address(name: str, url: str) -> str:
    """The address of a server. Raises BadSetting that names it."""
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is not a number, brackets without an address
        is_web = False
    if not is_web:
        raise BadSetting(f"{name} must be an address that begins with http:// or https://.")
    if any(character.isspace() or not character.isprintable() for character in url):
        raise BadSetting(f"{name} must be an address without spaces or control characters.")
    if parts.username or parts.password:
        raise BadSetting(f"{name} must be an address without a user and a password. Set the key instead.")
    return url


def joined(base: str, path: str, query: Mapping[str, str] | None = None) -> str:
    """Return the address of `path` under a base.

    The base may have a query, or end with an endpoint already.

    `query` is added to what the base has; of two values for one name, that of `query` counts.
    """
    parts = urlsplit(base)
    root = parts.path.rstrip("/")
    root = next((root.removesuffix(end) for end in ENDPOINTS if root.endswith(end)), root)
    given = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **(query or {})}
    return urlunsplit((parts.scheme, parts.netloc, root + path, urlencode(given), ""))
