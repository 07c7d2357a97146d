"""Play a fixed run of plan, search, read and report.

No network is used, and no language.
"""

import asyncio
from typing import Any

from app.agent.ports import Ask, Hit, ModelReply, PageReply, SearchReply
from app.domain import tools
from app.errors import ProviderError

REASONING = tools.Reasoning(
    reasoning_steps=("look at what is there", "take the next step"),
    current_situation="scripted",
    plan_status="on plan",
    enough_data=False,
    remaining_steps=("go on",),
    task_completed=False,
)

PAGES = {
    "https://example.com/a": "Water boils at 100 degrees Celsius at sea level. It freezes at 0 degrees.",
    "https://example.com/b": "On Mount Everest water boils at about 70 degrees Celsius.",
}

PLAN = tools.GeneratePlan("boiling", ("find", "read", "compare"), ("search", "compare"))
REPORT = tools.WriteReport(
    "Boiling water",
    "Water boils at 100 degrees Celsius at sea level [1]. "
    "On Mount Everest water boils at about 70 degrees Celsius [2].",
    "high",
)
SCRIPT = (PLAN, tools.WebSearch(("boiling point", "everest")), tools.ReadPages(tuple(PAGES)), REPORT)


class ScriptedModel:
    """Play SCRIPT turn by turn, `pause` seconds before each reply.

    `errors` are raised first.
    """

    name = "scripted"

    def __init__(self, script=SCRIPT, pause: float = 0.0) -> None:
        self.script = script
        self.pause = pause
        self.errors: list[Exception] = []
        self.asks: list[Ask] = []

    async def next_step(self, ask, texts, writing=None):
        self.asks.append(ask)
        await asyncio.sleep(self.pause)
        if self.errors:
            raise self.errors.pop(0)
        return ModelReply(tools.NextStep(REASONING, self.script[min(ask.step, len(self.script)) - 1]))


class ScriptedSearch:
    """Finds every page for every query."""

    name = "scripted"
    scope = "web"

    def __init__(self) -> None:
        self.searches: list[str] = []
        self.reads: list[str] = []
        self.told: list[dict[str, Any]] = []
        self.published: dict[str, str] = {}  # dates that pages give

    async def search(self, query, limit, *, allowed=(), blocked=(), **told):
        self.searches.append(query)
        self.told.append(told)
        hits = [Hit(url, f"Page {url[-1]}", text[:40], 0.9) for url, text in PAGES.items()]
        return SearchReply(tuple(hits[:limit]))

    async def read(self, url):
        self.reads.append(url)
        if url not in PAGES:
            raise ProviderError("validation", f"There is no page {url}.", retryable=False)
        return PageReply(PAGES[url], published=self.published.get(url, ""))
