"""Citation checks take time roughly linear in a hostile report and page."""

import random
import time

import pytest

from app.agent.citations import bind
from app.domain.research import Research, Source

SMALL, LARGE = 50_000, 100_000  # characters of the report and of the page
MOST = 4.0  # times the CPU for twice the size: linear is 2, quadratic would be 4 and more with its own caches
LEAST = 0.3  # seconds of CPU; less is noise
RESEARCH = Research(sources=(Source(1, "https://example.com/1", "T", "", "1/search/1", "aa"),))
VOCABULARY = [f"{letter}ab{number}el" for number in range(6) for letter in "bdfgk"]


def _same_words(size: int) -> tuple[str, str]:
    page = "The council of Halden sold 31 boats in 1905 and the harbour was not closed. " * (size // 70)
    claim = "The council of Halden sold 32 boats in 1905 and the harbour was closed"
    return page, _numbered(claim, size)


def _one_sentence(size: int) -> tuple[str, str]:
    page = "Bel dab fag kal boats were sold. " * (size // 30)
    return page, _numbered("bel dab fag kal boats", size).replace(". ", ", ")


def _mixed_words(size: int) -> tuple[str, str]:
    chosen = random.Random(7)
    lines = [" ".join(chosen.choices(VOCABULARY, k=11)).capitalize() for _ in range(size // 60)]
    return ". ".join(lines), "".join(f"{line} [1]. " for line in reversed(lines))


def _names(size: int) -> tuple[str, str]:
    page = "Anna Holm and Karl Brandt met Peter Ahlgren in Visby. " * (size // 50)
    return page, _numbered("Karl Brandt and Anna Holm met Maria Sund in Ronne", size)


def _table(size: int) -> tuple[str, str]:
    page = "Halden had 31 looms in 1850 and 77 looms in 1880. " * (size // 50)
    rows = "".join(f"| Halden | {n} looms [1] | 77 looms [1] |\n" for n in range(size // 45))
    return page, f"| Town | 1850 | 1880 |\n|---|---|---|\n{rows}"


def _numbered(claim: str, size: int) -> str:
    return "".join(f"{claim} {at} [1]. " for at in range(size // (len(claim) + 12)))


HOSTILE = (_same_words, _one_sentence, _mixed_words, _names, _table)


def _cpu(page: str, content: str) -> float:
    began = time.process_time()
    bind("T", content, "high", RESEARCH, {"aa": page}, is_bound=True)
    return time.process_time() - began


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda made: made.__name__)
def test_twice_the_report_and_page_take_no_more_than_a_wide_margin(hostile):
    small, large = _cpu(*hostile(SMALL)), _cpu(*hostile(LARGE))

    assert large <= MOST * max(small, LEAST), f"{small:.2f} s of CPU became {large:.2f} s"
