"""Write the log of a process, as text or as JSON.

What an entry is about - job, epoch, worker, provider - is in fields of its own, given as `extra`.
"""

import json
import logging
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any

from app.tracing import trace_id

# What uvicorn adds for a terminal is the message once more.
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
# What these say at INFO and DEBUG is about each request.
NOISY = ("httpx", "httpcore", "openai", "asyncio", "urllib3", "opentelemetry")
HIDDEN = "[secret]"
SHORTEST_SECRET = 6  # characters; less would be found in ordinary words

MAX_HIDDEN = 1_000  # secrets that come while a process runs; the oldest is forgotten first

_hidden: dict[str, None] = {}


def hide(secrets: Iterable[str]) -> None:
    """Keep further secrets out of the log of this process."""
    for secret in secrets:
        _hidden.update(dict.fromkeys(_written(secret)))
    while len(_hidden) > MAX_HIDDEN:
        del _hidden[next(iter(_hidden))]


def _written(secret: str) -> set[str]:
    """Return a secret as logs write it, plain and in JSON."""
    if len(secret) < SHORTEST_SECRET:
        return set()
    return {secret, json.dumps(secret, ensure_ascii=False)[1:-1]}


class LineFormatter(logging.Formatter):
    """Writes an entry as one line of text, its fields last."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        super().__init__()
        self._secrets = {form for secret in secrets for form in _written(secret)}

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without secrets."""
        line = self.line(record)
        found = [secret for secret in (*self._secrets, *_hidden) if secret in line]
        for secret in sorted(found, key=len, reverse=True):  # one may be the beginning of another
            line = line.replace(secret, HIDDEN)
        return line

    def line(self, record: logging.LogRecord) -> str:
        """Return the line as it is."""
        fields = "".join(f" {name}={value}" for name, value in _fields(record).items())
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return f"{_time(record)} {record.levelname} {record.name}: {record.getMessage()}{fields}{trace}"


class JsonFormatter(LineFormatter):
    """Writes an entry as one JSON object."""

    def line(self, record: logging.LogRecord) -> str:
        """Return the object."""
        entry = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str, ensure_ascii=False)


def set_up(level: str, form: str, secrets: Collection[str]) -> None:
    """Send the log to standard error. Raises ValueError for an unknown level."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter(secrets) if form == "json" else LineFormatter(secrets))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields = {name: value for name, value in vars(record).items() if name not in STANDARD}
    trace = trace_id(fields.get("job"))
    return {**fields, "trace": trace} if trace else fields


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
