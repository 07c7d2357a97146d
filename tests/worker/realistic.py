"""Write long reports by rule from what the model was shown.

There are true sentences, and planted false ones.
"""

import asyncio
import re

from msgspec import Struct

from app.agent.ports import Hit, ModelReply, PageReply, SearchReply
from app.domain import tools
from tests.scripted import PLAN, REASONING
from tests.text import pairs

TOWNS = ("Halden", "Kalmar", "Visby", "Vaasa")
PAGES_EACH = 3  # pages of `pairs` that make one here
# By words alone these are not decided across languages: they are the judge's, and not planted there.
JUDGED_ACROSS = {
    "comparison reversed",
    "some to all",
    "names swapped",
    "another name",
    "numbers swapped",
    "unit",
}


class Page(Struct, frozen=True):
    """A page in English, its sentences, and the German of each."""

    url: str
    english: tuple[str, ...]
    german: tuple[str, ...]
    looms: tuple[tuple[str, int, int], ...]  # of a town: in 1850, in 1880

    @property
    def text(self) -> str:
        return f"{' '.join(self.english)}\n\n{' '.join(map(counted, self.looms))}"


def counted(row: tuple[str, int, int]) -> str:
    """Tell a row of the table in words."""
    town, old, new = row
    return f"{town} had {old} looms in 1850 and {new} looms in 1880."


class Citation(Struct, frozen=True):
    """Hold a cited sentence or part, and the source it names."""

    text: str
    number: int

    def is_in(self, claims) -> bool:
        """Whether one of the report's claims is this one."""
        return any(claim.number == self.number and bare(self.text) in bare(claim.text) for claim in claims)


class Report(Struct):
    """What the model writes, and what of it is right."""

    blocks: list[str]
    quotes: list[tools.SourceQuote]
    right: list[Citation]
    planted: dict[str, list[Citation]]

    def plant(self, kind: str, text: str, number: int) -> None:
        """Write a false sentence with a citation."""
        self.planted.setdefault(kind, []).append(Citation(text, number))
        self.blocks.append(cited(text, number))

    @property
    def content(self) -> str:
        return "\n\n".join(self.blocks)


def bare(text: str) -> str:
    """The letters and digits of a text."""
    return re.sub(r"\W+", " ", text).strip().casefold()


def cited(text: str, *numbers: int) -> str:
    """A sentence with its citations before its full stop."""
    return f"{text.removesuffix('.')} {''.join(f'[{number}]' for number in numbers)}."


def pages() -> list[Page]:
    """Four pages of fifteen sentences and two rows of a table each."""
    english, german = ([lines for _, lines in pairs.pages(language)] for language in ("en", "de"))
    return [_page(at, english, german) for at in range(0, len(english), PAGES_EACH)]


def _page(at: int, english: list[list[str]], german: list[list[str]]) -> Page:
    def joined(pages: list[list[str]]) -> tuple[str, ...]:
        lines = (line for page in pages[at : at + PAGES_EACH] for line in page)
        return tuple(line.replace("Neunzehn Obst", "Acht Obst") for line in lines)  # as the English has it

    looms = tuple((town, 211 + 17 * at + n, 352 + 29 * at + n) for n, town in enumerate(TOWNS))
    return Page(f"https://chronicle.example/{at}", joined(english), joined(german), looms)


def english_report(numbered: dict[int, Page]) -> Report:
    """Write paraphrases, tables and shared sentences, with planted falsehoods.

    A page has one falsehood of each kind.
    """
    report = Report(["# What the chronicles say"], [], [], {})
    for number, page in numbered.items():
        report.blocks.append(f"## Chronicle {number}")
        report.blocks.append(
            " ".join(_told(report, at, line, number) for at, line in enumerate(page.english))
        )
        report.blocks.append(_table(report, page, number))
        for kind, rule in pairs.rules("en").items():
            told = next((false for line in page.english if (false := rule(line)) and false != line), None)
            if told:
                report.plant(kind, told, number)
    _several_sources(report, numbered)
    _misplaced(report, numbered)
    return report


def _told(report: Report, at: int, line: str, number: int) -> str:
    """Reword a sentence of a page in one of the controls' ways."""
    ways = [line, *pairs.respelled(line, "en")]
    said = ways[at % len(ways)]
    report.right.append(Citation(said, number))
    return cited(said, number)


def _table(report: Report, page: Page, number: int) -> str:
    rows = ["| Town | Looms in 1850 | Looms in 1880 |", "|---|---|---|"]
    for town, old, new in page.looms[:-1]:
        rows.append(f"| {town} | {old} [{number}] | {new} [{number}] |")
        report.right += [Citation(f"{town} {old}", number), Citation(f"{town} {new}", number)]
    town, old, new = page.looms[-1]
    rows.append(f"| {town} | {old} [{number}] | {new + 1000} [{number}] |")
    report.right.append(Citation(f"{town} {old}", number))
    report.planted.setdefault("cell of a table", []).append(Citation(f"{town} {new + 1000}", number))
    return "\n".join(rows)


def _several_sources(report: Report, numbered: dict[int, Page]) -> None:
    """Join a clause of one source to a clause of another."""
    for (one, page), (other, next_page) in zip(
        numbered.items(), list(numbered.items())[1:] + list(numbered.items())[:1], strict=True
    ):
        first, second = page.english[1].removesuffix("."), next_page.english[6].removesuffix(".")
        report.blocks.append(f"{first} [{one}], and {second[0].lower()}{second[1:]} [{other}].")
        report.right += [Citation(first, one), Citation(second, other)]
        false = pairs.swapped(r"\b\d+\b")(second)
        if false:
            report.blocks.append(f"{first} [{one}], while {false[0].lower()}{false[1:]} [{other}].")
            report.right.append(Citation(first, one))
            report.planted.setdefault("clause of a sentence", []).append(Citation(false, other))


def _misplaced(report: Report, numbered: dict[int, Page]) -> None:
    """Cite wrong pages, a wrong number, and a sentence without page."""
    (one, page), (other, _), *_ = numbered.items()
    report.plant("wrong page", page.english[3], other)
    report.plant("no such source", page.english[4], 99)
    report.plant("invented", "The chapel of Ystad holds 31 organs from the Baltic coast.", one)


def german_report(numbered: dict[int, Page]) -> Report:
    """Write the same in German, with the English words behind each sentence."""
    report = Report(["# Was die Chroniken sagen"], [], [], {})
    for number, page in numbered.items():
        report.blocks.append(f"## Chronik {number}")
        for german, english in zip(page.german, page.english, strict=True):
            report.right.append(Citation(german, number))
            report.blocks.append(cited(german, number))
            report.quotes.append(tools.SourceQuote(number, english, german))
        report.blocks.append(_table(report, page, number))
        for row in page.looms:
            report.quotes.append(tools.SourceQuote(number, counted(row), f"{row[0]} {row[1]}"))
        _false_german(report, page, number)
    return report


def _false_german(report: Report, page: Page, number: int) -> None:
    for kind, rule in pairs.rules("de").items():
        told = [
            (false, english)
            for german, english in zip(page.german, page.english, strict=True)
            if (false := rule(german)) and false != german
        ]
        if told and kind not in JUDGED_ACROSS:
            report.plant(kind, told[0][0], number)
            report.quotes.append(tools.SourceQuote(number, told[0][1], told[0][0]))
    invented = f"Die Kapelle {number} besitzt eine Orgel aus dem Ausland."
    report.plant("quote that is not there", invented, number)
    report.quotes.append(tools.SourceQuote(number, "The chapel owns an organ from abroad.", invented))


class Chronicles:
    """A search that finds the pages, and reads them."""

    name = "chronicles"
    scope = "web"

    def __init__(self) -> None:
        self.pages = {page.url: page for page in pages()}

    async def search(self, _query, limit, *, allowed=(), blocked=(), **_):
        found = enumerate(self.pages.items())
        hits = [Hit(url, f"Chronicle {at}", page.text[:40], 0.9) for at, (url, page) in found]
        return SearchReply(tuple(hits[:limit]))

    async def read(self, url):
        return PageReply(self.pages[url].text)


class RuleDrivenModel:
    """Plan, search, read, and write from the texts it is shown.

    `report` is what it wrote.
    """

    name = "rule-driven"

    def __init__(self, write) -> None:
        self.write = write
        self.report = None

    async def next_step(self, ask, texts, writing=None):
        act = await asyncio.to_thread(self._act, ask, texts)  # pages are looked at in a thread
        return ModelReply(tools.NextStep(REASONING, act))

    def _act(self, ask, texts):
        read = [source for source in ask.sources if source.sha256]
        if not ask.plan:
            return PLAN
        if not ask.sources:
            return tools.WebSearch(("chronicles of the coast",))
        if not read:
            return tools.ReadPages(tuple(source.url for source in ask.sources))
        known = {page.text: page for page in pages()}
        self.report = self.write({source.number: known[texts[source.sha256]] for source in read})
        quotes = tuple(self.report.quotes)
        return tools.WriteReport("The chronicles", self.report.content, "high", quotes)
