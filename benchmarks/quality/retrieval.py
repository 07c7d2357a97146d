"""Measure how well documents are found, beside BM25.

At the level that the agent gets, over the same articles.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import log, log2
from statistics import mean

from app.document_finding import DocumentFinder
from app.domain.caller import ANYBODY
from app.providers.corpus_search import CorpusSearch
from app.store import documents
from app.store.database import Engine
from benchmarks.quality.data import Article, Question

DEPTH = 10  # hits that are looked at
K1, B = 1.2, 0.75

Row = tuple[str, list[str]]

_UNSPACED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_UNSPACED}]+|(?:(?![{_UNSPACED}])[\w\u0900-\u0963])+")


class Bm25:
    """Rank by plain BM25, as the yardstick.

    Words as they are written, pairs of characters where there are no spaces; no stems.
    """

    def __init__(self, articles: Sequence[Article]) -> None:
        self._held = {one.key: Counter(_words(f"{one.title} {one.text}")) for one in articles}
        self._mean = mean(sum(words.values()) for words in self._held.values())
        self._with = Counter(word for words in self._held.values() for word in words)

    def search(self, query: str) -> list[str]:
        scores: dict[str, float] = defaultdict(float)
        for word in set(_words(query)) & self._with.keys():
            rarity = log(1 + (len(self._held) - self._with[word] + 0.5) / (self._with[word] + 0.5))
            for key, words in self._held.items():
                if times := words[word]:
                    size = 1 - B + B * sum(words.values()) / self._mean
                    scores[key] += rarity * times * (K1 + 1) / (times + K1 * size)
        return sorted(scores, key=lambda key: -scores[key])[:DEPTH]


def _words(text: str) -> list[str]:
    found = list[str]()
    for word in _WORD.findall(text.lower()):
        is_run = bool(re.match(f"[{_UNSPACED}]", word))
        found += [word[at : at + 2] for at in range(max(1, len(word) - 1))] if is_run else [word]
    return found


def ndcg(found: Sequence[str], relevant: dict[str, int]) -> float:
    """Gain of the first ten, relative to the best order."""
    gain = sum((2 ** relevant.get(key, 0) - 1) / log2(at + 2) for at, key in enumerate(found[:DEPTH]))
    grades = sorted(relevant.values(), reverse=True)[:DEPTH]
    return gain / sum((2**grade - 1) / log2(at + 2) for at, grade in enumerate(grades))


def search_of(engine: Engine) -> CorpusSearch:
    """The search that the agent uses."""
    return CorpusSearch(
        find=lambda query, limit: DocumentFinder(engine).find(ANYBODY, query, limit),
        read=lambda url: documents.read(engine, ANYBODY, url),
    )


async def rows(engine: Engine, articles: Sequence[Article], questions: Iterable[Question]) -> list[Row]:
    """Return a row for each language.

    Questions, nDCG@10 of ours and BM25, hit@1, hit@10, empty answers.
    """
    search, yardstick = search_of(engine), Bm25(articles)
    taken: dict[str, list[tuple[float, float, bool, bool, bool]]] = defaultdict(list)
    for question in questions:
        reply = await search.search(question.text, DEPTH)
        found = [hit.url for hit in reply.hits]
        taken[question.language].append(
            (
                ndcg(found, question.relevant),
                ndcg(yardstick.search(question.text), question.relevant),
                bool(found) and found[0] in question.relevant,
                bool(question.relevant.keys() & set(found)),
                not found,
            )
        )
    return [
        (language, [str(len(all_)), *(f"{mean(column):.3f}" for column in zip(*all_, strict=True))])
        for language, all_ in taken.items()
    ]
