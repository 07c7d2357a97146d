"""Play research as the question says.

It has prices, a new plan, and a page that fails.
"""

import asyncio

from app.agent.extractive import Extractive
from app.agent.ports import Hit, ModelReply, PageReply, SearchReply
from app.domain import tools
from app.domain.events import Usage
from app.errors import ProviderError
from app.worker.providers import Tools
from tests.conftest import TestHouse
from tests.page import long_content
from tests.page.story import ATTACK, EVIL, GONE, HOSTILE, PAGES, QUESTION, STORY

__all__ = ["HOSTILE", "PAGES", "QUESTION", "STORY", "PlayedHouse"]

CLARIFY = tools.Clarify(
    ("Which summit is meant?", "In which unit?"),
    ("Everest",),
    ("Mount Everest in Nepal.", "Degrees Celsius."),
)


class PlayedModel:
    """Play STORY, or what the question says, at `pause` seconds a turn."""

    name = "played-large"

    def __init__(self, pause: float = 0.0) -> None:
        self.pause = pause

    async def next_step(self, ask, texts, writing=None):
        await asyncio.sleep(60 if "slowly" in ask.query else self.pause)
        if "refused" in ask.query:
            raise ProviderError("auth", "The key was refused; set OPENAI_API_KEY.", retryable=False)
        at, usage = ask.step - 1, Usage(1_800 + 900 * ask.step, 240, cost_usd=0.0021 * ask.step)
        if "clarify" in ask.menu:
            return ModelReply(tools.NextStep(STORY[0][0], CLARIFY), usage)
        at -= bool(ask.answers)
        script = long_content.script(ask.query) or (ATTACK if "<script>" in ask.query else STORY)
        reasoning, tool = script[min(at, len(script) - 1)]
        return ModelReply(tools.NextStep(reasoning, self._cited(tool, ask)), usage)

    def _cited(self, tool, ask):
        """The numbers are the log's to give."""
        if not isinstance(tool, tools.WriteReport) or "{everest}" not in tool.content:
            return tool
        numbers = {source.url: source.number for source in ask.sources}
        boiling, everest, pressure = (numbers.get(url, 9) for url in PAGES)
        content = tool.content.format(boiling=boiling, everest=everest, pressure=pressure)
        return tools.WriteReport(tool.title, content, tool.confidence)


class PlayedSearch:
    """Finds the pages of the story, and one that is gone."""

    name = "played"
    scope = "web"

    def __init__(self, pause: float = 0.0) -> None:
        self.pause = pause

    async def search(self, query, limit, *, allowed=(), blocked=(), **_):
        await asyncio.sleep(self.pause)
        found = _pages_for(query)
        hits = [Hit(url, title, text[:120] or title, 0.9) for url, (title, text) in found.items()]
        return SearchReply(tuple(hits[:limit]), Usage(searches=1, cost_usd=0.008))

    async def read(self, url):
        await asyncio.sleep(self.pause * (1 + len(url) % 3))
        if url == GONE:
            raise ProviderError("network", "The archive does not answer.", retryable=False)
        known = PAGES | long_content.FOREIGN_PAGES
        texts = known if url in known else EVIL  # whose urls come back in another spelling
        _, text = texts.get(url, list(texts.values())[-1])
        return PageReply(text, Usage(pages=1, cost_usd=0.0016))


def _pages_for(query: str) -> dict[str, tuple[str, str]]:
    if "<script>" in query:
        return EVIL
    if query in long_content.ASKED:
        return long_content.FOREIGN_PAGES
    return {**PAGES, GONE: ("Notes of the first ascent, 1953", "")}


class PlayedHouse(TestHouse):
    """A house whose research is played."""

    __test__ = False

    def __init__(self, settings, url, pause=0.0):
        super().__init__(settings, url)
        self.model, self.search = PlayedModel(pause), PlayedSearch(pause / 2)

    def tools(self):
        return Tools(self.model, Extractive(), lambda _job: self.search)
