"""Read what the server answers."""

from typing import TypeVar

import httpx
import msgspec

from dossier import lenient
from dossier.problems import StreamBroken

ResponseT = TypeVar("ResponseT")


def decoded(response: httpx.Response, kind: type[ResponseT]) -> ResponseT:
    """Return a response's body as its type. Raises StreamBroken."""
    try:
        return lenient.decode(response.content, kind)
    except msgspec.DecodeError as error:
        raise StreamBroken(f"{response.url} did not return a valid Dossier response: {error}") from error
