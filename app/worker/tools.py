"""The providers of one worker, and which of them makes a call."""

from collections.abc import Callable, Mapping

from app.agent.research import Call, ModelCall, ReadCall, Reply, SearchCall
from app.domain.job import Job
from app.providers.ports import Model, PageReply, Search
from app.worker.breaker import Breaker

MAX_PAGE = 1_000_000  # characters of a page that are kept

Choose = Callable[[Job], Search]


class Tools:
    """A model, the one that stands in for it, and the search that a job asked for."""

    def __init__(self, model: Model, fallback: Model, search: Choose) -> None:
        self._model = model
        self._fallback = fallback
        self._search = search
        self._breakers: dict[str, Breaker] = {}

    def name(self, job: Job, call: Call) -> str:
        """The provider that makes this call."""
        if isinstance(call, ModelCall):
            return (self._fallback if call.fallback else self._model).name
        return self._search(job).name

    def breaker(self, name: str) -> Breaker:
        """The breaker of a provider."""
        return self._breakers.setdefault(name, Breaker(name))

    async def perform(self, job: Job, call: Call, texts: Mapping[str, str]) -> Reply:
        """Make the call. Raises ProviderError, BadReply."""
        match call:
            case ModelCall():
                model = self._fallback if call.fallback else self._model
                return await model.next_step(call.ask, texts)
            case SearchCall():
                sources = job.request.sources
                return await self._search(job).search(
                    call.query,
                    call.limit,
                    allowed=sources.allowed_domains,
                    blocked=sources.blocked_domains,
                )
            case ReadCall():
                page = await self._search(job).read(call.url)
                return PageReply(page.text[:MAX_PAGE].replace("\x00", ""), page.usage)
