"""Tell false sentences from true ones in five languages, by words."""

from collections import defaultdict

import pytest

from tests.text import more_pairs
from tests.text.test_meaning import is_kept

BEFORE = {
    "en": "In a survey of the older records, the editors note that ",
    "de": "In einer Übersicht der älteren Akten heißt es: ",
    "fr": "Dans un relevé des vieux registres on lit que ",
    "es": "En un resumen de los viejos registros se lee que ",
    "ru": "В обзоре старых записей сказано, что ",
}
BEHIND = {
    "en": ", as the annals of the district tell at some length.",
    "de": ", wie die Annalen des Bezirks recht ausführlich erzählen.",
    "fr": ", comme le racontent longuement les annales du district.",
    "es": ", cuentan largamente los anales del distrito.",
    "ru": ", как подробно рассказывают летописи этого края.",
}


def told_in_long_sentences(page, language):
    sentences = (sentence.rstrip(".") for sentence in page.split(". "))
    return " ".join(f"{BEFORE[language]}{sentence}{BEHIND[language]}" for sentence in sentences)


def as_it_is(page, language):
    return page


@pytest.mark.parametrize("tell", [as_it_is, told_in_long_sentences])
@pytest.mark.parametrize("language", more_pairs.LANGUAGES)
def test_of_each_kind_of_falsehood_at_most_one_in_twelve_is_accepted(language, tell):
    asked, accepted = defaultdict[str, int](int), defaultdict[str, list[str]](list)
    for kind, page, told in more_pairs.false_pairs(language):
        asked[kind] += 1
        if is_kept(told, tell(page, language), language):
            accepted[kind].append(told)

    assert len(asked) == 8
    assert min(asked.values()) == 12
    assert [kind for kind, told in accepted.items() if len(told) > 1] == [], accepted


@pytest.mark.parametrize("tell", [as_it_is, told_in_long_sentences])
@pytest.mark.parametrize("language", more_pairs.LANGUAGES)
def test_of_the_true_sentences_at_least_95_percent_are_kept(language, tell):
    true = list(more_pairs.controls(language))
    if tell is told_in_long_sentences:  # two beginnings have nothing in common
        true = [one for one in true if one[0] != "with a beginning"]
    lost = [(way, told) for way, page, told in true if not is_kept(told, tell(page, language), language)]

    assert len(true) >= 72
    assert len(lost) * 20 <= len(true), lost
