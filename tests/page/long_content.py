"""Make long and foreign content.

A job of 2,000 events with failures, a long report, Chinese and Arabic.
"""

# ruff: noqa: E501 - texts

from collections.abc import Iterator
from datetime import timedelta

from app.domain import events as e
from app.domain import tools
from dossier.request import ResearchRequest
from tests.folds.logs import PLAN, STARTED, T0, Log, called, told, turn
from tests.page.story import STORY, thought

LONG = "Describe in detail how water boils at every height."
CHINESE = "长城有多长，是什么时候修建的？"
ARABIC = "ما طول سور الصين العظيم ومتى بني؟"
ASKED = (LONG, CHINESE, ARABIC)
LONG_URL = "https://tables.example.org/boiling"

HEIGHTS = range(250, 9001, 125)


def measured(height: int) -> str:
    """A sentence of its own for each height."""
    return f"At a height of {height} metres water boils at {100 - height / 300:.1f} degrees Celsius in an open pot."


LONG_TEXT = "Boiling by height\n\n" + "\n\n".join(map(measured, HEIGHTS))
CHINESE_TEXT = "长城的长度\n\n长城的总长度超过两万一千公里。长城的修建始于公元前七世纪，一直持续到明朝。\n\n明朝修建的部分长约八千八百五十公里。"
ARABIC_TEXT = "طول سور الصين العظيم\n\nيبلغ الطول الإجمالي لسور الصين العظيم أكثر من واحد وعشرين ألف كيلومتر. بدأ بناء السور في القرن السابع قبل الميلاد واستمر حتى عهد أسرة مينغ."
FOREIGN_PAGES = {
    LONG_URL: ("Boiling by height: a table", LONG_TEXT),
    "https://changcheng.example.cn/": ("长城的长度", CHINESE_TEXT),
    "https://sur.example.eg/": ("طول سور الصين العظيم", ARABIC_TEXT),
}


def _long_report() -> str:
    parts = []
    for chapter in range(14):
        heights = HEIGHTS[chapter * 5 : chapter * 5 + 5]
        parts.append(f"## From {heights[0]} metres on")
        for height in heights:
            parts.append(
                f"{measured(height)[:-1]} [1]. "
                + "The pot is open, the water is clean, and the fire is steady; these are assumed throughout. "
                * 3
            )
            if height % 500 == 0:
                parts.append(
                    "### What follows for the kitchen\n\n- Rice takes longer.\n- Tea is weaker.\n- A closed pot helps, because the pressure in it is higher than that of the thin air around it."
                )
        rows = "\n".join(
            f"| {height} m | {100 - height / 300:.1f} °C | {101 - height / 120:.0f} kPa | a value that was measured in the open air and rounded |"
            for height in heights
        )
        parts.append(f"| Height | Boiling point | Pressure | Remark |\n|---|---:|---:|---|\n{rows}")
    return "\n\n".join(parts)


def script(query: str):
    """Return the turns played for this question, or None for another's."""
    found = {
        LONG: (LONG_URL, "Boiling at every height", _long_report()),
        CHINESE: ("https://changcheng.example.cn/", "长城的长度与年代", "## 长度\n\n长城的总长度超过两万一千公里 [1]。\n\n## 年代\n\n长城的修建始于公元前七世纪，一直持续到明朝 [1]。有人说在月球上可以看见长城。"),
        ARABIC: ("https://sur.example.eg/", "طول سور الصين العظيم", "## الطول\n\nيبلغ الطول الإجمالي لسور الصين العظيم أكثر من واحد وعشرين ألف كيلومتر [1].\n\n## الزمن\n\nبدأ بناء السور في القرن السابع قبل الميلاد واستمر حتى عهد أسرة مينغ [1]. ويقال إنه يرى من القمر."),
    }.get(query)  # fmt: skip
    if found is None:
        return None
    url, title, content = found
    return (
        STORY[0],
        (STORY[1][0], tools.WebSearch((query[:100],))),
        (STORY[2][0], tools.ReadPages((url,))),
        (thought("It is known.", "Write it down.", "1 page read.", "3 of 3 steps done.", enough=True), tools.WriteReport(title, content, "high")),
    )  # fmt: skip


def _failed(key: str, about: str, times: int, message: str, kind: str = "network") -> Iterator[e.Fact]:
    yield e.CallRequested(key, key.split("/")[1], "tavily", "00", about)
    for _ in range(times):
        yield e.CallFailed(key, kind, message, retryable=True)


def _searched(step: int, number: int) -> Iterator[e.Fact]:
    """Search thrice, in vain on every third step of the job."""
    topic = f"drought {step} and its harvests"
    queries = (topic, f"{topic} in figures", f"{topic}, causes")
    yield from turn(step, tools.WebSearch(queries))
    for n, query in enumerate(queries):
        key = f"{step}/search/{n + 1}"
        if step % 3 == 0:
            yield from _failed(key, query, 3, "HTTP 500")
        else:
            url = f"https://example.org/{number + n}"
            yield from called(key, cost=0.008)
            yield e.SourceFound(number + n, url, f"{query}: a study", "An excerpt.", key)


def _read(step: int, numbers: range) -> Iterator[e.Fact]:
    """Read these sources, of which those with odd numbers refuse."""
    urls = {n: f"https://example.org/{n}" for n in numbers}
    yield from turn(step, tools.ReadPages(tuple(urls.values())))
    for n, url in urls.items():
        key = f"{step}/read/{n}"
        if n % 2:
            yield from _failed(key, url, 2, "HTTP 403: this reader is refused")
        else:
            yield from called(key, cost=0.001)
            yield e.PageRead(n, "ab" * 32, 9_000 + n, key)


def troubled(events: int = 2_000) -> Log:
    """Make a running deep job with many failures, waits and tries."""
    request = ResearchRequest(
        "How did each of the great droughts change farming?", effort="deep", tags=("history",)
    )
    log: list[e.Fact] = [e.JobSubmitted(request, "default", 5), STARTED, *turn(1, PLAN)]
    away = e.Away("tavily", T0, "HTTP 503: away")
    released = e.AttemptReleased(1, "provider_unavailable", T0 + timedelta(days=1), away=away)
    step, number = 2, 1
    while len(log) < events:
        log += _searched(step, number)
        number += 3 if step % 3 else 0
        step += 1
        if number > 3 and step % 3 == 0:
            log += _read(step, range(number - 3, number))
            step += 1
        if step % 10 == 0:
            log += [released, STARTED] * 6
    return told(f"page: troubled {events}", *log)
