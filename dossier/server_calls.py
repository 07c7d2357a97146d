"""Send requests to a server, and read what it answers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

JSON_TYPE = {"Content-Type": "application/json"}


class ServerCalls(ABC):
    """What each part of the client is built on."""

    @abstractmethod
    async def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's
        """Send a request. Raises NoContact, ApiError."""

    async def _send(
        self,
        method: str,
        path: str,
        body: object,
        headers: Mapping[str, str] = MappingProxyType({}),
        **options: Any,  # noqa: ANN401 - httpx's
    ) -> httpx.Response:
        """Send a body of JSON. Raises NoContact, ApiError."""
        content = msgspec.json.encode(body)
        return await self._ask(method, path, content=content, headers={**JSON_TYPE, **headers}, **options)


def path_of(*parts: object) -> str:
    """Return the path of these parts, each quoted whole."""
    return "".join(f"/{quote(str(part), safe='')}" for part in parts)


def given(**wanted: Any) -> dict[str, Any]:  # noqa: ANN401 - the values of a query
    """Return the parameters of a query that say something."""
    return {name: value for name, value in wanted.items() if value not in (None, "", [])}
