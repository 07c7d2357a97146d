"""Admit requests to this server's own names, and from its own pages.

A page of another site can have its name lead to this machine (DNS rebinding), and can have a browser send
requests here. The first is seen by the Host header, the second by Origin.
"""

import ipaddress
import re
import socket
from collections.abc import Sequence
from functools import lru_cache

import msgspec
from litestar.types import ASGIApp, HTTPSendMessage, Receive, Scope, Send

from app.api.problem_details import MEDIA_TYPE, problem

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
HOST_HEADER = re.compile(
    r"(?P<name>[A-Za-z0-9_.\-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?"
)
NO_SNIFF = (b"x-content-type-options", b"nosniff")
# What each representation says unless its route says something else.
USUAL_HEADERS = (
    NO_SNIFF,
    (b"cache-control", b"no-store"),
    (b"vary", b"Accept, Accept-Encoding, Authorization, Cookie"),
)
HOST_NOT_ALLOWED = (
    "This server does not answer to this name. Let its operator add the name to DOSSIER_ALLOWED_HOSTS."
)
ORIGIN_NOT_ALLOWED = (
    "A page of another site sent this. Let the operator add that site to DOSSIER_ALLOWED_ORIGINS."
)


class AllowedHosts:
    """The names that a server answers to.

    An address is always one: no other site's name can look like it.
    """

    def __init__(self, named: Sequence[str] = ()) -> None:
        self._named = frozenset(name.lower() for name in named)
        self._own = frozenset({"localhost", socket.gethostname().lower()})
        self.takes = lru_cache(maxsize=1_000)(self._takes)

    def _takes(self, host: str) -> bool | None:
        """Return whether a Host header is allowed, None if malformed."""
        found = HOST_HEADER.fullmatch(host)
        if found is None or int(found["port"] or 1) > 65_535:
            return None
        name = found["name"].lower().removesuffix(".")
        if name in self._own or name.endswith(".localhost") or _is_address(name):
            return True
        port = found["port"]
        return not self._named.isdisjoint({name if port is None else f"{name}:{port}", f"{name}:*"})

    def is_named(self, origin: str) -> bool:
        """Return True for an origin whose host the operator has named."""
        scheme, _, host = origin.partition("://")
        found = HOST_HEADER.fullmatch(host)
        if found is None or scheme not in ("http", "https"):
            return False
        return not self._named.isdisjoint({host.lower(), f"{found['name'].lower()}:*"})


class RequestGuard:
    """Refuses foreign hosts and origins, and completes the headers of answers."""

    def __init__(self, app: ASGIApp, hosts: AllowedHosts, origins: Sequence[str] = ()) -> None:
        self._app = app
        self._hosts = hosts
        self._origins = frozenset(origin.rstrip("/").lower() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":  # type: ignore[comparison-overlap]
            await self._app(scope, receive, send)
            return
        send = _completing(send)
        if refused := self._refusal(scope):
            await _answer(send, *refused)
            return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[str, str] | None:
        """Return the code and the words of a refusal, or None."""
        given: dict[bytes, list[bytes]] = {b"host": [], b"origin": [], b"sec-fetch-site": []}
        for name, value in scope["headers"]:
            if name in given:
                given[name].append(value)
        hosts = [host.decode("latin-1") for host in given[b"host"]]
        if not hosts and scope.get("http_version") == "1.0":
            return None
        takes = self._hosts.takes(hosts[0]) if len(hosts) == 1 else None
        if takes is None:
            return "malformed_host", "Send one Host header: a name or an address, and a port."
        if not takes:
            return "host_not_allowed", HOST_NOT_ALLOWED
        if scope["method"] not in SAFE and self._is_foreign(hosts[0], given):  # type: ignore[typeddict-item]
            return "origin_not_allowed", ORIGIN_NOT_ALLOWED
        return None

    def _is_foreign(self, host: str, given: dict[bytes, list[bytes]]) -> bool:
        origins = [origin.decode("latin-1") for origin in given[b"origin"]]
        if not origins:  # browsers send one with each unsafe request; old ones may say this instead
            return given[b"sec-fetch-site"] == [b"cross-site"]
        known = {f"http://{host}".lower(), f"https://{host}".lower(), *self._origins}
        return "*" not in known and not all(
            origin.lower() in known or self._hosts.is_named(origin) for origin in origins
        )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _completing(send: Send) -> Send:
    """Return a `send` that adds the usual headers where they are missing."""

    async def pass_on(message: HTTPSendMessage) -> None:
        if message["type"] == "http.response.start":
            headers = list(message["headers"])
            said = {name.lower() for name, _ in headers}
            headers += [header for header in USUAL_HEADERS if header[0] not in said]
            message["headers"] = headers
        await send(message)

    return pass_on  # type: ignore[return-value]


async def _answer(send: Send, code: str, detail: str) -> None:
    refused = problem(code, detail)
    body = msgspec.json.encode(refused)
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
