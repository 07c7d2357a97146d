"""List what servers document of themselves.

docs/models.md says what was run and what was not.
"""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from msgspec import Struct

from app.providers.ladder import Form

Wire = Literal["chat", "responses"]
Limit = Literal["max_completion_tokens", "max_tokens"]
OLD: tuple[Limit, ...] = ("max_tokens",)
NEW: tuple[Limit, ...] = ("max_completion_tokens",)
BOTH: tuple[Limit, ...] = ("max_completion_tokens", "max_tokens")


class ServerPreset(Struct, frozen=True):
    """A kind of server."""

    name: str
    base_url: str = ""  # "": the operator names it
    key_name: str = "OPENAI_API_KEY"
    hosts: tuple[str, ...] = ()  # ends of host names by which it is known
    limits: tuple[Limit, ...] = BOTH  # the names under which it takes the longest reply
    first_form: Form = "strict"
    shows_schema: bool = False  # the model sees the schema that its reply is held to
    is_local: bool = False  # the operator's own machine: no key, no price
    slots: int = 0  # calls at once; 0: as many as there are
    truncates: bool = False  # it cuts a prompt that is too long, and says nothing
    bills: bool = False  # `usage.cost` is what the call cost, in USD
    key_header: str = "authorization"


PRESETS: Mapping[str, ServerPreset] = {
    preset.name: preset
    for preset in (
        ServerPreset(
            "openai", "https://api.openai.com/v1", hosts=("api.openai.com",), limits=NEW, shows_schema=True
        ),
        ServerPreset(
            "azure",
            hosts=(".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com"),
            key_name="AZURE_OPENAI_API_KEY",
            limits=NEW,
            shows_schema=True,
            key_header="api-key",
        ),
        ServerPreset(
            "anthropic",
            "https://api.anthropic.com/v1",
            "ANTHROPIC_API_KEY",
            ("api.anthropic.com",),
            OLD,
            shows_schema=True,
        ),
        ServerPreset(
            "gemini",
            "https://generativelanguage.googleapis.com/v1beta/openai",
            "GEMINI_API_KEY",
            ("generativelanguage.googleapis.com",),
            OLD,
            shows_schema=True,
        ),
        ServerPreset(
            "mistral",
            "https://api.mistral.ai/v1",
            "MISTRAL_API_KEY",
            ("api.mistral.ai",),
            OLD,
            shows_schema=True,
        ),
        ServerPreset(
            "groq",
            "https://api.groq.com/openai/v1",
            "GROQ_API_KEY",
            ("api.groq.com",),
            NEW,
            shows_schema=True,
        ),
        ServerPreset(
            "deepseek",
            "https://api.deepseek.com",
            "DEEPSEEK_API_KEY",
            ("api.deepseek.com",),
            OLD,
            first_form="json_object",
        ),
        ServerPreset(
            "openrouter",
            "https://openrouter.ai/api/v1",
            "OPENROUTER_API_KEY",
            ("openrouter.ai",),
            OLD,
            bills=True,
        ),
        ServerPreset(
            "ollama", "http://127.0.0.1:11434/v1", limits=OLD, is_local=True, slots=1, truncates=True
        ),
        ServerPreset("vllm", "http://127.0.0.1:8000/v1", is_local=True),
        ServerPreset("llama.cpp", "http://127.0.0.1:8080/v1", limits=OLD, is_local=True, slots=1),
        ServerPreset("lmstudio", "http://127.0.0.1:1234/v1", limits=OLD, is_local=True, slots=1),
        # Any other server that speaks OpenAI's chat completions.
        ServerPreset("other", truncates=True),
    )
}


def preset_at(base_url: str) -> ServerPreset:
    """Return the kind of server by its host, or local port."""
    if not base_url:
        return PRESETS["openai"]
    parts = urlsplit(base_url)
    host = (parts.hostname or "").lower()
    for preset in PRESETS.values():
        if any(host == end or (end.startswith(".") and host.endswith(end)) for end in preset.hosts):
            return preset
    is_ollama = parts.port == urlsplit(PRESETS["ollama"].base_url).port  # nothing else uses this one
    return PRESETS["ollama"] if is_ollama else PRESETS["other"]
