"""Keys that a tenant has with model and search providers."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

# What a tenant's own key can be for; docs/security.md says what each replaces.
KeyedProvider = Literal[
    "openai",
    "anthropic",
    "gemini",
    "mistral",
    "groq",
    "deepseek",
    "openrouter",
    "embedding",
    "rerank",
    "tavily",
    "brave",
    "http",
]


class NewProviderKey(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `PUT /provider-keys`."""

    provider: KeyedProvider
    key: Annotated[str, Meta(min_length=1, max_length=4000)]
    base_url: Annotated[str, Meta(max_length=1000)] = ""  # empty: the provider's own address

    def __repr__(self) -> str:
        """Without the key."""
        return f"NewProviderKey({self.provider})"


class ProviderKey(Struct, frozen=True, kw_only=True):
    """A key that is kept, without the key itself."""

    tenant: str
    provider: str
    base_url: str
    set_at: datetime
    set_by: str


class ProviderKeys(Struct, frozen=True):
    """The keys of the caller's tenant, by provider."""

    provider_keys: list[ProviderKey]
