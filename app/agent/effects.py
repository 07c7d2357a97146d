"""What each turn brought, and why one brought nothing.

The model is told, and may not do the same a third time.
"""

from collections.abc import Sequence

from msgspec import Struct

from app.agent.spellings import Spellings
from app.domain import tools
from app.domain.job import Job
from app.domain.research import Research, Turn
from app.domain.words import aside_in_words

MAX_WASTED = 2  # turns in a row without effect for which a tool stays on the menu
MAX_TURN_NOTES = 5  # of one turn
SHOWN = 120  # characters of what the model wrote

Key = tuple[str, ...]


class Effect(Struct, frozen=True):
    """The outcome of a turn.

    `notes` say why parts of it brought nothing.
    """

    tool: str
    is_none: bool
    notes: tuple[str, ...] = ()


def query_key(query: str) -> Key:
    """What two spellings of one query share: its words in any case."""
    return tuple(query.casefold().split())


def effects(job: Job) -> tuple[Effect, ...]:
    """The effect of each turn, in the order of the turns."""
    walk = _Walk(job.research)
    return tuple(map(walk.see, job.research.turns, job.research.made))


def worn_out(job: Job) -> frozenset[str]:
    """The tools that brought nothing in the latest turns, again and again."""
    wasted = list[str]()
    for effect in reversed(effects(job)):
        if not effect.is_none:
            break
        wasted.append(effect.tool)
    return frozenset(tool for tool in wasted if wasted.count(tool) >= MAX_WASTED)


def searched(turns: Sequence[Turn]) -> set[Key]:
    """The queries of these turns."""
    searches = [turn.function for turn in turns if isinstance(turn.function, tools.WebSearch)]
    return {query_key(query) for search in searches for query in search.queries}


def unreadable(research: Research, before: int | None = None) -> frozenset[int]:
    """Return the sources whose reading was given up.

    With `before`, only in the turns before that one.
    """
    turns = [turn for turn in research.turns if before is None or turn.step < before]
    return frozenset(number for turn in turns for number in _given_up(turn))


def _given_up(turn: Turn) -> list[int]:
    """Return the sources that failed in a turn, by failed calls."""
    starts = f"{turn.step}/read/"
    keys = [line.partition(":")[0] for line in turn.failed if line.startswith(starts)]
    return [int(key.removeprefix(starts)) for key in keys if key.removeprefix(starts).isdecimal()]


class _Walk:
    """Looks at turn after turn, and remembers what was done before."""

    def __init__(self, research: Research) -> None:
        self._spellings = Spellings(research.sources)
        self._queries = dict[Key, int]()  # and the turns that searched for them
        self._read = dict[int, int]()  # sources, and the turns that read them
        self._given_up = dict[int, int]()
        self._plan: tuple[str, ...] = ()
        self._is_planned = False  # by the turn before

    def see(self, turn: Turn, made: int) -> Effect:
        function, tool = turn.function, str(type(turn.function).__struct_config__.tag)
        notes, is_none, is_plan = list[str](), False, False
        match function:
            case tools.WebSearch(queries=queries):
                notes, is_none = self._searched(turn, queries, made), not made
            case tools.ReadPages(urls=urls):
                notes, is_none = self._reading(turn, urls, made), not made
            case tools.GeneratePlan(planned_steps=steps) | tools.AdaptPlan(next_steps=steps):
                is_plan = True
                notes = self._planned(steps)
                is_none = bool(notes)
            case tools.WriteReport() | tools.Answer():
                notes, is_none = [UNDELIVERED], True
        self._is_planned = is_plan
        return Effect(tool, is_none, tuple(notes[:MAX_TURN_NOTES]))

    def _searched(self, turn: Turn, queries: Sequence[str], made: int) -> list[str]:
        new = [query for query in dict.fromkeys(queries) if query_key(query) not in self._queries]
        notes = [
            f"“{query[:SHOWN]}” was searched for in turn {self._queries[query_key(query)]}: use other words."
            for query in dict.fromkeys(queries)
            if query not in new
        ]
        for query in new:
            self._queries[query_key(query)] = turn.step
        if made < len({query_key(query) for query in new}):
            notes.append(NO_SEARCHES)
        if made and not turn.found and not turn.failed:
            notes.append("The search found no new page.")
        return notes

    def _reading(self, turn: Turn, urls: Sequence[str], made: int) -> list[str]:
        notes, new = list[str](), set[int]()
        for url in urls:
            source = self._spellings.find(url)
            if source is None:
                notes.append(UNKNOWN.format(url[:SHOWN]))
            elif source.number in self._read:
                notes.append(f"[{source.number}] was read in turn {self._read[source.number]}.")
            elif source.set_aside:
                notes.append(f"[{source.number}] was set aside: {aside_in_words(source.set_aside)}.")
            elif source.number in self._given_up:
                notes.append(f"[{source.number}] could not be read in turn {self._given_up[source.number]}.")
            else:
                new.add(source.number)
        if made < len(new):
            notes.append(NO_READS)
        self._read |= dict.fromkeys(turn.read, turn.step)
        self._given_up |= dict.fromkeys(_given_up(turn), turn.step)
        return notes

    def _planned(self, steps: tuple[str, ...]) -> list[str]:
        is_same, self._plan = steps == self._plan, steps
        if is_same:
            return ["This is the plan that there is already: follow it."]
        return ["The turn before made a plan: follow it now."] if self._is_planned else []


UNKNOWN = "No source is “{}”: name the number or the url of one that was found."
NO_SEARCHES = "The job’s limit of searches left out the rest."
NO_READS = "The job’s limit of pages left out the rest."
UNDELIVERED = "No sentence of this was in a page that was read, so it was not delivered."
