"""Make the tools of workers, with a process's keys or a tenant's."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Generic, TypeVar

import httpx
from msgspec import Struct

from app import logs
from app.agent.brief import Task
from app.agent.extractive import Extractive
from app.agent.ports import Search
from app.agent.prompt_sizes import NOMINAL
from app.agent.prompts import messages
from app.agent.recent_texts import RecentTexts
from app.configuration import (
    NO_KEYS,
    document_embedder_of,
    embedder_of,
    master_keys,
    model_book,
    reranker_of,
    tenant_settings,
)
from app.document_finding import DocumentFinder
from app.document_ranking import RankingFinder
from app.domain.caller import Caller
from app.domain.job import Job
from app.domain.master_key import MasterKeys, OpenedKey
from app.errors import BadSetting, MasterKeyUnusable, ProviderError
from app.providers.brief_model import LanguageBriefModel
from app.providers.corpus_search import CorpusSearch
from app.providers.embedding import DocumentEmbedder
from app.providers.engines.choice import web_searches
from app.providers.judge import ModelJudge
from app.providers.language_model import LanguageModel
from app.providers.merged import MergedSearch
from app.providers.model_book import ModelBook
from app.providers.prices import warning_of
from app.providers.reader.page_reader import PageReader
from app.providers.reranking import ServerReranker
from app.providers.slots import ServerSlots
from app.providers.tenant_keys import GuardedTransport, client_for
from app.settings import Settings
from app.store import documents
from app.store.database import Engine
from app.store.provider_keys import SealedKey, opened, sealed_keys
from app.worker.breaker import Changed, Times
from app.worker.providers import MAX_FLYING, Briefed, Choose, Helpers, Judges, Tools
from app.worker.stored_pages import KEPT_CHARACTERS
from dossier.request import SearchScope

log = logging.getLogger(__name__)

COLLECTIONS = 100  # sets of a tenant's collections that one worker remembers the searches of
MODELS = 100  # that jobs name and one worker remembers; what each has shown of its server is learnt again
KEPT_CUTS = 4_000_000  # characters that prompts quoted of pages, of all jobs of a process
KEPT_TENANTS = 1_000  # whose tools one process remembers
TENANT_KEYS_FRESH = 5.0  # seconds for which a process knows a tenant's keys


class ModelShelf:
    """Language models, each made once.

    What a model has shown of its server is remembered.
    """

    def __init__(
        self, settings: Settings, book: ModelBook, client: httpx.AsyncClient, cuts: RecentTexts
    ) -> None:
        self.book = book
        self._pages = settings.page_tokens * NOMINAL
        self._client = client
        self._slots = ServerSlots()
        self._render = partial(messages, cuts=cuts)
        self.model = lru_cache(maxsize=MODELS)(self._made)

    def _made(self, name: str) -> LanguageModel:
        spec = self.book.spec(name)
        return LanguageModel(self._client, spec, self._render, pages=self._pages, slots=self._slots)


def warn_of_ends(book: ModelBook) -> None:
    """Log which of the named models end soon."""
    today = datetime.now(UTC).date()
    for name in book.names:
        spec = book.spec(name, is_asked=False)
        if warning := warning_of(spec.model, book.ends(name), today):
            log.warning("%s", warning)


class NamedProviders:
    """The providers that settings name, with the keys that are in them.

    Args:
        settings: of the process, or with a tenant's keys in place of its own.
        cuts: what prompts quoted of pages.
        own: the tenant's keys.
    """

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        client: httpx.AsyncClient,
        reader: PageReader,
        finder: DocumentFinder,
        cuts: RecentTexts,
        own: Mapping[str, OpenedKey] = NO_KEYS,
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._finder = finder
        self._http = client
        self._reader = reader
        self._own = own
        book = model_book(settings, own)
        self.models = ModelShelf(settings, book, client, cuts) if book else None

    def tools(self, changed: Changed) -> Tools:
        """The providers: without keys, those that need no network."""
        extractive, models = Extractive(), self.models
        choose, times = self.choose(), times_of(self._settings)
        embedder = embedder_of(self._settings, self._http, self._own)
        if models is None:
            helpers = Helpers(self._judges(None), embedder)
            return Tools(extractive, extractive, choose, None, helpers, times, changed=changed)
        helpers = Helpers(self._judges(models), embedder, self._briefed(models))
        model = models.model(models.book.default)
        is_priced = models.book.is_priced
        return Tools(model, extractive, choose, models.model, helpers, times, is_priced, changed)

    def _judges(self, models: ModelShelf | None) -> Judges:
        """Return who judges the claims of a job.

        It is the model that the settings name, else the job's own.
        """

        @lru_cache(maxsize=MODELS)
        def judge(name: str) -> ModelJudge | None:
            return ModelJudge(models.model(name)) if models else None

        default = models.book.default if models else ""
        return lambda job: judge(self._settings.judge_model or job.request.model or default)

    def _briefed(self, models: ModelShelf) -> Briefed:
        """Return who does the pieces of a threaded job's work.

        Evidence is taken by the model that the settings name for it, all else by the job's own.
        """
        fast = self._settings.fast_model

        @lru_cache(maxsize=MODELS)
        def briefed(name: str) -> LanguageBriefModel:
            return LanguageBriefModel(models.model(name))

        def choose(job: Job, task: Task) -> LanguageBriefModel:
            own = job.request.model or models.book.default
            # A job that may cost so much is not given to a model whose price nobody knows.
            is_bounded = job.request.limits.max_cost_usd is None or models.book.is_priced(fast)
            return briefed(fast if task == "extract" and fast and is_bounded else own)

        return choose

    def choose(self) -> Choose:
        """Return the search for a job.

        It is the one that the job asked for, else the web where an engine is set.
        """
        engines = web_searches(self._settings, self._http, self._reader, self._own)
        several = MergedSearch(engines, "web", self._reader) if len(engines) > 1 else None

        @lru_cache(maxsize=COLLECTIONS)
        def searches(tenant: str, collections: tuple[str, ...]) -> dict[SearchScope, Search]:
            """Return a tenant's searches, over these collections or all."""
            own = self._document_search(Caller(tenant), collections)
            found: dict[SearchScope, Search] = {"corpus": own}
            if engines:
                found["web"] = several or engines[0]
                found["both"] = MergedSearch([own, *engines], "both", self._reader)
            return found

        def choose(job: Job) -> Search:
            sources = job.request.sources
            found = searches(job.tenant, sources.collections)
            default: SearchScope = "web" if engines and not sources.collections else "corpus"
            wanted = sources.search or default
            if wanted not in found:
                message = (
                    f"sources.search is {wanted!r}, and this worker has no search engine: "
                    "set DOSSIER_SEARCH, TAVILY_API_KEY or SEARXNG_URL."
                )
                raise ProviderError("auth", message, retryable=False)
            return found[wanted]

        return choose

    def _document_search(self, caller: Caller, collections: tuple[str, ...]) -> Search:
        return CorpusSearch(
            find=lambda query, limit: self._finder.find(caller, query, limit, collections),
            read=lambda url: documents.read(self._engine, caller, url, collections),
        )


def times_of(settings: Settings) -> Times:
    """Return how long a worker waits for its providers."""
    call, first = settings.call_seconds, settings.retry_seconds
    return Times(call, (first, 16 * first), (2 * first, 120 * first), max(20.0, 2 * first))


class Toolmaker:
    """Makes the tools of a process and of its tenants.

    They share one bound of calls, and what is kept of pages: a text is found by its hash alone.
    """

    def __init__(
        self, settings: Settings, engine: Engine, client: httpx.AsyncClient, reader: PageReader
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._client = client
        self._reader = reader
        self._guarded = GuardedTransport(settings.private_hosts)
        self._room = asyncio.Semaphore(MAX_FLYING)
        self._pages = RecentTexts(KEPT_CHARACTERS)
        self._cuts = RecentTexts(KEPT_CUTS)
        self.shared_embedder = document_embedder_of(settings, client)
        self.embedders = self._embedders() if self.shared_embedder else None
        self.finder = self._finder()

    def _finder(self) -> DocumentFinder:
        """Return what searches the documents of tenants."""
        embedders = self.embedders.of if self.embedders else None
        shared = reranker_of(self._settings, self._client)
        if shared is None:
            return DocumentFinder(self._engine, embedders)
        masters = master_keys(self._settings)
        rerankers = TenantTools[ServerReranker | None](self._engine, masters, shared, self._reranker)
        return RankingFinder(self._engine, embedders, rerankers.of)

    def _reranker(self, _tenant: str, own: Mapping[str, OpenedKey]) -> ServerReranker | None:
        """Return what sorts a tenant's documents. Raises BadSetting."""
        return reranker_of(tenant_settings(self._settings, own), self._client_for(own), own)

    def _embedders(self) -> "TenantTools[DocumentEmbedder | None]":
        """Return what embeds each tenant's documents."""
        masters = master_keys(self._settings)
        return TenantTools(self._engine, masters, self.shared_embedder, self._embedder)

    def _embedder(self, tenant: str, own: Mapping[str, OpenedKey]) -> DocumentEmbedder | None:
        """Return what embeds a tenant's documents. Raises BadSetting."""
        settings = tenant_settings(self._settings, own)
        return document_embedder_of(settings, self._client_for(own), own, tenant)

    def _client_for(self, own: Mapping[str, OpenedKey]) -> httpx.AsyncClient:
        """Return a client that reaches a tenant's addresses guarded."""
        return client_for(self._client, self._guarded, [key.base_url for key in own.values()])

    def providers(self) -> NamedProviders:
        """Return the providers that the process has keys for."""
        return self._providers(self._settings, self._client, NO_KEYS)

    def _providers(
        self, settings: Settings, client: httpx.AsyncClient, own: Mapping[str, OpenedKey]
    ) -> NamedProviders:
        return NamedProviders(settings, self._engine, client, self._reader, self.finder, self._cuts, own)

    def tools(self, changed: Changed) -> Tools:
        """Return the tools of jobs whose tenant has no keys."""
        providers = self.providers()
        if providers.models:
            warn_of_ends(providers.models.book)
        return self._sharing(providers.tools(changed))

    def tenant_tools(self, tenant: str, own: Mapping[str, OpenedKey]) -> Tools:
        """Return a tenant's tools, whose breakers are its own.

        Raises BadSetting.
        """

        def changed(provider: str, said: str) -> None:
            about = {"tenant": tenant, "provider": provider, "error": said}
            log.warning(
                "A tenant's provider is away." if said else "A tenant's provider answers.", extra=about
            )

        settings, client = tenant_settings(self._settings, own), self._client_for(own)
        return self._sharing(self._providers(settings, client, own).tools(changed))

    def _sharing(self, tools: Tools) -> Tools:
        """Return the tools, which share the bounds of the process."""
        tools.room, tools.recent_pages = self._room, self._pages
        return tools

    async def aclose(self) -> None:
        """Close the connections to addresses of tenants."""
        await self._guarded.aclose()


Made = TypeVar("Made")


class KeptTools(Struct, Generic[Made]):
    """What was made of a tenant's keys."""

    tools: Made
    sealed: list[SealedKey]
    read_at: float


class TenantTools(Generic[Made]):
    """Knows the tools of each tenant.

    They are made with its own keys, where it has some.
    """

    def __init__(
        self,
        engine: Engine,
        masters: MasterKeys,
        usual: Made,
        make: Callable[[str, Mapping[str, OpenedKey]], Made],
    ) -> None:
        self._engine = engine
        self._masters = masters
        self._usual = usual
        self._make = make
        self._kept: dict[str, KeptTools[Made]] = {}

    async def of(self, tenant: str) -> Made:
        """Return the tools for a job of this tenant.

        Its keys are at most seconds old.

        Raises ProviderError, DatabaseUnavailable.
        """
        kept = self._kept.get(tenant)
        if kept and time.monotonic() - kept.read_at < TENANT_KEYS_FRESH:
            return kept.tools
        sealed = await sealed_keys(self._engine, Caller(tenant))
        if kept is None or kept.sealed != sealed:
            kept = KeptTools(self._made(tenant, sealed), sealed, 0.0)
            self._keep(tenant, kept)
        kept.read_at = time.monotonic()
        return kept.tools

    def _made(self, tenant: str, sealed: list[SealedKey]) -> Made:
        if not sealed:
            return self._usual
        try:
            own = opened(tenant, self._masters, sealed)
            logs.hide(key.key for key in own.values())
            return self._make(tenant, own)
        except MasterKeyUnusable as error:  # another worker may have the right one
            raise ProviderError("auth", str(error), retryable=True) from None
        except BadSetting as error:
            message = f"The provider keys of {tenant} cannot be used: {error}"
            raise ProviderError("auth", message, retryable=False) from None

    def _keep(self, tenant: str, kept: KeptTools[Made]) -> None:
        self._kept[tenant] = kept
        if len(self._kept) > KEPT_TENANTS:
            del self._kept[next(iter(self._kept))]
