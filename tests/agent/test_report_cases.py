"""Keep the right citations of reports as models write them."""

import pytest

from app.agent.citations import bind
from app.domain.research import Research, Source

CLOSED = "The plant was closed in 1980 after a long dispute."


def bound(content, *pages):
    sources = tuple(
        Source(n, f"https://example.org/{n}", f"Page {n}", "", "1/search/1", f"{n:064}")
        for n in range(1, len(pages) + 1)
    )
    texts = {source.sha256: page for source, page in zip(sources, pages, strict=True)}
    return bind("T", content, "high", Research(sources=sources), texts)


EQUAL = [
    ("The town had 1 250 000 inhabitants in that year.", "The town had 1,250,000 inhabitants in that year."),
    ("The state had 12,50,000 voters.", "The state had 1,250,000 voters."),
    ("Twenty-three ships sank.", "23 ships sank."),
    ("Twenty three ships sank in the storm.", "23 ships sank in the storm."),
    ("The nineteenth century ended.", "The 19th century ended."),
    ("The tower fell in the year ١٩٨٠ in a storm.", "The tower fell in the year 1980 in a storm."),
    ("تأسست المدينة في عام ١٩٨٠.", "تأسست المدينة في عام 1980."),
    ("शहर की स्थापना १९८० में हुई थी।", "शहर की स्थापना 1980 में हुई थी।"),
    ("About two hundred and fifty people came.", "About 250 people came."),
    ("One million two hundred thousand people live there.", "1,200,000 people live there."),
    ("Das Haus stammt aus dem neunzehnten Jahrhundert.", "Das Haus stammt aus dem 19. Jahrhundert."),
    ("Le pont date du dix-neuvième siècle.", "Le pont date du 19e siècle."),
    ("Le pont date du XIXe siècle.", "Le pont date du 19e siècle."),
    ("El puente es del siglo XIX.", "El puente es del siglo 19."),
    ("Treinta y dos barcos se hundieron.", "32 barcos se hundieron."),
    ("Двадцать три корабля затонули во время бури.", "23 корабля затонули во время бури."),
    ("Мост построен в девятнадцатом веке.", "Мост построен в 19 веке."),
    ("这座城市有二十三座桥。", "这座城市有23座桥。"),
    ("该市有125万人口。", "该市有1,250,000人口。"),
    ("この町には二十三の橋がある。", "この町には23の橋がある。"),
]  # fmt: skip


@pytest.mark.parametrize(("page", "claim"), EQUAL)
def test_equal_numbers_are_equal_however_they_are_written(page, claim):
    end = claim[-1]
    assert bound(f"{claim[:-1]} [1]{end}", page).support == 1.0
    assert bound(f"{page[:-1]} [1]{end}", claim).support == 1.0


@pytest.mark.parametrize(("page", "claim"), [(page, claim) for page, claim in EQUAL if "1980" not in claim])
def test_another_number_is_another_one_however_it_is_written(page, claim):
    digits = next(number for number in ("1,250,000", "1,200,000", "250", "23", "19", "32") if number in claim)
    other = claim.replace(digits, digits.replace("2", "7").replace("19", "18"))

    assert bound(f"{other[:-1]} [1]{claim[-1]}", page).support == 0.0


def test_abbreviations_end_no_sentence():
    page = (
        "The U.S. Department of Energy approved the plant in Sept. 1979. Gov. Ray closed the plant on "
        "Dec. 3, 1980. Lt. Col. Smith sold the site in Oct. 1982."
    )
    report = bound(
        "The U.S. Department of Energy approved the plant in Sept. 1979 [4]. Gov. Ray closed the plant on "
        "Dec. 3, 1980 [4]. Lt. Col. Smith sold the site in Oct. 1982 [4].",
        *("Some other page.",) * 3,
        page,
    )

    assert len(report.claims) == 3
    assert (report.coverage, report.support, report.unverified) == (1.0, 1.0, ())


@pytest.mark.parametrize("fence", ["```markdown", "```md", "~~~markdown", "```"])
def test_a_report_in_a_fence_is_unwrapped(fence):
    report = bound(f"{fence}\n# Title\n\n{CLOSED[:-1]} [1].\n{fence[:3]}", CLOSED)

    assert report.content == f"# Title\n\n{CLOSED[:-1]} [1]."
    assert len(report.claims) == 1


LISTS = [
    "## Sources\n\n1. History of X. https://example.org/1\n",
    "## Quellen\n\n[1] History of X.\n",
    "**Источники:**\n\n- [1] History of X.\n",
    "## 参考文献\n\n［1］History of X。\n",
    "## Sources (accessed in 2024)\n\n[1] History of X.\n",
    "### Quellen und Anmerkungen\n\n- History of X.\n- Another.\n",
    "#### Sources consulted:\n\n* [1] History of X – an archive\n",
    "## References\n\n| # | Title |\n|---|---|\n| 1 | History of X |\n",
    "<details><summary>Sources</summary>\n\n1. History of X\n\n</details>",
    "---\n\n[1] History of X.\n[2] Another.\n",
    "[^1]: History of X. https://example.org/1\n",
    "**Sources**: [1] History of X, [2] Another.\n",
]


@pytest.mark.parametrize("own", LISTS)
def test_a_list_of_sources_leaves_no_debris_and_counts_for_nothing(own):
    report = bound(f"{CLOSED[:-1]} [1].\n\n{own}", CLOSED)

    assert report.content == f"{CLOSED[:-1]} [1]."
    assert (report.coverage, report.support, report.unverified) == (1.0, 1.0, ())
    assert "own list of sources" in report.removed[0]


def test_lines_that_begin_with_a_citation_are_no_list():
    report = bound(f"Two things are said.\n\n[1] {CLOSED}\n\n[1] {CLOSED}\n", CLOSED)

    assert len(report.claims) == 2


MARKS = """[Source 1]|[source: 1]|[Source #1]|[source_1]|[1, p. 3]|[1: p. 4]|[ref1]|[Src1]|[doc_1]|[cite: 1]
【1】|［1］|【1†source】|〔1〕|〖1〗|[^1]|^[1]|[[1]]|\\[1\\]|[１]|[01]|[1, 1]|[S1]|[s1]|[[S1]]|[S1, S1]|(S1)
[R1]|[D1]|[P1]|[web1]|[Page 1]|[page 1]|[Result 1]|[No. 1]|[№ 1]|[Nr. 1]|[see 1]|(source 1)|(Source 1)
(ref. 1)|[Sources 1 and 1]
(see source 1)|[Quelle: 1]|[来源 1]|（来源1）|[#1]|[1](#1)|[[1]](https://example.org/1)|\\cite{1}|<sup>[1]</sup>
<ref>1</ref>|<cite>1</cite>"""
ALONE = "(1)|（1）|(１)|(1, p. 3)|$^{1}$|$^{[1]}$|①"  # where no other brackets are


@pytest.mark.parametrize("mark", [mark for line in MARKS.splitlines() for mark in line.split("|")])
def test_a_mark_of_a_source_becomes_its_citation(mark):
    report = bound(f"{CLOSED[:-1]} {mark}. {CLOSED[:-1]} [1].", CLOSED)

    assert report.content == f"{CLOSED[:-1]} [1]. {CLOSED[:-1]} [1]."
    assert (len(report.claims), report.removed) == (2, ())


@pytest.mark.parametrize("mark", ALONE.split("|"))
def test_a_mark_that_could_count_something_else_is_one_where_nothing_else_is(mark):
    assert bound(f"{CLOSED[:-1]} {mark}.", CLOSED).content == f"{CLOSED[:-1]} [1]."


@pytest.mark.parametrize("mark", ["¹", "<sup>1</sup>", "$^1$"])
def test_a_raised_number_is_a_citation(mark):
    assert bound(f"{CLOSED[:-1]}{mark}.", CLOSED).content == f"{CLOSED[:-1]}[1]."


@pytest.mark.parametrize(
    "mark",
    ["[S7]", "(S7)", "[P7]", "[page 7]", "[No. 7]", "[see 7]", "⑦", "[A1]", "[Table 1]", "(#1)", "[x1]"],
)
def test_a_mark_of_no_source_is_left_as_it_is(mark):
    content = f"{CLOSED[:-1]} {mark}. {CLOSED[:-1]} [1]."

    assert bound(content, CLOSED).content == content


def test_an_exponent_in_html_stays_one():
    report = bound("The plant used 10<sup>6</sup> m<sup>2</sup> and CO<sub>2</sub> [1].", CLOSED)

    assert report.content.startswith("The plant used 10⁶ m² and CO₂")


def test_the_index_of_a_formula_is_no_citation_and_no_number():
    page = "The first term of the series is written a1. It bounds the sum from below."
    content = "The first term of the series is written $a[1]$ [1]. It bounds the sum $x_2$ from below [1]."
    report = bound(content, page)

    assert report.content == content
    assert (len(report.claims), report.removed) == (2, ())


@pytest.mark.parametrize(
    "thought", ["<think>hm [1] so</think>\n", "hm [1] so\n</think>\n", "[THINK]hm[/THINK]\n"]
)
def test_a_think_block_is_taken_out(thought):
    report = bound(f"{thought}{CLOSED[:-1]} [1].", CLOSED)

    assert report.content == f"{CLOSED[:-1]} [1]."
