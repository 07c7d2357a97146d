"""Everything that one configured model is asked with."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from app.logs import SHORTEST_SECRET
from app.providers.exchange import ModelPatience
from app.providers.presets import PRESETS, ServerPreset, Wire
from app.providers.prices import Price

REPLY_TOKENS = 16_000  # tokens of one reply, with its hidden reasoning
VERSION = "api-version"  # no secret, and what some refusals are about
PLANNING_TOKENS = 6_000  # tokens of a reply that cannot be a report


class ModelSpec(Struct, frozen=True, kw_only=True):
    """A model, its server, and how it is to be asked."""

    model: str  # as its server calls it
    name: str = ""  # as requests and the log call it; empty: as its server does
    preset: ServerPreset = PRESETS["openai"]
    base_url: str = ""  # empty: the preset's
    base_name: str = "OPENAI_BASE_URL"  # the setting that holds it, for messages
    key: str = "none"
    key_name: str = "OPENAI_API_KEY"
    wire: Wire = "chat"
    price: Price | None = None
    patience: ModelPatience = ModelPatience()
    reply_tokens: int = REPLY_TOKENS  # 0: no limit is asked for
    planning_tokens: int = PLANNING_TOKENS
    context: int = 0  # tokens; 0: it is learnt where a server says it
    slots: int = 0  # calls to its server at once; 0: the preset's
    options: Mapping[str, Any] = {}  # fields of the request, like temperature or seed
    headers: Mapping[str, str] = {}
    query: Mapping[str, str] = {}  # of the address, like api-version
    body: Mapping[str, Any] = {}  # further fields, sent as they are

    @property
    def label(self) -> str:
        """The provider's name in the log."""
        return f"{self.server}:{self.name or self.model}"

    @property
    def server(self) -> str:
        """Return the kind of server for the log.

        What speaks OpenAI's language goes by its name.
        """
        return "openai" if self.preset.name == "other" else self.preset.name

    @property
    def secrets(self) -> frozenset[str]:
        """Return what no message may repeat.

        That is the key, and what else is sent beside the body; short values are words.
        """
        query = (value for name, value in self.query.items() if name != VERSION)
        sent = {self.key, *self.headers.values(), *query}
        return frozenset(value for value in sent if len(value) >= SHORTEST_SECRET)

    @property
    def address(self) -> str:
        """Where the server is."""
        return self.base_url or self.preset.base_url
