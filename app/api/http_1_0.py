"""Answer HTTP/1.0, which knows no chunks."""

import sys

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

BODILESS = (204, 304)
ENDLESS = sys.maxsize  # bytes; as long as the connection is open


class UntilClose(RequestResponseCycle):
    """Sends a body of unknown length until the connection closes."""

    async def send(self, message: ASGISendEvent) -> None:
        """Send a part of the response as it is."""
        if message["type"] == "http.response.start" and not self.response_started:
            self._begin(message["status"], [name.lower() for name, _ in message["headers"]])
        elif (
            message["type"] == "http.response.body"
            and self.expected_content_length > ENDLESS // 2
            and not message.get("more_body", False)
        ):
            self.expected_content_length = len(message.get("body", b""))  # these are the last
        await super().send(message)

    def _begin(self, status: int, names: list[bytes]) -> None:
        has_body = self.scope["method"] != "HEAD" and status not in BODILESS
        if has_body and b"content-length" not in names:
            self.chunked_encoding, self.expected_content_length = False, ENDLESS
