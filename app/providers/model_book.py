"""The configured models.

The default server's go by any name, the others as `models.toml` names them.
"""

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Struct, structs

from app.domain.master_key import OpenedKey
from app.errors import BadSetting, ProviderError
from app.providers.base_address import checked_address
from app.providers.model_spec import ModelSpec
from app.providers.presets import PRESETS, Wire, preset_at
from app.providers.prices import Price, price_of
from app.providers.tenant_keys import named

# Fields of a request that are sent as they are.
OPTIONS = (
    "temperature",
    "top_p",
    "seed",
    "reasoning_effort",
    "verbosity",
    "prompt_cache_key",
    "store",
    "service_tier",
    "safety_identifier",
)
WAITS = {
    "connect_seconds": "connect",
    "first_seconds": "first_token",
    "silence_seconds": "silence",
    "call_seconds": "call",
}
DEFAULT_SERVER = "openai"  # the name of the default server's key among those of tenants
KEY_RESERVED = frozenset({"model", "messages", "input", "stream"})  # of a request, not to be replaced


class ModelEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A model as `models.toml` describes it.

    What is left out is as for the default one.
    """

    model: str = ""  # as its server calls it; empty: as it is named here
    preset: str = ""
    base_url: str = ""
    key: str = ""  # name of the variable that holds the key
    wire: Wire = "chat"
    price: Price | None = None
    ends: date | None = None  # the last day on which its server has it
    context: int = 0
    reply_tokens: int | None = None
    planning_tokens: int | None = None
    concurrency: int = 0
    connect_seconds: float | None = None
    first_seconds: float | None = None
    silence_seconds: float | None = None
    call_seconds: float | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    reasoning_effort: str | None = None
    verbosity: str | None = None
    prompt_cache_key: str | None = None
    store: bool | None = None
    service_tier: str | None = None
    safety_identifier: str | None = None
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    api_version: str = ""
    body: dict[str, Any] = {}  # further fields of the request


class ModelsFile(Struct, frozen=True, forbid_unknown_fields=True):
    """What `models.toml` says."""

    default: str = ""  # the model of jobs that name none; empty: DOSSIER_MODEL
    allow: tuple[str, ...] = ()  # names that requests may have; empty: any
    models: dict[str, ModelEntry] = {}


def load_models(path: Path | None) -> ModelsFile:
    """The file of models, or an empty one. Raises BadSetting."""
    if path is None:
        return ModelsFile()
    try:
        found = msgspec.convert(tomllib.loads(path.read_text("utf-8")), ModelsFile)
    except (OSError, ValueError) as error:
        raise BadSetting(f"DOSSIER_MODELS: {path} cannot be read: {error}") from error
    for name, entry in found.models.items():
        if entry.preset and entry.preset not in PRESETS:
            known = ", ".join(PRESETS)
            message = f"DOSSIER_MODELS: the preset of {name} is {entry.preset!r}; known are {known}."
            raise BadSetting(message)
        if reserved := sorted(KEY_RESERVED & entry.body.keys()):
            raise BadSetting(f"DOSSIER_MODELS: the body of {name} cannot set {', '.join(reserved)}.")
    return found


class ModelBook:
    """Says how each model is asked, by its name in requests.

    Args:
        file: what models.toml says.
        usual: how the default server is asked; None where there is none.
        prices: by the models' names.
        environment: where the keys are.
        own: a tenant's keys by the kind of server; `openai` is the default server, which `usual` is then.
    """

    def __init__(
        self,
        file: ModelsFile,
        usual: ModelSpec | None,
        prices: Mapping[str, Price],
        environment: Mapping[str, str],
        own: Mapping[str, OpenedKey] = MappingProxyType({}),
    ) -> None:
        self._file = file
        self._usual = usual
        self._own = own
        self._prices = prices
        self._environment = environment
        for name in file.models:
            self._checked(self.spec(name, is_asked=False))
        self.default = file.default or (usual.model if usual else next(iter(file.models), ""))

    @property
    def names(self) -> tuple[str, ...]:
        """The models that are known by name, the default one first."""
        first = (self.default,) if self.default else ()
        allowed = tuple(name for name in self._file.allow if self._usual or name in self._file.models)
        return tuple(dict.fromkeys((*first, *self._file.models, *allowed)))

    @property
    def secrets(self) -> frozenset[str]:
        """Return what no log may show.

        That is keys, and values of headers and queries.
        """
        return frozenset[str]().union(
            *(self.spec(name, is_asked=False).secrets for name in self._file.models)
        )

    def is_offered(self, name: str) -> bool:
        """Return True if a request may name this model."""
        allow, own = self._file.allow, self._file.models
        is_allowed = not allow or name in (*allow, self.default)
        return is_allowed and (name in own or self._usual is not None)

    def is_priced(self, name: str | None) -> bool:
        """Return True if the cost of a model's calls is known."""
        spec = self.spec(name or self.default)
        return spec.price is not None or spec.preset.bills

    def spec(self, name: str, *, is_asked: bool = True) -> ModelSpec:
        """Return how a model is asked.

        Raises ProviderError where a request may not name it.
        """
        allow = self._file.allow
        if is_asked and allow and name not in (*allow, self.default):
            message = f"model is {name!r}; this worker allows {', '.join(allow)}."
            raise ProviderError("validation", message, retryable=False)
        entry = self._file.models.get(name)
        if entry is not None:
            return self._entered(name, entry)
        if self._usual is None:
            message = f"model is {name!r}, and this worker has no server for it (OPENAI_API_KEY)."
            raise ProviderError("auth", message, retryable=False)
        return structs.replace(self._usual, model=name, price=price_of(name, self._prices))

    def ends(self, name: str) -> date | None:
        """The last day of a model that `models.toml` gives."""
        entry = self._file.models.get(name)
        return entry.ends if entry else None

    def _entered(self, name: str, entry: ModelEntry) -> ModelSpec:
        usual = self._usual or ModelSpec(model="")
        preset = PRESETS[entry.preset] if entry.preset else preset_at(entry.base_url or usual.address)
        is_own = bool(entry.preset or entry.base_url)  # another server than the default one
        model = entry.model or name
        waits = {to: value for of, to in WAITS.items() if (value := getattr(entry, of)) is not None}
        query = {**entry.query, **({"api-version": entry.api_version} if entry.api_version else {})}
        spec = ModelSpec(
            model=model,
            name=name,
            preset=preset,
            base_url=entry.base_url or ("" if is_own else usual.base_url),
            base_name=f"DOSSIER_MODELS: the base_url of {name}",
            wire=entry.wire,
            price=entry.price or price_of(model, self._prices),
            patience=structs.replace(usual.patience, **waits),
            reply_tokens=usual.reply_tokens if entry.reply_tokens is None else entry.reply_tokens,
            planning_tokens=(
                usual.planning_tokens if entry.planning_tokens is None else entry.planning_tokens
            ),
            context=entry.context,
            slots=entry.concurrency or (0 if is_own else usual.slots),
            options={field: value for field in OPTIONS if (value := getattr(entry, field)) is not None},
            headers=entry.headers,
            query=query,
            body=entry.body,
        )
        if own := self._own_key(entry, preset.name, is_own=is_own):
            return _owned(spec, own)
        key_name = entry.key or (preset.key_name if is_own else usual.key_name)
        key = self._environment.get(key_name, "") if is_own or entry.key else usual.key
        if not key and not preset.is_local and preset.name != "other":
            raise BadSetting(f"DOSSIER_MODELS: the key of {name} is to be in {key_name}, which is not set.")
        return structs.replace(spec, key=key or "none", key_name=key_name)

    def _own_key(self, entry: ModelEntry, kind: str, *, is_own: bool) -> OpenedKey | None:
        """Return the tenant's key for a model's server, if any.

        An address of the operator's file gets the operator's key alone.
        """
        if entry.base_url:
            return None
        return self._own.get(kind if is_own else DEFAULT_SERVER)

    def _checked(self, spec: ModelSpec) -> None:
        checked_address(spec.base_name, spec.address)


def _owned(spec: ModelSpec, own: OpenedKey) -> ModelSpec:
    """Return a model that is asked with a tenant's key.

    Headers and queries of the operator's file may be secrets, and are not sent to a tenant's address.
    """
    kind = preset_at(own.base_url) if own.base_url else spec.preset
    owned = structs.replace(spec, key=own.key, key_name=named(spec.preset.name), base_url=own.base_url)
    return structs.replace(owned, preset=kind, base_name="base_url", headers={}, query={})
