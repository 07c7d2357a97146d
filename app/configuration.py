"""Turn settings into the models, search engines and readers that they name."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Protocol, get_args

import httpx
from msgspec.structs import replace

from app.agent.ceilings import Ceilings
from app.agent.ports import Embedder
from app.api.discovery import Offered
from app.errors import BadSetting
from app.handle import Terms
from app.providers.embedding import ServerEmbedder
from app.providers.engines.choice import engine_names
from app.providers.exchange import ModelPatience
from app.providers.model_book import ModelBook, load_models
from app.providers.model_spec import ModelSpec
from app.providers.presets import preset_at
from app.providers.prices import load_prices, price_of
from app.providers.reader.fetching import Fetcher
from app.providers.reader.page_reader import PageReader, ReadPdf
from app.providers.reader.robots import Robots
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


def offered_by(settings: Settings) -> Offered:
    """Return the models and search engines that the settings name."""
    book = model_book(settings)
    names, default = (book.names, book.default) if book else ((), None)
    return Offered(tuple(names), default, tuple(engine_names(settings)))


def model_book(settings: Settings) -> ModelBook | None:
    """Return the configured models, or None without any."""
    file = load_models(_path(settings.models))
    has_usual = bool(settings.openai_api_key or settings.openai_base_url)
    if not has_usual and not file.models:
        return None
    further = tuple(filter(None, (settings.judge_model, settings.fast_model)))
    if file.allow and further:
        file = replace(file, allow=(*file.allow, *further))
    usual = usual_spec(settings) if has_usual else None
    return ModelBook(file, usual, load_prices(_path(settings.prices)), key_environment())


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


def embedder_of(settings: Settings, client: httpx.AsyncClient) -> Embedder | None:
    """Return the embedder that the settings name, or None.

    Raises BadSetting for an address without a model.
    """
    if not settings.embedding_url:
        return None
    if not settings.embedding_model:
        raise BadSetting("DOSSIER_EMBEDDING_URL needs DOSSIER_EMBEDDING_MODEL, the name of its model.")
    return ServerEmbedder(
        client,
        url=settings.embedding_url,
        model=settings.embedding_model,
        key=settings.embedding_key,
        threshold=settings.embedding_threshold,
        price=price_of(settings.embedding_model, load_prices(_path(settings.prices))),
    )


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
