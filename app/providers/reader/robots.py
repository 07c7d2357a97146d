"""Obey robots.txt (RFC 9309)."""

import time
from urllib.parse import urlsplit, urlunsplit

from protego import Protego

from app.errors import ProviderError
from app.providers.reader.fetching import Fetcher, PageRefused

ROBOT = "dossier"  # the name that rules are looked up by
KEPT_SECONDS = 86_400.0  # RFC 9309, 2.4
MAX_ROBOTS = 512_000  # bytes of a robots.txt that count
MAX_ROBOT_SITES = 1000  # whose rules are kept
ALLOW_ALL, REFUSE_ALL = "", "User-agent: *\nDisallow: /"


class Robots:
    """The rules of the sites that were read from."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._rules: dict[str, tuple[float, Protego]] = {}

    async def check(self, url: str) -> None:
        """Raise ProviderError where a site's robots.txt refuses this page."""
        parts = urlsplit(url)
        rules = await self._rules_of(urlunsplit((parts.scheme, parts.netloc, "/robots.txt", "", "")))
        if not rules.can_fetch(url, ROBOT):
            message = f"robots.txt of {parts.hostname} refuses this page. Set DOSSIER_ROBOTS=ignore."
            raise ProviderError("validation", message, retryable=False)

    async def _rules_of(self, address: str) -> Protego:
        until, rules = self._rules.get(address, (0.0, None))
        if rules is None or time.monotonic() > until:
            rules = Protego.parse(await self._text(address))
            self._rules[address] = time.monotonic() + KEPT_SECONDS, rules
            if len(self._rules) > MAX_ROBOT_SITES:
                self._rules.pop(next(iter(self._rules)))
        return rules

    async def _text(self, address: str) -> str:
        """Return the rules of a site.

        A site without them allows all, one that fails refuses all.
        """
        try:
            page = await self._fetcher.fetch(address)
        except PageRefused as refusal:
            return ALLOW_ALL if 400 <= refusal.status < 500 else REFUSE_ALL
        return page.body[:MAX_ROBOTS].decode("utf-8-sig", errors="replace")
