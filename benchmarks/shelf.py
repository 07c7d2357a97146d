"""Measure adding and searching many small documents."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from itertools import accumulate

from app.domain.caller import ANYBODY
from app.store import documents, passage_search
from app.store.database import Engine, make_engine
from benchmarks.database import Cluster
from benchmarks.scale import QUICK, Scale
from benchmarks.streaming.sheet import Sheet

DOCUMENTS = (20_000, 2_000)  # full and quick
AT_ONCE = 8  # documents that are being stored
SEARCHES = 300
VOCABULARY = 30_000  # words, of which the nth comes a nth as often as the first
WORDS = 290  # of a document: 2 KB
SENTENCE = 14  # words
COLUMNS = ["documents", "added a second", "search p50, ms", "p99, ms"]


class Language:
    """Words that do not exist, as frequent as words are."""

    def __init__(self) -> None:
        self._random = random.Random(7)  # the same texts in each run
        self.words = [self._word() for _ in range(VOCABULARY)]
        self._weights = list(accumulate(1 / (rank + 1) for rank in range(VOCABULARY)))

    def text(self, number: int) -> str:
        """Return a report of some sentences."""
        words = self._random.choices(self.words, cum_weights=self._weights, k=WORDS)
        parts = (words[at : at + SENTENCE] for at in range(0, WORDS, SENTENCE))
        return f"Report {number}. " + " ".join(f"{' '.join(part).capitalize()}." for part in parts)

    def question(self) -> str:
        """Return three usual words and two rare ones."""
        usual = self._random.choices(self.words, cum_weights=self._weights, k=3)
        return " ".join(usual + self._random.choices(self.words[VOCABULARY // 10 :], k=2))

    def _word(self) -> str:
        syllables = self._random.randint(2, 4)
        return "".join(
            self._random.choice("bcdfghklmnprstvz") + self._random.choice("aeiou") for _ in range(syllables)
        )


async def measure(cluster: Cluster, scale: Scale) -> list[Sheet]:
    """Add documents of 2 KB, then search them one by one."""
    count, language = DOCUMENTS[scale is QUICK], Language()
    async with cluster.database() as url:
        engine = make_engine(url)
        try:
            seconds = await _timed(lambda: _add(engine, language, count))
            times = sorted([await _search(engine, language.question()) for _ in range(SEARCHES)])
        finally:
            await engine.dispose()
    cells = (count / seconds, times[SEARCHES // 2] * 1000, times[SEARCHES * 99 // 100] * 1000)
    return [
        Sheet("many documents", COLUMNS, [("2 KB each", [f"{count:,}", *(f"{cell:.0f}" for cell in cells)])])
    ]


async def _add(engine: Engine, language: Language, count: int) -> None:
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            text = language.text(number)
            await documents.put(engine, ANYBODY, f"note:{number}", f"Report {number}", text)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def _search(engine: Engine, question: str) -> float:
    return await _timed(lambda: passage_search.find(engine, ANYBODY, question, 10))


async def _timed(run: Callable[[], Awaitable[object]]) -> float:
    began = time.monotonic()
    await run()
    return time.monotonic() - began
