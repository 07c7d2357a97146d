"""A page of another time or language is set aside."""

from datetime import date

import pytest
from msgspec import UNSET

from app.agent.page_bounds import judged
from app.domain import events as e
from app.domain.words import aside_in_words
from dossier.request import Sources

SINCE_2020 = Sources(published_after=date(2020, 1, 1))
UNTIL_MAY = Sources(published_before=date(2020, 5, 31))
IN_GERMAN = Sources(language="de-AT")


def page(published=UNSET, language=UNSET):
    return e.PageRead(3, "ab" * 32, 10, "3/read/3", published, language)


@pytest.mark.parametrize(
    ("sources", "told", "reason"),
    [
        (SINCE_2020, page("2019-12-31"), "published 2019-12-31, before 2020-01-01"),
        (SINCE_2020, page("2019"), "published 2019, before 2020-01-01"),
        (UNTIL_MAY, page("2020-06-01"), "published 2020-06-01, after 2020-05-31"),
        (UNTIL_MAY, page("2020-06"), "published 2020-06, after 2020-05-31"),
        (IN_GERMAN, page(language="fr"), "in the language fr, not in de-AT"),
        (IN_GERMAN, page("2019", "en"), "in the language en, not in de-AT"),
    ],
)
def test_a_page_outside_the_bounds_is_set_aside_with_its_reason(sources, told, reason):
    aside = judged(sources, told)

    assert isinstance(aside, e.PageSetAside)
    assert aside_in_words(aside) == reason
    assert (aside.number, aside.sha256, aside.size, aside.read_by) == (3, "ab" * 32, 10, "3/read/3")
    assert judged(Sources(), aside) == told  # nothing of it is lost


@pytest.mark.parametrize(
    ("sources", "told"),
    [
        (SINCE_2020, page()),  # it does not tell
        (SINCE_2020, page("2020-01-01")),  # the first day
        (SINCE_2020, page("2020")),
        (UNTIL_MAY, page("2020-05-31")),  # the last day
        (UNTIL_MAY, page("2020")),  # it may be of January
        (IN_GERMAN, page(language="de")),
        (IN_GERMAN, page("1999")),
        (Sources(region="AT"), page("1999", "en")),
        (Sources(language="nb"), page(language="no")),
        (Sources(), page("1999", "en")),
    ],
)
def test_a_page_within_the_bounds_or_that_does_not_tell_is_kept(sources, told):
    assert judged(sources, told) == told
