"""French and Spanish words that turn a meaning take a citation away."""

import pytest

from app.agent.citations import bind
from app.domain.research import Research, Source

PAIRS = [
    ("Les prix du lait ont augmenté en Savoie.", "Les prix du lait ont diminué en Savoie."),
    ("Le lac de Lorne est plus profond que celui-ci.", "Le lac de Lorne est moins profond que celui-ci."),
    ("Certaines écoles de la vallée ont fermé.", "Toutes les écoles de la vallée ont fermé."),
    ("Le champignon a probablement atteint cette île.", "Le champignon a atteint cette île."),
    ("Las ventas subieron un 8 % en Galicia.", "Las ventas bajaron un 8 % en Galicia."),
    ("Algunos vecinos rechazaron el plan del puerto.", "Todos los vecinos rechazaron el plan del puerto."),
    ("La plaga probablemente llegó a la isla en barco.", "La plaga llegó a la isla en barco."),
]  # fmt: skip


def is_kept(claim, page):
    sources = (Source(1, "https://example.org/", "", "", "", "0" * 64),)
    report = bind("", f"{claim[:-1]} [1].", "medium", Research(sources=sources), {"0" * 64: page})
    return bool(report.claims)


@pytest.mark.parametrize(("page", "turned"), PAIRS)
def test_a_turned_sentence_loses_its_citation_and_the_true_one_keeps_it(page, turned):
    assert is_kept(page, page)
    assert not is_kept(turned, page)
