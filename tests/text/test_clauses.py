"""A citation covers a clause, a cell, or sentences with several sources.

One claim may rest on several places of a page.
"""

import pytest

from app.agent.citations import bind
from app.domain.research import Research, Source
from app.text import prose

PAGES = {
    1: "Inflation was 3.1 percent in Germany in 2004. The rate had been higher in the year before.",
    2: "In France the inflation of 2004 came to 2.7 percent. Bread became dearer.",
    3: (
        "The mill of Arden was built in 1790 by a baker. Its wheel turns to this day. Many people visit it. "
        "A hundred years later, in 1890, the mill burned down in a storm. Nobody was hurt. The year was dry. "
        "A new roof of slate was paid for by the parish in 1902. The keeper sells bread there."
    ),
    4: "Ships: in 1999 the harbour of Lund handled 480 ships, and 300 tonnes of cargo.",
    5: "In 1999 the harbour of Bergen handled 520 ships.",
}
RESEARCH = Research(
    sources=tuple(Source(n, f"https://example.com/{n}", "T", "", "1/search/1", str(n)) for n in PAGES)
)


def bound(content):
    return bind("T", content, "high", RESEARCH, {str(n): text for n, text in PAGES.items()})


def test_each_citation_carries_its_own_clause_and_falls_alone():
    true = "Inflation was 3.1 percent in Germany in 2004 [1], and in France it came to 2.7 percent [2]."
    false = true.replace("2.7", "2.9")

    assert [claim.number for claim in bound(true).claims] == [1, 2]
    report = bound(false)
    assert [claim.number for claim in report.claims] == [1]
    assert "page 2 says 2.7, not 2.9" in report.removed[0]


def test_each_cell_of_a_row_has_its_own_source_and_falls_alone():
    table = "| Harbour | Ships in 1999 | Cargo |\n|---|---|---|\n| Lund | 480 [4] | 300 tonnes [4] |\n"
    report = bound(f"{table}| Bergen | 520 [5] | 999 tonnes [5] |\n")

    assert [(claim.number, claim.text) for claim in report.claims] == [
        (4, "Lund 480"),
        (4, "Lund 300 tonnes"),
        (5, "Bergen 520"),
    ]
    assert "999" in report.removed[0]


def test_several_sources_carry_a_sentence_that_neither_carries_alone():
    both = "Inflation in 2004 was 3.1 percent in Germany and 2.7 percent in France [1][2]."

    assert {claim.number for claim in bound(both).claims} == {1, 2}
    assert bound(both.replace("[2]", "")).claims == ()
    assert bound(both.replace("2.7", "2.8")).claims == ()
    assert bound(both.replace("France", "Portugal")).claims == ()


def test_up_to_three_places_of_a_page_carry_a_sentence():
    built, burned = "Built in 1790 by a baker, the mill of Arden", "burned down in a storm in 1890"
    said = f"{built} {burned} and got a roof of slate in 1902 [3]."
    [claim] = bound(said).claims

    places = [claim.quote, *(place.quote for place in claim.more)]
    assert len(places) == 3
    assert all(quote in PAGES[3] for quote in places)
    assert bound(said.replace("1902", "1903")).claims == ()


NOT_FOUND = {
    "en": "The sources do not say what the bridge cost.",
    "de": "Zu den Kosten der Brücke wurde in den Quellen nichts gefunden.",
    "fr": "La source ne dit rien sur le coût du pont.",
    "es": "Sobre los costes del puente no se encontró nada en las fuentes.",
    "ru": "Данных о стоимости моста в источниках не найдено.",
    "ar": "لم يتم العثور على معلومات عن تكلفة الجسر.",
    "zh": "来源中没有找到关于桥梁造价的信息。",
    "ja": "橋の費用に関する情報は見つかりませんでした。",
    "hi": "पुल की लागत के बारे में कोई जानकारी नहीं मिली।",
    "th": "ไม่พบข้อมูลเกี่ยวกับค่าก่อสร้างสะพาน",
}


@pytest.mark.parametrize("language", NOT_FOUND)
def test_that_something_was_not_found_is_no_unverified_claim(language):
    report = bound(NOT_FOUND[language])

    assert (report.unverified, report.claims) == ((), ())


@pytest.mark.parametrize(
    "text",
    ["The bridge was not found in 1902 by the army of the king.", "Die Brücke wurde 1902 nicht gebaut."],
)
def test_another_negation_is_a_claim(text):
    assert bound(text).unverified == (text,) or "found" in text


PIECES = {
    "list": ("- The first thing is so [1].\n- The second thing is so [2].", [(1,), (2,)]),
    "heading": ("## The heading of it [1]\n\nA thing is so [2].", [(1,), (2,)]),
    "date": ("Am 1. Januar 2004 war es so [1]. Am 3. Mai 2005 war es anders [2].", [(1,), (2,)]),
    "decimal comma": ("Es waren 3,1 Prozent im Jahr [1]. Es waren 2,7 Prozent danach [2].", [(1,), (2,)]),
    "footnote": ("A thing is so.[^1] Another thing is so.[^2]", [(1,), (2,)]),
    "abbreviation": ("Dr. Smith left the U.S. Navy in Sept. 1979 [1]. He came back later [2].", [(1,), (2,)]),
}


@pytest.mark.parametrize("kind", PIECES)
def test_a_report_is_cut_where_its_sentences_end(kind):
    content, numbers = PIECES[kind]
    sentences = prose.read(content, set(), {1, 2}).sentences
    found = [clause.numbers for sentence in sentences for clause in sentence.clauses]

    assert found == numbers
