"""Of two claims about one sentence only the true one stays.

The sentences are our own, and unlike those of `pairs` and `more_pairs` no rule made them.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.text.test_meaning import is_kept

BESIDE = {
    "en": "The town lies on a river in the north of the region. Its market is held twice a week.",
    "de": "Der Ort liegt an einem Fluss im Norden der Region. Sein Markt zieht Besucher an.",
    "fr": "La ville se trouve au bord d'une rivière dans le nord de la région.",
    "es": "La ciudad está a orillas de un río en el norte de la región.",
    "ru": "Город стоит на реке на севере области.",
    "zh": "该市位于该地区北部的河畔。",
}


def read() -> Iterator[tuple[str, str, list[tuple[str, str, str]]]]:
    text = Path(__file__).with_name("hostile_pairs.txt").read_text(encoding="utf-8")
    for group in text.split("\n# ")[1:]:
        head, *lines = group.strip().split("\n")
        kind, language = head.split(", ")
        yield kind, language, list(zip(lines[::3], lines[1::3], lines[2::3], strict=True))


GROUPS = [pytest.param(*group, id="-".join(group[:2])) for group in read()]


@pytest.mark.parametrize(("kind", "language", "pairs"), GROUPS)
def test_a_claim_that_turns_its_sentence_falls_and_one_that_does_not_stays(kind, language, pairs):
    pages = [f"{page} {BESIDE.get(language, '')}" for page, _, _ in pairs]
    accepted = [f for page, (_, f, _) in zip(pages, pairs, strict=True) if is_kept(f, page, language)]
    lost = [t for page, (_, _, t) in zip(pages, pairs, strict=True) if not is_kept(t, page, language)]

    assert (accepted, lost) == ([], []), kind


def test_there_are_pairs_of_every_kind_in_english_and_german():
    kinds = {(kind, language) for kind, language, _ in read()}

    assert {kind for kind, language in kinds if language == "en"} == {kind for kind, _ in kinds}
    assert len({kind for kind, language in kinds if language == "de"}) >= 12
