"""Tell what depends on something from what simply holds."""

import pytest

from app.text import languages, meaning
from app.text.conditions import ALTERNATIVE, UNCONDITIONAL, left_out
from app.text.proper_names import Known

HALVED = [
    ("en", "If the pressure exceeds fifty bar, the valve opens at once.", "The valve opens at once."),
    ("en", "The valve opens at once if the pressure exceeds fifty bar.", "The valve opens at once."),
    ("en", "Unless the council agrees, the harbour closes in March.", "The harbour closes in March."),
    ("en", "Unless the council agrees, the harbour closes in March.", "The council agrees."),
    ("en", "They carried lamps in case the power failed.", "The power failed."),
    ("en", "The bank lends money provided that the farm is insured.", "The bank lends money."),
    ("de", "Falls der Rat zustimmt, schließt der Hafen im März.", "Der Hafen schließt im März."),
    ("de", "Der Verein zahlt die Miete, wenn die Stadt das Dach erneuert.", "Der Verein zahlt die Miete."),
    ("fr", "Si le conseil accepte, le port ferme en mars.", "Le port ferme en mars."),
    ("es", "Si el consejo acepta, el puerto cierra en marzo.", "El puerto cierra en marzo."),
    ("ru", "Если совет согласится, гавань закроют весной.", "Гавань закроют весной."),
]
WHOLE = [
    (
        "en",
        "If the pressure exceeds fifty bar, the valve opens.",
        "Above fifty bar of pressure the valve opens.",
    ),
    ("en", "If the pressure rises, the valve opens.", "The valve opens when the pressure rises."),
    ("en", "The harbour closed in March, and if needed, it can reopen.", "The harbour closed in March."),
    ("en", "Even if the council agrees, the harbour closes in March.", "The harbour closes in March."),
    ("en", "Engineers loaded the bridge to see if the cables hold.", "Engineers loaded the bridge."),
    ("en", "They carried lamps in case the power failed.", "They carried lamps."),
    ("en", "The town is known as Hasp, or Old Hasp.", "The town is known as Hasp."),
    ("de", "Auch wenn der Rat zustimmt, schließt der Hafen im März.", "Der Hafen schließt im März."),
    ("fr", "Même si le conseil accepte, le port ferme en mars.", "Le port ferme en mars."),
]


@pytest.mark.parametrize(("language", "page", "claim"), HALVED)
def test_a_condition_that_is_left_out_is_named(language, page, claim):
    assert left_out(claim, page, language) == UNCONDITIONAL


@pytest.mark.parametrize(("language", "page", "claim"), WHOLE)
def test_a_claim_that_leaves_no_condition_out_stays(language, page, claim):
    assert left_out(claim, page, language) == ""


@pytest.mark.parametrize("claim", ["The mill burned down.", "The owners sold it in 1870."])
def test_one_of_two_possibilities_is_no_fact(claim):
    page = "The mill burned down in the war, or the owners sold it in 1870."
    assert left_out(claim, page, "en") == ALTERNATIVE
    assert left_out("The mill burned down in the war, or it was sold.", page, "en") == ""


@pytest.mark.parametrize(
    ("page", "claim", "is_told"),
    [
        ("The board has three members or fewer.", "The board has three members.", False),
        ("The board has three members or fewer.", "The board has at most three members.", True),
        ("Children of grade 4 or higher may enter.", "Children of grade 4 may enter.", False),
    ],
)
def test_a_bound_is_part_of_its_number(page, claim, is_told):
    assert (left_out(claim, page, "en") == "") == is_told


@pytest.mark.parametrize(
    ("sentence", "part", "is_its_own"),
    [
        ("The mayor of Paris is a member of the board.", "Paris is a member of the board.", False),
        ("The banker who stopped the lawyer left for Rome.", "the lawyer left for Rome.", False),
        ("The engineer hoped that the bridge would hold.", "the bridge would hold.", False),
        ("Hopefully the ferry returns in spring.", "the ferry returns in spring.", False),
        ("After the war, the ferry returned in spring.", "the ferry returned in spring.", True),
        ("In 1990 the ferry returned.", "the ferry returned.", True),
        ("The captain said that the ferry returned.", "the ferry returned.", True),
        ("The ferry returned.", "The ferry returned.", True),
    ],
)
def test_a_part_of_a_sentence_is_not_always_its_own(sentence, part, is_its_own):
    assert (meaning.within(sentence, sentence.index(part), part, "en") == "") == is_its_own


@pytest.mark.parametrize(
    ("language", "page", "claim", "put_in"),
    [
        (
            "en",
            "Treatment of the disease usually involves surgery and chemotherapy over months.",
            "Treatment of the disease usually involves surgery and chemotherapy and radiation over months.",
            "radiation",
        ),
        (
            "de",
            "Die Genossenschaft verkauft im Herbst Äpfel und Birnen aus dem Tal.",
            "Die Genossenschaft verkauft im Herbst Äpfel und Birnen und Pflaumen aus dem Tal.",
            "Pflaumen",
        ),
    ],
)
def test_a_list_has_nothing_that_is_nowhere_on_the_page(language, page, claim, put_in):
    known = Known(languages.words(page))
    assert put_in in meaning.turned(claim, page, language, known=known)
    elsewhere = Known(languages.words(f"{page} {put_in}"))
    assert meaning.turned(claim, page, language, known=elsewhere) == ""
    assert meaning.turned(page, claim, language, known=elsewhere) == ""
