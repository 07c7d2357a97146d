"""Each command that makes a job takes all that a request may."""

import pytest

from app.cli.asking import ask, sources_of, submit
from app.cli.forking import fork
from dossier.request import Sources


@pytest.mark.parametrize("command", [ask, submit, fork], ids=lambda command: command.name)
def test_every_field_of_the_sources_is_an_option(command):
    assert set(Sources.__struct_fields__) <= {parameter.name for parameter in command.params}


def test_what_is_not_said_of_the_sources_is_left_out():
    said = {"search": None, "allowed_domains": (), "blocked_domains": ("a.test",), "collections": ("law",)}
    said |= dict.fromkeys(("published_after", "published_before", "pages_in", "region"))

    assert sources_of(said) == {"blocked_domains": ("a.test",), "collections": ("law",)}
