"""The tree of errors names each of them."""

import inspect
import re

from app import errors
from dossier.problems import DossierError


def test_the_tree_names_every_error_and_no_other():
    classes = {
        name
        for name, one in inspect.getmembers(errors, inspect.isclass)
        if issubclass(one, DossierError) and one.__module__ == errors.__name__
    }

    named = set(re.findall(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b|(?<=── )[A-Z][a-z]+|and Busy", errors.__doc__))
    named = {name.removeprefix("and ") for name in named}

    assert named - {"DossierError"} == classes
