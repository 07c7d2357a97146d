"""Learn what each sign of an answer tells, from the operator's questions.

    python -m benchmarks.quality.fitting FOLDER [SECONDS]

Each question of each data set is put with its article and without it. The weights are fitted on every second
article, and what they do is shown for the others, which they never saw.
"""

import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from math import exp
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from app.agent.extractive import plan
from app.agent.extractive.page_sentences import weighed
from app.agent.extractive.weighing import script_of
from app.agent.extractive.weights import BLIND, SEEN, Weights
from app.agent.ports import Ask
from app.domain.caller import ANYBODY
from app.store import documents
from app.store.database import Engine, make_engine
from benchmarks.database import cluster
from benchmarks.quality import adapters
from benchmarks.quality.data import Dataset
from benchmarks.quality.pacing import paced, spread
from benchmarks.quality.refusals import researched

FITTING_ROUNDS = 4  # of choosing each question's best sentence, and fitting to those
NEWTON_STEPS = 8  # of Newton's method
EASE = 1.0  # by which large weights are held back
MIN_REFUSED = 0.96  # of the questions without their article, so that of others 95 % are
MAX_ASKED = 1200  # of one data set
FITTING_SECONDS = 600.0  # for one data set
FIRST_SIGNS = ("evidence", "density", "page_letters", "letters")  # by which sentences are chosen at first

Signs = dict[str, float]


class Sample(Struct, frozen=True):
    """A question's sentences, with its article there and not there."""

    name: str  # of the data set
    script: str
    half: int  # of the articles
    own: tuple[Signs, ...]  # of the passage that answers
    found: tuple[Signs, ...]
    strange: tuple[Signs, ...]  # without the article


async def samples(data: Dataset, seconds: float = FITTING_SECONDS) -> list[Sample]:
    """Put each question with its article and without it."""
    async with cluster() as postgres, postgres.database() as url:
        engine = make_engine(url)
        try:
            for article in data.articles:
                await documents.put(engine, ANYBODY, article.key, article.title, article.text)
            return await _asked(engine, data, seconds)
        finally:
            await engine.dispose()


async def _asked(engine: Engine, data: Dataset, seconds: float) -> list[Sample]:
    wholes = {one.key: one.whole or one.key for one in data.articles}
    halves = {whole: at % 2 for at, whole in enumerate(dict.fromkeys(wholes.values()))}
    taken = list[Sample]()
    for question in paced(data.name, spread(data.questions, MAX_ASKED), seconds):
        whole = wholes[next(iter(question.relevant))]
        gone = {key for key, other in wholes.items() if other == whole}
        ask, texts, _ = await researched(engine, question.text)
        found = signs(ask, texts)
        strange_ask, strange_texts, _ = await researched(engine, question.text, gone)
        own = tuple(one for url, one in found if url in question.relevant)
        others = tuple(one for _, one in signs(strange_ask, strange_texts))
        script = script_of(question.language)
        taken.append(Sample(data.name, script, halves[whole], own, tuple(one for _, one in found), others))
    return taken


def signs(ask: Ask, texts: dict[str, str]) -> list[tuple[str, Signs]]:
    """Return the signs of all sentences that a job could choose."""
    urls = {source.number: source.url for source in ask.sources}
    steps = [step for step in ask.plan or plan.plan(ask.query) if not plan.facet_of(step)]
    return [
        (urls[line.number], weighing.signs(line))
        for weighing, lines in weighed(replace(ask, weighs=True), steps, texts)
        for line in lines
        if weighing.is_close(line)
    ]


def fit(taken: Sequence[Sample], names: Sequence[str]) -> Weights:
    """Return the weights by which the samples are told apart best."""
    weights = {name: float(name in FIRST_SIGNS) for name in names}
    for _ in range(FITTING_ROUNDS):
        rows = list(_rows(taken, weights))
        weights = _newton(rows, names)
    scripts = dict.fromkeys(one.script for one in taken)
    least = {script: _least([one for one in taken if one.script == script], weights) for script in scripts}
    return Weights(weights, least)


def _rows(taken: Sequence[Sample], weights: Signs) -> Iterator[tuple[Signs, str, float]]:
    for one in taken:
        if best := _best(one.own or one.found, weights):
            yield best, one.script, 1.0
        if best := _best(one.strange, weights):
            yield best, one.script, 0.0


def _best(found: Sequence[Signs], weights: Signs) -> Signs | None:
    return max(found, key=lambda one: _told(one, weights), default=None)


def _told(one: Signs, weights: Signs) -> float:
    return sum(weight * one[name] for name, weight in weights.items())


def _least(taken: Sequence[Sample], weights: Signs) -> float:
    """Return what refuses as many as it should."""
    strange = sorted(_top(one.strange, weights) for one in taken)
    return strange[int(MIN_REFUSED * len(strange))]


def _top(found: Sequence[Signs], weights: Signs) -> float:
    return max((_told(one, weights) for one in found), default=float("-inf"))


def _newton(rows: Sequence[tuple[Signs, str, float]], names: Sequence[str]) -> Signs:
    """Fit a logistic regression, with a constant for each script."""
    scripts = sorted({script for _, script, _ in rows})
    vectors = [
        ([*(one[name] for name in names), *(float(script == other) for other in scripts)], is_answer)
        for one, script, is_answer in rows
    ]
    size = len(names) + len(scripts)
    weights = [0.0] * size
    for _ in range(NEWTON_STEPS):
        slope, curve = [-EASE * weight for weight in weights], [[0.0] * size for _ in range(size)]
        for vector, is_answer in vectors:
            _add(slope, curve, vector, is_answer, weights)
        for at in range(size):
            curve[at][at] += EASE
        weights = [weight + change for weight, change in zip(weights, _solved(curve, slope), strict=True)]
    return dict(zip(names, weights[: len(names)], strict=True))


def _add(
    slope: list[float], curve: list[list[float]], vector: list[float], is_answer: float, weights: list[float]
) -> None:
    told = sum(weight * value for weight, value in zip(weights, vector, strict=True))
    chance = 1 / (1 + exp(-max(-30.0, min(30.0, told))))
    for at, value in enumerate(vector):
        if value:
            slope[at] += (is_answer - chance) * value
            bent = chance * (1 - chance) * value
            curve[at] = [old + bent * other for old, other in zip(curve[at], vector, strict=True)]


def _solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Solve linear equations by elimination."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for at in range(len(rows)):
        pivot = max(range(at, len(rows)), key=lambda other: abs(rows[other][at]))
        rows[at], rows[pivot] = rows[pivot], rows[at]
        for other in range(len(rows)):
            if other != at:
                times = rows[other][at] / rows[at][at]
                rows[other] = [a - times * b for a, b in zip(rows[other], rows[at], strict=True)]
    return [row[-1] / row[at] for at, row in enumerate(rows)]


def told(taken: Sequence[Sample], weights: Weights) -> Iterator[str]:
    """Say of each data set how many are answered and refused."""
    for name in dict.fromkeys(one.name for one in taken):
        some = [one for one in taken if one.name == name]
        silent = sum(_top(one.found, weights.of) <= weights.least[one.script] for one in some)
        refused = sum(_top(one.strange, weights.of) <= weights.least[one.script] for one in some)
        shares = f"{silent / len(some):.1%} falsely not found, {refused / len(some):.1%} refused"
        yield f"{name}: {len(some)} questions, {shares}"


def report(taken: Sequence[Sample], say: Callable[[str], None] = print) -> None:
    """Fit on one half of the articles, and show both."""
    for title, names in (("SEEN", [*SEEN.of]), ("BLIND", [*BLIND.of])):
        weights = fit([one for one in taken if not one.half], names)
        say(f"{title} = {weights}")
        for half, which in enumerate(("fitted on", "held out")):
            for line in told([one for one in taken if one.half == half], weights):
                say(f"  {which} {line}")


async def _main(folder: Path, seconds: float) -> None:
    taken = list[Sample]()
    for data in adapters.datasets(folder):
        if data.asks_without:
            taken += await samples(data, seconds)
    report(taken)


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else FITTING_SECONDS))
