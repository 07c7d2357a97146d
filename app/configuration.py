"""Turn settings into the models, search engines and readers that they name."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, get_args
from urllib.parse import urlsplit

import httpx
from msgspec.structs import replace

from app.agent.ceilings import Ceilings
from app.api.discovery import Offered
from app.api.sign_in_door import SignInDoor
from app.domain.master_key import MasterKeys, OpenedKey
from app.domain.sign_in import ClaimRules
from app.domain.wanted_model import WantedModel, prefixes_of
from app.errors import BadSetting
from app.handle import Terms
from app.providers.embedding import DocumentEmbedder, ServerEmbedder
from app.providers.engines.choice import engine_names
from app.providers.exchange import ModelPatience
from app.providers.model_book import DEFAULT_SERVER, ModelBook, load_models
from app.providers.model_spec import ModelSpec
from app.providers.presets import preset_at
from app.providers.prices import load_prices, price_of
from app.providers.reader.fetching import Fetcher
from app.providers.reader.page_reader import PageReader, ReadPdf
from app.providers.reader.robots import Robots
from app.providers.reranking import ServerReranker
from app.providers.tenant_keys import named
from app.settings import Settings, key_environment
from app.tracing import Tracer
from dossier.request import Effort, Verify
from dossier.version import __version__

# By DOSSIER_RESEARCH. A deep job has parts enough for several threads; a shorter one is the cheaper by turns.
THREADED_EFFORTS: Mapping[str, frozenset[Effort]] = {
    "": frozenset({"deep"}),
    "turns": frozenset(),
    "threads": frozenset({"standard", "deep"}),
}

NO_KEYS: Mapping[str, OpenedKey] = MappingProxyType({})
# The settings of a key and its address that a tenant's key replaces.
REPLACED = {
    DEFAULT_SERVER: ("openai_api_key", "openai_base_url"),
    "embedding": ("embedding_key", "embedding_url"),
    "rerank": ("rerank_key", "rerank_url"),
    "tavily": ("tavily_api_key", "tavily_base_url"),
    "brave": ("brave_api_key", "brave_base_url"),
    "http": ("search_key", "search_url"),
}

# Of these the operator chooses the model, so without an address of his a tenant's key has no use.
CHOSEN_BY_OPERATOR = {"embedding": "embedding_url", "rerank": "rerank_url"}


def offered_by(settings: Settings) -> Offered:
    """Return the models and search engines that the settings name."""
    book = model_book(settings)
    names, default = (book.names, book.default) if book else ((), None)
    return Offered(tuple(names), default, tuple(engine_names(settings)))


def model_book(settings: Settings, own: Mapping[str, OpenedKey] = NO_KEYS) -> ModelBook | None:
    """Return the configured models, or None without any.

    `own` are a tenant's keys, with the settings that `tenant_settings` made of them.
    """
    file = load_models(_path(settings.models))
    has_usual = bool(settings.openai_api_key or settings.openai_base_url)
    if not has_usual and not file.models:
        return None
    further = tuple(filter(None, (settings.judge_model, settings.fast_model)))
    if file.allow and further:
        file = replace(file, allow=(*file.allow, *further))
    usual = usual_spec(settings) if has_usual else None
    if usual and DEFAULT_SERVER in own:
        usual = replace(usual, key_name=named(DEFAULT_SERVER), base_name="base_url")
    return ModelBook(file, usual, load_prices(_path(settings.prices)), key_environment(), own)


def master_keys(settings: Settings) -> MasterKeys:
    """Return what wraps the keys of tenants."""
    return MasterKeys((settings.master_key, settings.previous_master_key))


def tenant_settings(settings: Settings, own: Mapping[str, OpenedKey]) -> Settings:
    """Return the settings with a tenant's keys in place of the process's.

    A key comes with its address: neither is mixed with the other place's.
    """
    changed: dict[str, str] = {}
    for provider, (key, address) in REPLACED.items():
        chosen = CHOSEN_BY_OPERATOR.get(provider)
        if provider in own and (chosen is None or getattr(settings, chosen)):
            changed |= {key: own[provider].key, address: own[provider].base_url}
    return replace(settings, **changed)


def secrets_of(settings: Settings) -> frozenset[str]:
    """Return what no log may show, also of the servers in models.toml."""
    book = model_book(settings)
    return settings.secrets | (book.secrets if book else frozenset())


def usual_spec(settings: Settings) -> ModelSpec:
    """Return how the models of the default server are asked.

    A server of one's own often wants no key.
    """
    return ModelSpec(
        model=settings.model,
        preset=preset_at(settings.openai_base_url),
        base_url=settings.openai_base_url,
        key=settings.openai_api_key or "none",
        patience=ModelPatience(
            settings.model_connect_seconds,
            settings.model_first_seconds,
            settings.model_silence_seconds,
            settings.model_call_seconds,
        ),
        reply_tokens=settings.reply_tokens,
        slots=settings.model_concurrency,
    )


def embedder_of(
    settings: Settings, client: httpx.AsyncClient, own: Mapping[str, OpenedKey] = NO_KEYS
) -> ServerEmbedder | None:
    """Return the embedder that the settings name, or None.

    `own` are a tenant's keys.

    Raises BadSetting for an address without a model.
    """
    if not settings.embedding_url:
        return None
    if not settings.embedding_model:
        raise BadSetting("DOSSIER_EMBEDDING_URL needs DOSSIER_EMBEDDING_MODEL, the name of its model.")
    embedder = ServerEmbedder(
        client,
        url=settings.embedding_url,
        model=settings.embedding_model,
        key=settings.embedding_key,
        threshold=settings.embedding_threshold,
        price=price_of(settings.embedding_model, load_prices(_path(settings.prices))),
    )
    if "embedding" in own:
        embedder.key_name = named("embedding")
    return embedder


def document_embedder_of(
    settings: Settings,
    client: httpx.AsyncClient,
    own: Mapping[str, OpenedKey] = NO_KEYS,
    tenant: str | None = None,
) -> DocumentEmbedder | None:
    """Return what embeds documents, or None where that is off.

    `own` are the keys of `tenant`.

    Raises BadSetting for an address without a model.
    """
    if settings.embedding_documents != "on":
        return None
    server = embedder_of(settings, client, own)
    if server is None:
        raise BadSetting("DOSSIER_EMBEDDING_DOCUMENTS=on needs DOSSIER_EMBEDDING_URL.")
    query, passage = prefixes_of(settings.embedding_model)
    wanted = WantedModel(
        settings.embedding_model,
        settings.embedding_passage_prefix or passage,
        settings.embedding_query_prefix or query,
        settings.embedding_dimensions,
    )
    return DocumentEmbedder(server, wanted, tenant if "embedding" in own else None)


def reranker_of(
    settings: Settings, client: httpx.AsyncClient, own: Mapping[str, OpenedKey] = NO_KEYS
) -> ServerReranker | None:
    """Return what sorts documents again, or None where that is off.

    `own` are a tenant's keys.
    """
    if not settings.rerank_url:
        return None
    reranker = ServerReranker(
        client,
        url=settings.rerank_url,
        model=settings.rerank_model,
        key=settings.rerank_key,
        price=price_of(settings.rerank_model, load_prices(_path(settings.prices))),
    )
    if "rerank" in own:
        reranker.key_name = named("rerank")
    return reranker


def _path(setting: str) -> Path | None:
    return Path(setting).expanduser() if setting else None


def reader_of(settings: Settings, read_pdf: ReadPdf) -> PageReader:
    """Return the reader of pages for engines that only search."""
    fetcher = Fetcher(settings.private_hosts)
    return PageReader(fetcher, Robots(fetcher) if settings.robots == "obey" else None, read_pdf)


class ClosableTracer(Tracer, Protocol):
    """A tracer that is closed when its process ends."""

    def close(self) -> None:
        """Send what is left."""


def tracer_of(settings: Settings) -> ClosableTracer | None:
    """Return what records spans, if a collector is set.

    Its packages are an extra, and are not loaded without one. Raises BadSetting where they are missing.
    """
    if not settings.otlp_url:
        return None
    try:
        otlp = import_module("app.otlp")
    except ImportError as error:
        raise BadSetting(
            "DOSSIER_OTLP_URL needs the extra `tracing`: pip install 'dossier[tracing]'."
        ) from error
    tracer: ClosableTracer = otlp.OtlpTracer(settings.otlp_url, __version__)
    return tracer


def sign_in_door(settings: Settings, client: httpx.AsyncClient) -> SignInDoor | None:
    """Return what signs people in, if an OpenID provider is set.

    Raises BadSetting for what cannot work, or is not safe.
    """
    if not settings.oidc_issuer:
        return None
    for name, value in (
        ("DOSSIER_OIDC_CLIENT_ID", settings.oidc_client_id),
        ("DOSSIER_PUBLIC_URL", settings.public_url),
    ):
        if not value:
            raise BadSetting(f"DOSSIER_OIDC_ISSUER needs {name}: see docs/security.md.")
    for name, url in (
        ("DOSSIER_OIDC_ISSUER", settings.oidc_issuer),
        ("DOSSIER_PUBLIC_URL", settings.public_url),
    ):
        if not is_private_or_tls(url):
            raise BadSetting(f"{name} must begin with https://, or be on this machine.")
    try:
        openid = import_module("app.providers.openid")
    except ImportError as error:
        raise BadSetting(
            "DOSSIER_OIDC_ISSUER needs the extra `oidc`: pip install 'dossier[oidc]'."
        ) from error
    back = f"{settings.public_url.rstrip('/')}/sign-in/oidc/callback"
    own = openid.OpenIdClient(
        settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret, back
    )
    rules = ClaimRules(settings.oidc_tenant_claim, settings.oidc_scopes_claim)
    return SignInDoor(openid.OpenIdProvider(client, own), rules, settings.oidc_hours, settings.oidc_name)


def is_private_or_tls(url: str) -> bool:
    """Return whether an address is of TLS or this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in ("localhost", "127.0.0.1", "::1")


def terms_of(settings: Settings) -> Terms:
    """Return what this server adds to each request."""
    return Terms(
        settings.max_attempts,
        verifying(settings),
        bool(settings.embedding_url),
        threaded(settings),
        ceilings_of(settings),
    )


def ceilings_of(settings: Settings) -> Ceilings:
    """Return what any one job may use at most."""
    return Ceilings(
        settings.max_job_usd or None,
        settings.max_job_tokens or None,
        settings.max_job_searches or None,
        settings.max_job_calls or None,
        settings.max_job_seconds or None,
    )


def threaded(settings: Settings) -> frozenset[Effort]:
    """Return the efforts that are researched by threads.

    Without a model there is nobody to lead them.
    """
    return THREADED_EFFORTS[settings.research] if _has_model(settings) else frozenset()


def verifying(settings: Settings) -> Mapping[Effort, Verify]:
    """Return which claims are judged where a request does not say.

    With a model, those of longer jobs.
    """
    if settings.verify:
        return dict.fromkeys(get_args(Effort), settings.verify)
    return {"quick": "off", "standard": "cited", "deep": "cited"} if _has_model(settings) else {}


def _has_model(settings: Settings) -> bool:
    return bool(settings.openai_api_key or settings.openai_base_url or settings.models)
