"""Compress what is sent whole, for those who take gzip."""

import re
import zlib

from litestar.datastructures import MutableScopeHeaders
from litestar.types import HTTPResponseStartEvent, Message, Send

GZIP_REFUSED = re.compile(r"q\s*=\s*0(?:\.0{0,3})?")
GZIP_WINDOW = 31  # bits for zlib, which then writes a header and trailer of gzip
GZIP_LEVEL = 3
COMPRESSED_FROM = 2048  # bytes of a body
# The `opt` of routes whose answers are sent as they are: streams, files, and what is compressed already.
SENT_AS_IS = {"is_sent_as_is": True}


def compressing(send: Send) -> Send:
    """Return a `send` that compresses long bodies sent in one piece."""
    start: HTTPResponseStartEvent | None = None

    async def send_compressed(message: Message) -> None:
        """Keep the head until the body's length is known."""
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
            return
        if start is not None:
            head, start = start, None
            if message["type"] == "http.response.body" and not message.get("more_body"):
                message["body"] = _compressed(head, message["body"])
            await send(head)
        await send(message)

    return send_compressed


def _compressed(head: HTTPResponseStartEvent, body: bytes) -> bytes:
    """Return the body to send, and name its encoding in the head."""
    headers = MutableScopeHeaders(head)
    if len(body) < COMPRESSED_FROM or "content-encoding" in headers:
        return body
    packed = zlib.compress(body, GZIP_LEVEL, GZIP_WINDOW)
    headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(len(packed))
    if "vary" in headers:  # else the usual one is added, which names it
        headers.extend_header_value("vary", "Accept-Encoding")
    return packed


def takes_gzip(accepted: str) -> bool:
    """Tell whether an `Accept-Encoding` (RFC 9110, 12.5.3) takes gzip."""
    for coding in accepted.lower().split(","):
        name, _, weight = coding.partition(";")
        if name.strip() in {"gzip", "x-gzip"}:
            return not GZIP_REFUSED.fullmatch(weight.strip())
    return False
