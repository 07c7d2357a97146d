"""Research that is played: the question says how it goes. It has prices, a new plan, and a page that fails."""

# ruff: noqa: E501, ISC004 - texts

import asyncio

from app.agent.extractive import Extractive
from app.agent.ports import Hit, ModelReply, PageReply, SearchReply
from app.domain import tools
from app.domain.events import Usage
from app.errors import ProviderError
from app.worker.providers import Tools
from tests.conftest import TestHouse

QUESTION = "At what temperature does water boil on Mount Everest, and why is it lower than at sea level?"
HOSTILE = "What does <img src=x onerror=alert(1)> **do**? <script>alert(2)</script>"

PAGES = {
    "https://physics.example.org/boiling": (
        "Boiling point of water",
        "Boiling point of water\n\nA liquid boils when its vapour pressure equals the pressure of the air around it. 🌡️ "
        "At sea level, where the air presses with 101 kPa, water boils at 100 degrees Celsius.\n\n"
        "Higher up the air is thinner, so its pressure is lower and the vapour needs less heat to match it. "
        "The boiling point falls by about one degree for each 300 metres of height.\n\n"
        + "\n\n".join(f"Table {n}. Measured values for height {n * 250} metres, as used in teaching." for n in range(1, 30)),
    ),
    "https://peaks.example.com/everest/cooking": (
        "Cooking on Mount Everest",
        "Cooking on Mount Everest\n\nOn the summit of Mount Everest the air presses with about 34 kPa, a third of what it "
        "does at sea level. On the summit of Mount Everest water boils at about 71 degrees Celsius.\n\nPasta takes for "
        "ever, and tea is never quite hot. Climbers carry pressure cookers.",
    ),
    "https://weather.example.net/pressure": (
        "Air pressure and height",
        "Air pressure and height\n\nAir pressure falls with height because less air lies above. At 5,500 metres it is half "
        "of that at sea level.",
    ),
}  # fmt: skip
GONE = "https://archive.example.com/1953/notes"

EVIL_URL = "javascript:alert(3)"
EVIL = {
    EVIL_URL: ('"><img src=x onerror=alert(4)>', "The word does nothing at all, says this page. </p><script>alert(5)</script>"),
    "https://evil.example.com/<svg/onload=alert(6)>": (
        "<script>alert(7)</script> ](javascript:alert(8))",
        "An image tag in a question is only text, and it is shown as text. <img src=x onerror=alert(9)>",
    ),
}  # fmt: skip


def thought(first, second, situation, status, *left, enough=False):
    return tools.Reasoning((first, second), situation, status, enough, left or ("Write the report.",), enough)


STORY = (
    (
        thought("The question has two parts: a figure and a reason.", "Both are physics that is well described.",
                "Nothing was read yet.", "There is no plan yet.", "Draft a plan.", "Search."),
        tools.GeneratePlan(
            "The boiling point of water on Mount Everest, and why it is lower",
            ("Find the boiling point at sea level", "Find the boiling point on the summit", "Explain the difference"),
            ("Search for each part", "Prefer measured values"),
        ),
    ),
    (
        thought("The figures come first.", "Two searches cover both places.", "Nothing was read yet.", "0 of 3 steps done.", "Read what is found."),
        tools.WebSearch(("boiling point of water sea level", "boiling point Mount Everest summit")),
    ),
    (
        thought("Two pages promise figures.", "An archive has notes of 1953.", "4 sources found.", "1 of 3 steps done.", "Compare the figures."),
        tools.ReadPages((*list(PAGES)[:2], GONE)),
    ),
    (
        thought("The archive does not answer.", "Pressure explains both figures.", "2 pages read, both agree.", "2 of 3 steps done.", "Read about pressure."),
        tools.AdaptPlan(
            "The boiling point of water on Mount Everest, and why it is lower",
            ("The archive’s notes are dropped.", "Air pressure is looked up instead."),
            "The archive does not answer, and pressure is what both pages point to.",
            ("Find how air pressure falls with height", "Explain the difference"),
        ),
    ),
    (thought("Pressure is the reason.", "One page is enough.", "2 pages read.", "1 of 2 steps done."), tools.WebSearch(("air pressure and height",))),
    (thought("It was found before.", "Read it now.", "2 pages read.", "1 of 2 steps done."), tools.ReadPages(("https://weather.example.net/pressure",))),
    (
        thought("Both figures have a source.", "The reason has one too.", "3 pages read.", "All steps done.", enough=True),
        tools.WriteReport(
            "Water boils at about 71 °C on Mount Everest",
            "On the summit of Mount Everest water boils at about 71 degrees Celsius [{everest}]. At sea level, where the air presses with "
            "101 kPa, water boils at 100 degrees Celsius [{boiling}].\n\n## Why it is lower\n\nA liquid boils when its vapour pressure "
            "equals the pressure of the air around it [{boiling}]. Air pressure falls with height because less air lies "
            "above [{pressure}]. The boiling point falls by about one degree for each 300 metres of height [{boiling}].\n\n"
            "## What it means for cooking\n\n- Climbers carry pressure cookers [{everest}].\n- Rice is said to take three times as long up "
            "there.\n- Tea freezes at once on the summit, at 140 degrees [{everest}].",
            "high",
        ),
    ),
)  # fmt: skip

ATTACK = (
    (STORY[0][0], tools.GeneratePlan("<b>goal</b>", ("<img src=x onerror=alert(10)>", "two", "three"), ("a", "b"))),
    (STORY[1][0], tools.WebSearch(("<script>alert(11)</script>",))),
    (STORY[2][0], tools.ReadPages(tuple(EVIL))),
    (
        STORY[6][0],
        tools.WriteReport(
            "<script>alert(12)</script>",
            "An image tag in a question is only text, and it is shown as text [1]. The word does nothing at all, says this page [2]."
            "\n\n<img src=x onerror=alert(13)>\n\n[click](javascript:alert(14)) ![pic](https://tracker.example.com/x.png)\n\n"
            "<iframe src=https://tracker.example.com></iframe> <style>body{display:none}</style>",
            "low",
        ),
    ),
)  # fmt: skip
CLARIFY = tools.Clarify(
    ("Which summit is meant?", "In which unit?"),
    ("Everest",),
    ("Mount Everest in Nepal.", "Degrees Celsius."),
)


class PlayedModel:
    """Plays STORY, or what the question says; `pause` seconds for each turn."""

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
        script = ATTACK if "<script>" in ask.query else STORY
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

    async def search(self, query, limit, *, allowed=(), blocked=()):
        await asyncio.sleep(self.pause)
        found = EVIL if "<script>" in query else {**PAGES, GONE: ("Notes of the first ascent, 1953", "")}
        hits = [Hit(url, title, text[:120] or title, 0.9) for url, (title, text) in found.items()]
        return SearchReply(tuple(hits[:limit]), Usage(searches=1, cost_usd=0.008))

    async def read(self, url):
        await asyncio.sleep(self.pause * (1 + len(url) % 3))
        if url == GONE:
            raise ProviderError("network", "The archive does not answer.", retryable=False)
        texts = PAGES if url in PAGES else EVIL  # whose urls come back in another spelling
        _, text = texts.get(url, list(texts.values())[-1])
        return PageReply(text, Usage(pages=1, cost_usd=0.0016))


class PlayedHouse(TestHouse):
    """A house whose research is played."""

    __test__ = False

    def __init__(self, settings, url, pause=0.0):
        super().__init__(settings, url)
        self.model, self.search = PlayedModel(pause), PlayedSearch(pause / 2)

    def tools(self):
        return Tools(self.model, Extractive(), lambda _job: self.search)
