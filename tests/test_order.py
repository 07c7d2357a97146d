"""The longest files of a run come first, each of them whole."""

from pathlib import Path
from types import SimpleNamespace

from tests.order import LONGEST, TOGETHER, file_of, sort

ROOT = Path(__file__).parents[1]


def item(nodeid, *asked):
    return SimpleNamespace(nodeid=nodeid, fixturenames=asked)


def test_a_file_comes_the_earlier_the_more_its_tests_ask_for():
    pure, some = (
        item("tests/a.py::pure"),
        [item(f"tests/b.py::some[{n}]", "engine", "postgres_url") for n in "12"],
    )
    costly = item("tests/c.py::costly", "server", "postgres_url")
    long = item("tests/model/test_model.py::long")
    items = [pure, *some, costly, long]

    sort(items)

    assert items == [long, costly, *some, pure]


def test_files_that_take_equally_long_are_not_mixed():
    items = [item(f"tests/{name}.py::test[{n}]") for name in "abc" for n in range(3)]

    sort(items)

    assert [file_of(one) for one in items] == [f"tests/{name}.py" for name in "abc" for _ in range(3)]


def test_what_is_named_is_there():
    assert [name for name in LONGEST | TOGETHER if not (ROOT / name).exists()] == []
