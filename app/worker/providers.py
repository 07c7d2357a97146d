"""The providers of one worker, and which of them makes a call."""

import asyncio
from collections.abc import Callable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from app.agent import judging, matching
from app.agent.brief import Task
from app.agent.calls import BriefCall, Call, ModelCall, ReadCall, Reply, SearchCall, StageCall
from app.agent.judging import JudgeCall
from app.agent.matching import EmbedCall
from app.agent.ports import (
    UNJUDGED,
    BriefModel,
    Embedder,
    EmbedReply,
    Judge,
    JudgeReply,
    Model,
    PageReply,
    Search,
    SearchBounds,
    TextReply,
    Writing,
)
from app.agent.recent_texts import RecentTexts
from app.domain.job import Job
from app.errors import ProviderError
from app.text.languages import DETECTED, language_of, primary
from app.worker.breaker import Breaker, Changed, Times
from app.worker.stored_pages import KEPT_CHARACTERS
from dossier.request import Sources

MAX_STORED_PAGE = 1_000_000  # characters of a page that are kept

MAX_BREAKERS = 1000

MAX_FLYING = 256  # calls that one process makes at a time

Choose = Callable[[Job], Search]
Judges = Callable[[Job], Judge | None]
Briefed = Callable[[Job, Task], BriefModel]  # the model for a task of a threaded job
Named = Callable[[str], Model]  # a model by the name that its server has for it


class Helpers(Struct, frozen=True):
    """Who does what is no turn: judges, embeds, and fulfils briefs."""

    judge: Judges | None = None
    embedder: Embedder | None = None
    briefed: Briefed | None = None


class Tools:
    """The model, its stand-in, and the search of a job."""

    def __init__(
        self,
        model: Model,
        fallback: Model,
        search: Choose,
        named: Named | None = None,
        helpers: Helpers = Helpers(),  # noqa: B008 - it is frozen
        times: Times = Times(),  # noqa: B008 - it is frozen
        is_priced: Callable[[str | None], bool] = lambda _: True,
        changed: Changed | None = None,
    ) -> None:
        self._model = model
        self._named = named
        self._judge = helpers.judge
        self._embedder = helpers.embedder
        self._fallback = fallback
        self._is_priced = is_priced
        self._search = search
        self.times = times
        self._changed = changed
        self._briefed = helpers.briefed
        self.room = asyncio.Semaphore(MAX_FLYING)
        self.recent_pages = RecentTexts(KEPT_CHARACTERS)
        self._breakers: dict[str, Breaker] = {}

    def name(self, job: Job, call: Call) -> str:
        """The provider that makes this call."""
        if isinstance(call, ModelCall):
            return (self._fallback if call.fallback else self.model(job)).name
        if isinstance(call, BriefCall):
            return self._fulfilling(job, call).name
        if isinstance(call, StageCall):
            return self._fallback.name
        if isinstance(call, JudgeCall):
            judge = self._judging(job, call)
            return judge.name if judge else UNJUDGED
        if isinstance(call, EmbedCall):
            return self._embedder.name if self._embedder and call.claims else UNJUDGED
        return self._search(job).name

    def _fulfilling(self, job: Job, call: BriefCall) -> BriefModel:
        """Return who does a piece of a threaded job's work.

        Raises ProviderError without a model.
        """
        if self._briefed is None:
            message = (
                "This job is researched by threads, and this worker has no language model (OPENAI_API_KEY)."
            )
            raise ProviderError("auth", message, retryable=False)
        return self._briefed(job, call.brief.task)

    def _judging(self, job: Job, call: JudgeCall) -> Judge | None:
        return self._judge(job) if self._judge and call.claims else None

    def model(self, job: Job) -> Model:
        """Return the job's model, else the worker's.

        Raise ProviderError without one.
        """
        wanted = job.request.model
        if wanted is None:
            return self._model
        if self._named is None:
            message = f"model is {wanted!r}, and this worker has no language model (OPENAI_API_KEY)."
            raise ProviderError("auth", message, retryable=False)
        return self._named(wanted)

    def require_model(self, job: Job) -> None:
        """Check that the job's model is there and within its limits.

        Raises ProviderError.
        """
        self.model(job)
        limits = job.request.limits
        is_bounded = limits.max_cost_usd is None or limits.max_tokens is not None
        if not is_bounded and not self._is_priced(job.request.model):
            message = (
                f"The price of {self.model(job).name} is not known, so max_cost_usd cannot be kept. "
                "Give its price in models.toml or DOSSIER_PRICES, or limit max_tokens as well."
            )
            raise ProviderError("validation", message, retryable=False)

    def breaker(self, name: str) -> Breaker:
        """The breaker of a provider."""
        found = self._breakers.setdefault(name, Breaker(name, self.times, self._changed))
        if len(self._breakers) > MAX_BREAKERS:  # callers name models, so names are unbounded
            self._breakers.pop(next(iter(self._breakers)))
        return found

    async def perform(self, job: Job, call: Call, texts: Mapping[str, str], writing: Writing) -> Reply:
        """Make the call. Raises ProviderError, BadReply."""
        match call:
            case ModelCall():
                model = self._fallback if call.fallback else self.model(job)
                return await model.next_step(call.ask, texts, writing)
            case BriefCall():
                return await self._fulfilling(job, call).fulfil(call.brief, texts, writing)
            case StageCall():
                return TextReply("")
            case JudgeCall():
                judge = self._judging(job, call)
                digests = {source.number: source.sha256 for source in job.research.sources}
                if judge is None:
                    return JudgeReply(())
                return await judge.judge(await asyncio.to_thread(judging.seen, call, digests, texts), writing)
            case EmbedCall():
                pages = {source.number: source.sha256 for source in job.research.sources}
                return await self._embedded(call, pages.get(call.number) or "", texts)
            case SearchCall():
                sources = job.request.sources
                return await self._search(job).search(
                    call.query,
                    call.limit,
                    allowed=sources.allowed_domains,
                    blocked=sources.blocked_domains,
                    bounds=_bounds(sources),
                )
            case ReadCall():
                page = await self._search(job).read(call.url)
                kept = replace(page, text=page.text[:MAX_STORED_PAGE].replace("\x00", ""))
                return await _in_its_language(kept, job.request.sources.language)

    async def _embedded(self, call: EmbedCall, name: str, texts: Mapping[str, str]) -> EmbedReply:
        """The passages of a page that are nearest to a call's claims."""
        embedder = self._embedder
        wanted = await asyncio.to_thread(lambda: matching.wanted_of(call, texts.get(name, "")))
        if embedder is None or not call.claims or not wanted.spans:
            return EmbedReply(())
        found = await embedder.embed(wanted.texts)
        # Comparing can take some seconds of CPU.
        near = await asyncio.to_thread(matching.nearest, wanted, found.vectors, embedder.threshold)
        return EmbedReply(near, found.usage)


def _bounds(sources: Sources) -> SearchBounds:
    return SearchBounds(sources.published_after, sources.published_before, sources.language, sources.region)


async def _in_its_language(page: PageReply, wanted: str | None) -> PageReply:
    """Look at the words of a page too, where its language matters."""
    if not wanted or primary(wanted) not in DETECTED:
        return page
    return replace(page, language=await asyncio.to_thread(language_of, page.language, page.text))
