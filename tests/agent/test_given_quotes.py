"""A quote that the model gives counts if the page contains it.

The language of the report does not matter.
"""

import pytest

from app.agent.citations import bind
from app.domain.research import Research, Source
from app.domain.tools import SourceQuote

PAGE = (
    "The obser-\nvatory was built in 1999 and is very e\ufb03cient. Its main mirror, cast in twenty-three\n"
    "pieces, cost 1.3 million dollars. Visitors are not admitted at night. "
    "In the winter of 2004 the road was closed for nine weeks."
)
OTHER = "A tunnel of 12 km leads below the mountain. Its builders worked for seven years."
RESEARCH = Research(
    sources=tuple(
        Source(n, f"https://example.com/{n}", "T", "", "1/search/1", digest)
        for n, digest in ((1, "aa"), (2, "bb"))
    )
)
TEXTS = {"aa": PAGE, "bb": OTHER}

BUILT = "The observatory was built in 1999 and is very efficient."
MIRROR = "Its main mirror, cast in twenty-three pieces, cost 1.3 million dollars."
ROAD = "In the winter of 2004 the road was closed for nine weeks."


def written(content, *quotes, texts=TEXTS):
    given = tuple(SourceQuote(*quote) for quote in quotes)
    return bind("T", content, "high", RESEARCH, texts, quotes=given)


REPORTS = {
    "de": "Die Sternwarte wurde 1999 gebaut [1]. Ihr Spiegel aus 23 Teilen kostete 1,3 Mio. Dollar [1].",
    "fr": "L’observatoire date de 1999 [1]. Son miroir de 23 pièces a coûté 1,3 million de dollars [1].",
    "es": "El observatorio es de 1999 [1]. Su espejo de 23 piezas costó 1,3 millones de dólares [1].",
    "ru": "Обсерватория построена в 1999 году [1]. Её зеркало из 23 частей стоило 1,3 млн долларов [1].",
    "ar": "بُني المرصد عام ١٩٩٩ [1]. وكلفت مرآته المؤلفة من ٢٣ قطعة ١٫٣ مليون دولار [1].",
    "zh": "天文台建于1999年[1]。它的主镜由23块组成，耗资130万美元[1]。",
    "ja": "天文台は1999年に建てられた[1]。主鏡は23個の部品からなり、130万ドルかかった[1]。",
    "hi": "वेधशाला 1999 में बनी थी [1]। इसके 23 टुकड़ों वाले दर्पण पर 13 लाख डॉलर खर्च हुए [1]।",
    "th": "หอดูดาวสร้างขึ้นในปี 1999 [1] กระจกหลัก 23 ชิ้นมีราคา 1.3 ล้านดอลลาร์ [1]",
}


@pytest.mark.parametrize("language", REPORTS)
def test_a_report_in_any_language_keeps_its_citations_on_an_english_page(language):
    report = written(REPORTS[language], (1, BUILT), (1, MIRROR))

    assert report.content == REPORTS[language]
    assert report.removed == ()
    assert all(claim.given for claim in report.claims)
    assert {claim.quote for claim in report.claims} >= {PAGE[: PAGE.index(" Its main")]} or language == "th"
    assert (report.coverage, report.support) == (1.0, 1.0)


def test_the_order_of_quotes_does_not_matter_where_they_say_what_they_are_for():
    first, second = "Die Straße war gesperrt", "Die Sternwarte nimmt nachts niemanden auf"
    report = written(
        f"{second} [1]. {first}, so die Betreiber [1].",
        (1, ROAD, first + ", so die Betreiber"),
        (1, "Visitors are not admitted at night.", second),
    )

    assert [claim.quote[:8] for claim in report.claims] == ["Visitors", "In the w"]


@pytest.mark.parametrize(
    ("claim", "quote", "why"),
    [
        ("Die Sternwarte wurde 1998 gebaut", BUILT, "page 1 says 1999, not 1998"),
        ("Der Spiegel kostete 1,4 Mio. Dollar", MIRROR, "not 1,4"),
        ("Der Spiegel kostete 1,3 Mrd. Dollar", MIRROR, "not 1,3"),
        ("Der Spiegel hat 24 Teile", MIRROR, "24"),
        ("Der Tunnel ist 12 km lang", "A tunnel of 12 km leads below the mountain.", "another language"),
        ("Die Sternwarte ist beliebt", "The observatory is very popular.", "another language"),
    ],
)
def test_a_quote_of_another_page_or_number_carries_nothing(claim, quote, why):
    report = written(f"{claim} [1], wie es auf der Seite heißt.", (1, quote))

    assert report.claims == ()
    assert why in report.removed[0]


def test_a_quote_that_is_in_no_page_is_listed():
    report = written("Die Sternwarte ist beliebt [1].", (1, "The observatory is very popular."))

    assert "A quote given for [1] is not in that page: “The observatory is very popular.”" in report.removed


def test_a_quote_with_a_gap_is_two_places_of_the_page():
    report = written(
        "Die Sternwarte wurde 1999 gebaut, und die Straße war 2004 gesperrt [1].",
        (1, "The observatory was built in 1999 … In the winter of 2004 the road was closed"),
    )

    [claim] = report.claims
    assert claim.quote == "The obser-\nvatory was built in 1999"
    assert [PAGE[place.start : place.end] for place in claim.more] == [
        "In the winter of 2004 the road was closed"
    ]


def test_without_quotes_the_page_is_searched_as_before():
    report = written("The road was closed for nine weeks in the winter of 2004 [1].")

    assert [claim.given for claim in report.claims] == [False]


def test_case_and_words_are_not_folded():
    for quote in (BUILT.upper(), BUILT.replace("very ", "")):
        assert written("Die Sternwarte wurde 1999 gebaut [1].", (1, quote)).claims == ()
