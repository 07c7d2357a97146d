"""A prompt quotes pages, and nothing remembers one whole."""

import tracemalloc

from app.agent.ports import Ask, SeenSource
from app.agent.prompts import messages
from app.domain.research import Turn
from app.domain.tools import ReadPages
from tests.scripted import REASONING

PAGES, SIZE = 30, 100_000
LINE = "Water boils at a lower temperature where the pressure of the air is lower. "


def test_no_page_stays_in_memory_once_the_prompt_is_made():
    texts = {f"{n:064}": f"{LINE}Page {n}.\n" * (SIZE // 85) for n in range(PAGES)}
    sources = tuple(
        SeenSource(n, f"https://example.org/{n}", "A page", LINE, f"{n:064}") for n in range(PAGES)
    )
    turn = Turn(1, REASONING, ReadPages(("1",)), read=tuple(range(PAGES)))
    ask = Ask(
        "Why?",
        "2026-11-27",
        "deep",
        2,
        ("answer",),
        "",
        (),
        (turn,),
        sources,
        notes=((),),
        bytes_per_token=(4.0,),
    )
    tracemalloc.start()
    try:
        quoted = sum(len(message.content) for message in messages(ask, texts))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert quoted > PAGES * 1_000
    assert held < SIZE * PAGES / 3
