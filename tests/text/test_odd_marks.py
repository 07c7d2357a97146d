"""Marks of models are citations, none that are listed, or text."""

import hashlib

import pytest

from app.agent.citations import bind
from app.domain.research import Research, Source

MILL = "The mill of Arden was built in 1790 by a baker from Lund"
PORT = "The harbour of Visby was deepened in 1911 by engineers from Hanko"
TEXTS = {hashlib.sha256(page.encode()).hexdigest(): page for page in (f"{MILL}.", f"{PORT}.")}
SOURCES = tuple(
    Source(number, f"https://page.example/{number}", f"Page {number}", "", "", digest)
    for number, digest in enumerate(TEXTS, 1)
)


def read(content):
    return bind("Report", content, "medium", Research(sources=SOURCES), TEXTS)


CITATIONS = r"""{1} {{1}} {cite:1} {1}{1} ^1 ^1^ ^[1] [1]^ [^1^] ^{1} ^{1,1} \textsuperscript{1} \footnote{1}
\cite{1} \autocite{1} ¹ ⁽¹⁾ 〈1〉 （1） 【1】 【1†source】 【1:0†source】 【1†L3-L5】 [1] ［1］ 〔1〕
[1,1] [1-1] [^1] [Source_1] [S1] [#1] [ref:1] [citation:1] [@1] [@source1] [1](https://page.example/1) (ref.1)
[1](https://elsewhere.example/) [oai_citation:1‡page.example](https://page.example/1) <sup>1</sup>
<sup>[1]</sup> <ref>1</ref> [[1]]"""


@pytest.mark.parametrize("mark", CITATIONS.split())
@pytest.mark.parametrize("gap", ["", " "])
def test_a_mark_is_the_citation_that_it_means(mark, gap):
    report = read(f"{MILL}{gap}{mark}. {PORT} [2].")

    assert [claim.number for claim in report.claims] == [1, 2], report
    assert report.content.replace(" [", "[") == f"{MILL}[1]. {PORT}[2]."
    assert report.removed == ()


@pytest.mark.parametrize("port", [f"{PORT} [2].", f"{PORT} (2)."])
def test_a_number_in_round_brackets_is_a_citation_where_its_sentence_has_no_other(port):
    report = read(f"{MILL} (1). {port}")

    assert report.content == f"{MILL} [1]. {PORT} [2]."
    assert read(f"{MILL} [1] and of f(1) (1). {port}").content.count("(1)") == 2


@pytest.mark.parametrize(
    "mark", ["[1, 2]", "[1-2]", "[1–2]", "[1][2]", "{1, 2}", "{1}{2}", "^1,2^", "(1, 2)", "¹,²"]
)
def test_a_mark_of_several_names_each_of_them(mark):
    report = read(f"{MILL} {mark}.")

    assert report.content == f"{MILL} [1]."
    assert "page 2" in report.removed[0]


@pytest.mark.parametrize("mark", ["[9]", "{9}", "^9", "[^9]", "⁽⁹⁾", "[7-9]", r"\footnote{9}"])
def test_a_mark_of_no_source_is_taken_out_and_named(mark):
    report = read(f"{MILL} {mark}. {PORT} [2].")

    assert report.content == f"{MILL}. {PORT} [2]."
    assert "no such source" in report.removed[0]


STRANGE = """turn0search1 citeturn0search1 \ue200cite\ue202turn0search1\ue201 [turn0search0] 【turn0search1】
turn0news12 turn1view0 turn0search1turn0search2 [cite_start]"""


@pytest.mark.parametrize("mark", STRANGE.split())
def test_a_mark_of_another_system_is_taken_out_and_named(mark):
    report = read(f"{MILL} {mark}. {PORT} [2].")

    assert report.content == f"{MILL}. {PORT} [2]."
    assert "names no source" in report.removed[0]


TEXT = r"""The treaty (2019) was signed by both towns of the bay.
It was signed by the towns in the bay (1890).
There are (1) first the mill and (2) second the harbour of it.
(1) first the mill and (2) second the harbour of the town.
The set {1, 2} has two members in this proof.
Its members are in the set {1, 2}.
The value of x^2 grows, and that of 10^6 and cos^2 too.
Its area is 12 km^2.
See equation (1).
It uses C{1} and f(1) as names of both.
He turned 1 search into 2."""


@pytest.mark.parametrize("text", TEXT.split("\n"))
@pytest.mark.parametrize("behind", ["", f" {PORT} [2]."])
def test_what_only_looks_like_a_mark_stays_text(text, behind):
    report = read(f"{text}{behind}")

    assert report.content == f"{text}{behind}"
    assert (report.removed, len(report.claims)) == ((), int(bool(behind)))


LIST = "## Sources\n1. Page 1 https://page.example/1\n2. Page 2 https://page.example/2"
NOTES = [
    "Note: all years are rounded to ten.",
    "**Hinweis:** Alle Jahre sind auf zehn gerundet.",
    "注：所有年份均为约数。",
]


@pytest.mark.parametrize("note", NOTES)
def test_a_note_behind_the_reports_own_list_stays_and_is_no_claim(note):
    report = read(f"{MILL} [1].\n\n{LIST}\n\n{note}")

    assert report.content == f"{MILL} [1].\n\n{note}"
    assert (report.coverage, report.unverified) == (1.0, ())


def test_a_note_with_a_citation_is_checked_as_any_other_sentence():
    report = read(f"{MILL} [1].\n\n{LIST}\n\nNote: {PORT} [1].")

    assert [claim.number for claim in report.claims] == [1]
    assert len(report.unverified) == 1


def test_text_behind_a_list_of_sources_stays_in_the_report():
    report = read(f"{MILL} [1].\n\nSources:\n- [1] Page 1\n- [2] Page 2\n\n{PORT} [2].")

    assert report.content == f"{MILL} [1].\n\n{PORT} [2]."
    assert report.coverage == 1.0
