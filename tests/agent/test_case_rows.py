"""Each row of reports that once failed, as it was given."""

import pytest
from msgspec import Struct

from app.agent.citations import bind
from app.domain.research import Research, Source
from app.domain.tools import SourceQuote

NUMBERS = (
    "The town had 1 250 000 inhabitants. The state had 12,50,000 voters. In the storm twenty-three ships "
    "sank. Its nineteenth mayor was a baker. The tower fell in the year ١٩٨٠."
)
PLANT = (
    "The U.S. Department of Energy approved the plant in Sept. 1979. Gov. Ray closed the plant on "
    "Dec. 3, 1980. Lt. Col. Smith sold the site in Oct. 1982."
)
CLOSED = "The plant was closed in 1980 after a long dispute."
HISTORY = "History of the plant"
TERM = "The first term of the series is written a1, and it bounds the sum from below."
QUOTED = (SourceQuote(1, CLOSED),)


class Row(Struct, frozen=True):
    """What the model wrote on which page, and what of it stays."""

    page: str
    content: str
    stays: str = ""  # "" if it is just as it was written
    number: int = 1  # of the source
    claims: int = 1
    quotes: tuple[SourceQuote, ...] = ()
    says: str = ""  # in `removed`


ROWS = {
    "question and report in Russian, pages English": Row(
        CLOSED, "Завод закрыли в 1980 году после долгого спора [1].", quotes=QUOTED
    ),
    "question and report in French, pages English": Row(
        CLOSED, "L’usine a fermé en 1980 après un long conflit [1].", quotes=QUOTED
    ),
    "question and report in German, pages English": Row(
        CLOSED, "Das Werk wurde 1980 nach langem Streit geschlossen [1].", quotes=QUOTED
    ),
    "question and report in Chinese, pages English": Row(
        CLOSED, "该厂在长期争议后于1980年关闭[1]。", quotes=QUOTED
    ),
    "numbers in other spellings, the claim in digits": Row(
        NUMBERS,
        "The town had 1,250,000 inhabitants [1]. The state had 1250000 voters [1]. In the storm 23 ships "
        "sank [1]. Its 19th mayor was a baker [1]. The tower fell in the year 1980 [1].",
        claims=5,
    ),
    "The U.S. Department of Energy … in Sept. 1979 [4]. Gov. Ray … on Dec. 3, 1980 [4]. Lt. Col. …": Row(
        PLANT,
        "The U.S. Department of Energy approved the plant in Sept. 1979 [4]. Gov. Ray closed the plant on "
        "Dec. 3, 1980 [4]. Lt. Col. Smith sold the site in Oct. 1982 [4].",
        number=4,
        claims=3,
    ),
    "the whole report in a ```markdown fence": Row(
        CLOSED, f"```markdown\n# Report\n\n{CLOSED[:-1]} [1].\n```", f"# Report\n\n{CLOSED[:-1]} [1]."
    ),
    "a list of sources of the model's own": Row(
        CLOSED, f"{CLOSED[:-1]} [1].\n\n## Sources\n\n1. {HISTORY}.", f"{CLOSED[:-1]} [1].", says="own list"
    ),
    "a list of sources in another language": Row(
        CLOSED,
        f"{CLOSED[:-1]} [1].\n\n**Использованные источники**\n\n- [1] {HISTORY}.",
        f"{CLOSED[:-1]} [1].",
        says="own list",
    ),
    "a list of sources with a note after it": Row(
        CLOSED,
        f"{CLOSED[:-1]} [1].\n\n## Sources\n\n1. {HISTORY}.\n\nNote: the list is not complete in all parts.",
        f"{CLOSED[:-1]} [1].\n\nNote: the list is not complete in all parts.",
        says="own list",
    ),
    **{
        f"the mark {mark}": Row(CLOSED, f"{CLOSED[:-1]} {mark}.", f"{CLOSED[:-1]} [1].")
        for mark in ("[Source 1]", "[1, p. 3]", "[ref1]", "(1)", "【1】", "［1］")
    },
    "the mark ¹": Row(CLOSED, f"{CLOSED[:-1]}¹.", f"{CLOSED[:-1]}[1]."),
    "a mark of no source is taken out and listed": Row(
        CLOSED, f"{CLOSED[:-1]} [1][Source 7].", f"{CLOSED[:-1]} [1].", says="no such source"
    ),
    "formulas in $ $ with an index: $a[1]$": Row(TERM, f"{TERM[:-1].replace('a1', '$a[1]$')} [1]."),
    "a think block left in the report": Row(
        CLOSED, f"<think>Shall I cite [1]?</think>\n{CLOSED[:-1]} [1].", f"{CLOSED[:-1]} [1].", says="thought"
    ),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_the_row_has_its_right_value(row):
    pages = {number: row.page if number == row.number else f"Page {number}." for number in range(1, 5)}
    sources = tuple(
        Source(number, f"https://example.org/{number}", "T", "", "1/search/1", str(number))
        for number in pages
    )
    texts = {str(number): page for number, page in pages.items()}
    report = bind("T", row.content, "high", Research(sources=sources), texts, quotes=row.quotes)

    assert report.content == (row.stays or row.content)
    assert [claim.number for claim in report.claims] == [row.number] * row.claims
    assert (report.coverage, report.unverified) == (1.0, ())
    assert all(row.says in line for line in report.removed)
    assert bool(report.removed) == bool(row.says)
