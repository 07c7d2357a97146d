"""Look single headers up.

Litestar makes a map of all headers first, which costs more than the few that most requests are asked for.
"""

from typing import Any

from litestar import Request
from litestar.types import Scope


def header_of(scope: Scope, name: bytes) -> str | None:
    """Return the first value of a header, or None."""
    for given, value in scope["headers"]:
        if given == name:
            return value.decode("latin-1")
    return None


class LeanRequest(Request[Any, Any, Any]):
    """A request whose body is read without a map of headers."""

    __slots__ = ()

    @property
    def content_length(self) -> int | None:
        """Return the announced length. The body is bounded without it too."""
        announced = header_of(self.scope, b"content-length") or ""
        return int(announced) if announced.isdecimal() else None
