"""A token with which other pages follow one job."""

from datetime import datetime

from msgspec import Struct


class StreamToken(Struct, frozen=True, kw_only=True):
    """A token and the stream that it opens, shown only once."""

    token: str
    stream_url: str
    expires_at: datetime
