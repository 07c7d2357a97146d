"""A long claim keeps its citation when a page supports it piecemeal.

What the page lacks still falls.
"""

from hashlib import sha256

import pytest

from app.agent.citations import bind
from app.domain.research import Research, Source

PAGE = """Harbour news, 14 May 2011. The council of Ostrava Bay has bought the old grain silo. It paid
the owner, a family of millers, two million crowns.

Work on the roof begins next spring. Architect Lena Dvorak wants to keep the wooden bins as rooms for
musicians. The town hopes that the hall will be ready for the festival in 2013. Children of the
district painted the fence.
"""
TOLD = (
    "In May 2011 the council bought a grain silo, which architect Lena Dvorak wants to turn into music rooms",
    "Ostrava Bay paid a family of millers two million crowns for it, hoping to open before the 2013 festival",
)
NOT_TOLD = (
    # Another year, name or sum, the opposite, and a sentence of another page on the same subject.
    TOLD[0].replace("2011", "2014"),
    TOLD[0].replace("Lena Dvorak", "Petra Novakova"),
    TOLD[1].replace("two million", "nine million"),
    TOLD[1].replace("hoping", "never hoping").replace("paid", "did not pay"),
    "The grain silo of the council was closed after rats were seen near the ferry terminal of Ostrava",
)


def claims(sentence):
    digest = sha256(PAGE.encode()).hexdigest()
    source = Source(1, "https://harbour.example/silo", "The silo", "", "", digest)
    return bind("Report", f"{sentence} [1].", "medium", Research(sources=(source,)), {digest: PAGE}).claims


@pytest.mark.parametrize("sentence", TOLD)
def test_a_claim_told_in_other_words_and_places_is_kept_with_each_place(sentence):
    [claim] = claims(sentence)

    assert claim.more
    assert all(PAGE[place.start : place.end] == place.quote for place in (claim, *claim.more))


@pytest.mark.parametrize("sentence", NOT_TOLD)
def test_a_claim_that_the_page_does_not_tell_falls(sentence):
    assert claims(sentence) == ()
