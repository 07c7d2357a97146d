"""Load each bundle of trusted authorities once in a process.

It takes 40 ms, and every HTTP client does it.
"""

import functools
import ssl
from collections.abc import Callable


def sharing() -> Callable[..., ssl.SSLContext]:
    """Return what takes the place of `ssl.create_default_context`."""
    make = ssl.create_default_context
    shared = functools.cache(make)

    def create(*purpose: ssl.Purpose, **trusted: object) -> ssl.SSLContext:
        # httpx names a file or a folder, and changes nothing in what it gets.
        by_place = not purpose and trusted.keys() in ({"cafile"}, {"capath"})
        return shared(**trusted) if by_place else make(*purpose, **trusted)

    return create
