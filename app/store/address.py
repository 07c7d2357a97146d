"""Parse the address of Postgres: one host, or several with a primary."""

import functools
import re
from typing import NamedTuple

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from app.errors import BadSetting

PORT = 5432
URLS = ("DATABASE_URL", "DATABASE_URL_READ", "DATABASE_URL_REPORT", "DOSSIER_LISTEN_URL")
SESSION = "target_session_attrs"
WRITABLE = "read-write"  # what is looked for where the URL does not say: everybody writes

# libpq's several hosts, which SQLAlchemy takes for one host and a port that is not a number.
HOSTS = re.compile(r"^(?P<before>[\w+]+://(?:[^:/]*(?::[^@]*)?@)?)(?P<hosts>[^/?@]*,[^/?@]*)")


# What libpq and other clients know, and Postgres would refuse as a setting of the session.
LEFT_OUT = frozenset(
    {
        "channel_binding",  # the driver has none; sslmode=verify-full proves the server too
        "client_encoding",
        "connect_timeout",
        "connection_limit",
        "gssencmode",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "load_balance_hosts",
        "pgbouncer",
        "pool_timeout",
        "schema",
        "sslcompression",
        "sslcrldir",
        "sslsni",
        "tcp_user_timeout",
    }
)


class Host(NamedTuple):
    """A name, an address, or the folder of a unix socket.

    An IPv6 address has no brackets.
    """

    name: str
    port: int


class BadAddress(BadSetting):
    """A URL does not lead to a Postgres.

    Its words are left out: one of them may be the password.
    """

    def __init__(self) -> None:
        super().__init__(f"One of {', '.join(URLS)} is invalid; expected postgresql://user@host/database.")


@functools.lru_cache(maxsize=32)  # each new connection asks three times
def parsed(url: str) -> URL:
    """Return the parts of a Postgres URL.

    Several hosts, however they are written, become `host` and `port` of its query.

    Raises BadAddress.
    """
    found = HOSTS.match(url)
    try:
        parts = make_url(found["before"] + url[found.end() :] if found else url)
        several = _several(parts, found["hosts"] if found else None)
    except (ValueError, ArgumentError):  # what they say may repeat it
        raise BadAddress from None
    if not several:
        return parts
    names, ports = zip(*several, strict=True)
    lists = {"host": ",".join(names), "port": ",".join(map(str, ports))}
    return parts.set(host=None, port=None, query={**parts.query, **lists})


def hosts(url: str) -> list[Host]:
    """Return the hosts to try, in order.

    The list is empty if the URL names one at most. Raises as `parsed` does.
    """
    return _several(parsed(url), None)


def driver_url(url: str) -> str:
    """Rewrite a Postgres URL in the form that asyncpg takes.

    Raises as `parsed` does.
    """
    parts = parsed(url)
    if several := hosts(url):
        bracketed = (f"[{name}]" if ":" in name else name for name, _ in several)
        parts = parts.update_query_dict({"host": ",".join(bracketed)})
    parts = parts.difference_update_query(sorted(LEFT_OUT & parts.query.keys()))
    return parts.set(drivername="postgresql").render_as_string(hide_password=False)


def session(url: str) -> str:
    """Return the kind of session to accept, a primary's by default."""
    return str(parsed(url).query.get(SESSION, WRITABLE))


def standby_url(url: str) -> str:
    """Return the URL for reads.

    It asks for a standby unless it says otherwise.
    """
    parts = parsed(url)
    asked = parts if SESSION in parts.query else parts.update_query_dict({SESSION: "standby"})
    return asked.render_as_string(hide_password=False)


def _several(parts: URL, listed: str | None) -> list[Host]:
    """Split a list of hosts, from before the path or the query.

    It is `a:1,b:2`, or a list of each.
    """
    names = _listed(listed if listed is not None else parts.query.get("host", ()))
    if len(names) < 2:
        return []
    ports = _listed(parts.query.get("port", ())) or [str(parts.port or "")]
    if len(ports) == 1:
        ports *= len(names)
    if len(ports) != len(names):
        raise BadAddress
    return [_host(name, port) for name, port in zip(names, ports, strict=True)]


def _listed(value: str | tuple[str, ...]) -> list[str]:
    values = (value,) if isinstance(value, str) else value
    return [part for text in values for part in text.split(",")]


def _host(text: str, port: str) -> Host:
    """Parse a host: `name`, `name:port`, `[address]:port`, IPv6, or a socket's folder."""
    if text.startswith("["):
        name, _, own = text[1:].partition("]")
        return Host(name, int(own.removeprefix(":") or port or PORT))
    if text.startswith("/") or text.count(":") > 1:
        return Host(text, int(port or PORT))
    name, _, own = text.partition(":")
    return Host(name or "localhost", int(own or port or PORT))
