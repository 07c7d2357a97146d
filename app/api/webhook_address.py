"""Check the address of a webhook."""

from urllib.parse import urlsplit

from app.api.problem_details import BadRequest


def check_webhook_url(url: str, field: str = "url") -> None:
    """Refuse an address that no message could be sent to.

    Where a name leads is checked with each message, in the connection. Raises BadRequest.
    """
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or not url.isascii() or not url.isprintable() or " " in url:
        raise BadRequest("malformed_url", "Use an address that begins with https://.", field)
    if parts.username is not None or parts.password is not None:
        raise BadRequest("malformed_url", "Use an address without a user and a password.", field)
