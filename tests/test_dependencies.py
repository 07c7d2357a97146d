"""The table of dependencies gives each pin, licence and maintainer."""

from tests import dependencies


def test_the_table_is_that_of_the_pins():
    assert dependencies.page() == dependencies.PAGE.read_text(), "run: python -m tests.dependencies"


def test_every_licence_may_be_given_on():
    licences = {name: dependencies.licence_of(name) for name in dependencies.pinned()}

    assert {name: said for name, said in licences.items() if not dependencies.is_allowed(said)} == {}


def test_every_package_has_a_home_and_somebody_who_wants_it():
    askers = dependencies.wanted()

    assert not [name for name in dependencies.pinned() if not dependencies.home_of(name)]
    assert [name for name in dependencies.pinned() if name not in askers] == []


def test_a_licence_that_is_not_on_the_list_is_refused():
    assert not dependencies.is_allowed("GPL-3.0-only")
    assert not dependencies.is_allowed("MIT AND AGPL-3.0-only")
    assert dependencies.is_allowed("GPL-2.0-only OR MIT")
