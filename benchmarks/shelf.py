"""Measure adding and searching many small documents."""

import asyncio
import random
import time
from collections.abc import Iterable
from itertools import accumulate

import psutil

from app.document_finding import DocumentFinder
from app.domain.caller import ANYBODY
from app.store import documents
from app.store.database import Engine, make_engine
from benchmarks.database import Cluster
from benchmarks.machine import Meter
from benchmarks.quality.pacing import paced
from benchmarks.scale import QUICK, Scale
from benchmarks.streaming.sheet import Sheet

DOCUMENTS = (100_000, 2_000)  # full and quick
MAX_ADDING = 800.0  # seconds; a machine on which it takes longer has fewer in its table
AT_ONCE = 8  # documents that are being stored
SEARCHES = 300
VOCABULARY = 30_000  # words, of which the nth comes a nth as often as the first
WORDS = 290  # of a document: 2 KB
SENTENCE = 14  # words
COLUMNS = [
    "documents",
    "added a second",
    "CPU each, Python, ms",
    "Postgres, ms",
    "search p50, ms",
    "p99, ms",
    "CPU each, ms",
]


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
        engine, meter = make_engine(url), Meter(psutil.Process(), cluster.postmaster)
        try:
            meter.start()
            await _add(engine, language, count)
            added = meter.stop()
            questions = [language.question() for _ in range(SEARCHES)]
            meter.start()
            times = sorted([await _search(engine, question) for question in questions])
            _, *searched = meter.stop()
        finally:
            await engine.dispose()
    cells = [count / added[0], *_each(added[1:], count), times[SEARCHES // 2], times[SEARCHES * 99 // 100]]
    cells[-2:] = [1000 * cell for cell in cells[-2:]]
    cells.append(sum(_each(searched, SEARCHES)))
    return [
        Sheet("many documents", COLUMNS, [("2 KB each", [f"{count:,}", *(f"{cell:.1f}" for cell in cells)])])
    ]


def _each(seconds: Iterable[float], count: int) -> list[float]:
    """Return milliseconds of one."""
    return [1000 * one / count for one in seconds]


async def _add(engine: Engine, language: Language, count: int) -> None:
    numbers = paced("documents", range(count), MAX_ADDING)

    async def work() -> None:
        for number in numbers:
            text = language.text(number)
            await documents.put(engine, ANYBODY, f"note:{number}", f"Report {number}", text)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def _search(engine: Engine, question: str) -> float:
    began = time.monotonic()
    await DocumentFinder(engine).find(ANYBODY, question, 10)
    return time.monotonic() - began
