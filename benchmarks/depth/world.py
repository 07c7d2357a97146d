"""Make a seeded world.

Facts over many pages, distractors, contradictions, long pages with the fact last.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence

from msgspec import Struct

from app.agent.ports import UNBOUNDED, Hit, PageReply, SearchBounds, SearchReply
from app.text.sentences import stems

NAMES = ("Arvel", "Bodra", "Carne", "Dusken", "Elvang", "Fjora", "Gelsen", "Hovde")
ASPECTS = {"length": "metres", "height": "metres", "cost": "crowns", "toll": "cents", "staff": "people"}
FILLER = (
    "The river runs slowly here, and the meadows are wet until May.",
    "Ferries crossed at this place for two centuries.",
    "A market is held on the north bank on the first Saturday of each month.",
    "Many visitors come in summer; few stay over night.",
    "The road was widened when the railway came.",
)
LONG = 100_000  # characters of a long page


class Fact(Struct, frozen=True):
    """One value of one bridge, as one page says it."""

    name: str
    aspect: str
    value: int
    year: int

    @property
    def sentence(self) -> str:
        """The words of the page."""
        unit = ASPECTS[self.aspect]
        return f"In {self.year} the {self.aspect} of the {self.name} bridge was {self.value} {unit}."


class World:
    """Pages by their addresses, and what is true in them."""

    name = "world"
    scope = "web"

    def __init__(self, seed: int, names: int = len(NAMES), *, long: int = LONG, pause: float = 0.0) -> None:
        rolled = random.Random(seed)
        self.names, self.pause = NAMES[:names], pause
        self.facts: list[Fact] = []
        self.conflicts: list[tuple[Fact, Fact]] = []
        self.pages: dict[str, tuple[str, str]] = {}  # title and text
        self.searches: list[str] = []
        self.reads: list[str] = []
        for name in self.names:
            for aspect in ASPECTS:
                self._add(rolled, name, aspect, long)
            self._distract(rolled, name)
        self._stems = {url: stems(f"{title} {text[:2000]}") for url, (title, text) in self.pages.items()}

    @property
    def question(self) -> str:
        """What is asked."""
        return f"What are the {', '.join(ASPECTS)} of the bridges {', '.join(self.names)}?"

    def _add(self, rolled: random.Random, name: str, aspect: str, long: int) -> None:
        fact = Fact(name, aspect, rolled.randrange(100, 9000), rolled.randrange(1950, 2024))
        self.facts.append(fact)
        is_long = rolled.random() < 0.25
        self._page(rolled, f"{aspect} of the {name} bridge", fact, long if is_long else 3000, is_last=is_long)
        if rolled.random() < 0.2:
            other = Fact(name, aspect, fact.value + rolled.randrange(1, 50), fact.year)
            self.conflicts.append((fact, other))
            self._page(rolled, f"The {name} bridge and its {aspect}", other, 2500)

    def _distract(self, rolled: random.Random, name: str) -> None:
        title = f"Around the {name} bridge"
        text = " ".join(rolled.choices(FILLER, k=40))
        self.pages[_url(title)] = (title, f"{title}\n\n{text}")

    def _page(
        self, rolled: random.Random, title: str, fact: Fact, size: int, *, is_last: bool = False
    ) -> None:
        lines = list[str]()
        while sum(map(len, lines)) < size:
            lines.append(" ".join(rolled.choices(FILLER, k=6)))
        place = len(lines) if is_last else rolled.randrange(1, len(lines))
        lines.insert(place, f"{rolled.choice(FILLER)} {fact.sentence} {rolled.choice(FILLER)}")
        self.pages[_url(title)] = (title, "\n\n".join((title, *lines)))

    # The port `Search`

    async def search(
        self,
        query: str,
        limit: int,
        *,
        allowed: Sequence[str] = (),
        blocked: Sequence[str] = (),
        bounds: SearchBounds = UNBOUNDED,
    ) -> SearchReply:
        """Return the pages that share most words with the query."""
        del allowed, blocked, bounds
        self.searches.append(query)
        await asyncio.sleep(self.pause)
        wanted = stems(query)
        ranked = sorted(self.pages, key=lambda url: (-len(wanted & self._stems[url]), url))
        hits = [Hit(url, self.pages[url][0], FILLER[0], 0.5) for url in ranked[:limit]]
        return SearchReply(tuple(hits))

    async def read(self, url: str) -> PageReply:
        """Return the text of a page."""
        self.reads.append(url)
        await asyncio.sleep(self.pause)
        return PageReply(self.pages[url][1])


class Score(Struct, frozen=True):
    """What of the world a report says."""

    found: float  # share of the facts
    named: float  # share of the contradictions, both sides of which are said
    false: int  # values that no page has


def score(world: World, said: Mapping[tuple[str, str], set[int]]) -> Score:
    """Compare a report's values with the world's."""
    true: dict[tuple[str, str], set[int]] = {}
    for fact in (*world.facts, *(other for _, other in world.conflicts)):
        true.setdefault((fact.name, fact.aspect), set()).add(fact.value)
    found = sum(fact.value in said.get((fact.name, fact.aspect), ()) for fact in world.facts)
    named = sum(
        {one.value, other.value} <= said.get((one.name, one.aspect), set()) for one, other in world.conflicts
    )
    false = sum(len(values - true.get(key, set())) for key, values in said.items())
    return Score(found / len(world.facts), named / len(world.conflicts) if world.conflicts else 1.0, false)


def _url(title: str) -> str:
    return f"https://world.example/{title.lower().replace(' ', '-')}"
