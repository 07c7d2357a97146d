"""Read the body of a request that asks for another protocol.

A server may ignore that (RFC 9110, 7.8), as this one does. Java's HttpClient asks for HTTP/2 with its first
request, whatever that is. The parser leaves the body out then, so another one reads it.
"""

from collections.abc import Iterable

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class RestOfRequest:
    """Passes on what a parser finds after its first head."""

    def __init__(self, protocol: HttpToolsProtocol) -> None:
        self._protocol = protocol
        self._is_in_first_head = True

    def on_message_begin(self) -> None:
        """Pass on the beginning of a later request."""
        if not self._is_in_first_head:
            self._protocol.on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Pass on a later url."""
        if not self._is_in_first_head:
            self._protocol.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Pass on a later header."""
        if not self._is_in_first_head:
            self._protocol.on_header(name, value)

    def on_headers_complete(self) -> None:
        """Note the first end of a head, and pass on later ones."""
        if self._is_in_first_head:
            self._is_in_first_head = False
        else:
            self._protocol.on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Pass on a part of a body."""
        self._protocol.on_body(body)

    def on_message_complete(self) -> None:
        """Pass on the end of a request."""
        self._protocol.on_message_complete()


def framing_of(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the header that says how long the body is, or nothing."""
    for name, value in headers:
        if name == b"transfer-encoding" or (name == b"content-length" and value != b"0"):
            return b"%b: %b\r\n" % (name, value)
    return b""


def rest_parser(protocol: HttpToolsProtocol, framing: bytes) -> httptools.HttpRequestParser:
    """Return a parser that goes on with the body."""
    parser = httptools.HttpRequestParser(RestOfRequest(protocol))
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n" % framing)
    return parser
