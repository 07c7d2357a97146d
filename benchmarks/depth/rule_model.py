"""Run a model by rules.

It can use nothing but the words of its prompt.
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from app.agent.brief import Brief, Task
from app.agent.brief_prompts import brief_messages
from app.agent.ports import Ask, ModelReply, TextReply, Writing
from app.agent.prompts import PromptMessage, messages
from app.domain import tools
from app.domain.events import Usage
from benchmarks.depth.world import ASPECTS, NAMES

FACT = re.compile(r"In (\d{4}) the (\w+) of the (\w+) bridge was (\d+) (\w+)\.")
PAGE = re.compile(r"-----\w{24} page \[(\d+)\].*?\n(.*?)\n-----\w{24} end", re.DOTALL)
PASSAGE = re.compile(r"^E(\d+) \[(\d+)\] (.*)$", re.MULTILINE)
HIT = re.compile(r'^\{"(?:n|number)":(\d+),"title":"([^"]*)".*$', re.MULTILINE)
SECTION = re.compile(r"^Section (\d+):\n(.*?)(?=\nSection \d+:|\nAt most )", re.DOTALL | re.MULTILINE)
DOLLARS = 1e-6  # a token

REASONING = tools.Reasoning(
    reasoning_steps=("look", "act"),
    current_situation="by rules",
    plan_status="on plan",
    enough_data=False,
    remaining_steps=("go on",),
    task_completed=False,
)


def values_in(text: str) -> dict[tuple[str, str], set[int]]:
    """Return the values that a text says, by bridge and aspect."""
    said: dict[tuple[str, str], set[int]] = {}
    for _, aspect, name, value, _ in FACT.findall(text):
        said.setdefault((name, aspect), set()).add(int(value))
    return said


class RuleModel:
    """Reply by rules, `pause` seconds after each call."""

    name = "rules"

    def __init__(self, pause: float = 0.0) -> None:
        self.pause = pause
        self.tasks: Mapping[Task, Callable[[str], object]] = TASKS
        self.asked: list[str] = []  # tasks and turns
        self.tokens = 0
        self.flying = self.most_flying = 0

    # Turns of the one thread

    async def next_step(
        self, ask: Ask, texts: Mapping[str, str], writing: Writing | None = None
    ) -> ModelReply:
        """Take the next step by what the conversation says."""
        del writing
        self.asked.append(f"turn {ask.step}")
        told = await asyncio.to_thread(_read, messages, ask, texts)
        function = _act(told)
        await self._wait()
        return ModelReply(tools.NextStep(REASONING, function), self._usage(told, str(function)))

    # Briefs of threads

    async def fulfil(
        self, brief: Brief, texts: Mapping[str, str], writing: Writing | None = None
    ) -> TextReply:
        """Do a piece of work by what its two messages say."""
        del writing
        self.asked.append(brief.task)
        told = await asyncio.to_thread(_read, brief_messages, brief, texts)
        said = self.tasks[brief.task](told)
        text = said if isinstance(said, str) else json.dumps(said)
        await self._wait()
        return TextReply(text, self._usage(told, text))

    async def _wait(self) -> None:
        self.flying += 1
        self.most_flying = max(self.flying, self.most_flying)
        try:
            await asyncio.sleep(self.pause)
        finally:
            self.flying -= 1

    def _usage(self, told: str, said: str) -> Usage:
        read, wrote = len(told) // 4, len(said) // 4
        self.tokens += read + wrote
        return Usage(input_tokens=read, output_tokens=wrote, cost_usd=round((read + wrote) * DOLLARS, 9))


def _read(render: Callable[..., list[PromptMessage]], *asked: object) -> str:
    """Return a prompt's words, in a thread, where pages can be read."""
    return "\n".join(message.content for message in render(*asked))


def _act(told: str) -> tools.AnyTool:
    allowed = told.rpartition("Tools allowed now: ")[2].partition(".")[0].split(", ")
    if "generate_plan" in allowed and "web_search" not in allowed:
        return tools.GeneratePlan("the bridges", tuple(_steps(told)), ("search", "read"))
    queries = [query for query in _queries(told) if f'"{query}"' not in told]
    if queries and "web_search" in allowed:
        return tools.WebSearch(tuple(queries[:3]))
    read = set(re.findall(r"\d+", " ".join(re.findall(r"^Read now: (.*)\.$", told, re.MULTILINE))))
    unread = [number for number, title in HIT.findall(told) if number not in read and _is_wanted(title)]
    if unread and "read_pages" in allowed:
        return tools.ReadPages(tuple(dict.fromkeys(unread))[:5])
    lines = [f"{found[0]} [{number}]" for number, page in PAGE.findall(told) for found in FACT.finditer(page)]
    return tools.WriteReport("The bridges", "\n\n".join(dict.fromkeys(lines)) or "Nothing.", "high")


def _names(told: str) -> list[str]:
    """The bridges that are asked about."""
    return [name for name in NAMES if name in told]


def _steps(told: str) -> list[str]:
    """Four steps for all bridges."""
    names, wanted = _names(told), ", ".join(ASPECTS)
    share = -(-len(names) // 4)
    parts = [names[at : at + share] for at in range(0, len(names), share)]
    return [f"{wanted} of the {' bridge and the '.join(part)} bridge" for part in parts]


def _queries(told: str) -> list[str]:
    return [f"{' '.join(ASPECTS)} {name} bridge" for name in _names(told)]


def _is_wanted(title: str) -> bool:
    return "bridge" in title and any(aspect in title for aspect in ASPECTS)


def _subject(told: str) -> str:
    return told.partition("Your question: ")[2].partition("\n")[0]


def _thread(told: str) -> dict[str, Any]:
    names = _names(_subject(told))
    queries = [f"{' '.join(ASPECTS)} {name} bridge" for name in names]
    new = [query for query in queries if f"Searched for: {query}" not in told] if len(names) > 1 else []
    unread = [
        int(found[1])
        for found in HIT.finditer(told)
        if '"is_read":true' not in found[0] and _is_wanted(found[2]) and any(n in found[2] for n in names)
    ]
    # Where the rules of the task allow it, the pages that it now reads are its last ones.
    is_last = "those pages are still read" in told and not new
    done = "This is the last one" in told or not (new or unread) or is_last
    return {
        "thought": "by rules",
        "queries": new[:3],
        "read": unread[:8],
        "done": done,
        "finding": " ".join(_lines(told))[:1500] if done else "",
    }


def _extract(told: str) -> dict[str, Any]:
    names = _names(_subject(told))
    found = [
        {"quote": fact[0], "note": f"{fact[2]} of {fact[3]}"}
        for _, page in PAGE.findall(told)
        for fact in FACT.finditer(page)
        if fact[3] in names
    ]
    return {"passages": found}


def _outline(told: str) -> dict[str, Any]:
    facts = [(int(id_), fact) for id_, _, said in PASSAGE.findall(told) for fact in FACT.finditer(said)]
    names = _names(told.partition("The whole question:")[2].partition("\n")[2].partition("\n")[0])
    known = values_in("\n".join(fact[0] for _, fact in facts))
    missing = [(aspect, name) for name in names for aspect in ASPECTS if (name, aspect) not in known]
    conflicts = [f"The {key[1]} of the {key[0]} bridge" for key, values in known.items() if len(values) > 1]
    return {
        "title": "The bridges",
        "answer": "what is known",
        "evidence": [id_ for id_, _ in facts[:3]],
        "sections": [
            {
                "heading": name,
                "points": "all values",
                "evidence": [id_ for id_, fact in facts if fact[3] == name],
            }
            for name in names
        ],
        "conflicts": conflicts,
        "missing": [f"The {aspect} of the {name} bridge" for aspect, name in missing],
        "gaps": [f"{aspect} of the {name} bridge" for aspect, name in missing][:8],
        "confidence": "high",
    }


def _section(told: str) -> str:
    return "\n\n".join(_lines(told)) or "Nothing was found."


def _lines(told: str) -> list[str]:
    """Return each fact of the passages as a sentence with its citation."""
    found = (
        f"{fact[0]} [{number}]" for _, number, said in PASSAGE.findall(told) for fact in FACT.finditer(said)
    )
    return list(dict.fromkeys(found))


def _critique(told: str) -> dict[str, Any]:
    """Find an aspect that the sections leave out."""
    drafts = SECTION.findall(told)
    problems = list[dict[str, Any]]()
    for number, text in drafts:
        names = {name for name, _ in values_in(text)}
        for name in sorted(names) if len(names) == 1 else ():
            gone = [aspect for aspect in ASPECTS if (name, aspect) not in values_in(text)]
            problems += [
                {"section": int(number), "problem": f"no {one}", "question": f"{one} of the {name} bridge"}
                for one in gone
            ]
    return {"problems": problems[:4]}


TASKS: Mapping[Task, Callable[[str], object]] = {
    "thread": _thread,
    "extract": _extract,
    "outline": _outline,
    "section": _section,
    "critique": _critique,
}


class ThoroughModel(RuleModel):
    """Have each thread read whatever any thread finds."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks = TASKS | {"thread": _thorough, "outline": _curious}


def _thorough(told: str) -> dict[str, Any]:
    queries = [query for query in _queries(" ".join(NAMES)) if f"Searched for: {query}" not in told]
    unread = [int(found[1]) for found in HIT.finditer(told) if '"is_read":true' not in found[0]]
    return {
        "thought": "by rules",
        "queries": queries[:3],
        "read": unread[:8],
        "done": not (queries or unread),
    }


def _curious(told: str) -> dict[str, Any]:
    """Outline, and always have something more to ask."""
    return _outline(told) | {"gaps": [f"traffic of the {name} bridge" for name in NAMES]}
