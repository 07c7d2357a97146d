"""Compress what is sent whole, for those who take gzip."""

import re
import zlib

from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.middleware.compression import CompressionMiddleware
from litestar.types import HTTPResponseStartEvent, Message, Receive, Scope, Send

GZIP_REFUSED = re.compile(r"q\s*=\s*0(?:\.0{0,3})?")
GZIP_WINDOW = 31  # bits for zlib, which then writes a header and trailer of gzip


class WholeBodies(CompressionMiddleware):
    """Compresses a body that is long enough and sent in one piece.

    Litestar's makes a compressor for each request, before it knows whether it needs one, and takes
    `gzip;q=0` for a yes.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, compressed if its client takes that."""
        takes = takes_gzip(Headers.from_scope(scope).get("accept-encoding", ""))
        await self.app(scope, receive, self._compressing(send) if takes else send)

    def _compressing(self, send: Send) -> Send:
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
                    message["body"] = self._compressed(head, message["body"])
                await send(head)
            await send(message)

        return send_compressed

    def _compressed(self, head: HTTPResponseStartEvent, body: bytes) -> bytes:
        """Return the body to send, and name its encoding in the head."""
        headers = MutableScopeHeaders(head)
        if len(body) < self.config.minimum_size or "content-encoding" in headers:
            return body
        packed = zlib.compress(body, self.config.gzip_compress_level, GZIP_WINDOW)
        headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(packed))
        headers.extend_header_value("vary", "Accept-Encoding")
        return packed


def takes_gzip(accepted: str) -> bool:
    """Tell whether an `Accept-Encoding` (RFC 9110, 12.5.3) takes gzip."""
    for coding in accepted.lower().split(","):
        name, _, weight = coding.partition(";")
        if name.strip() in {"gzip", "x-gzip"}:
            return not GZIP_REFUSED.fullmatch(weight.strip())
    return False
