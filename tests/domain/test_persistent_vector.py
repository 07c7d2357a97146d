import tracemalloc
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.persistent_vector import CHUNK_SIZE, PersistentVector

SIZES = 0, 1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 3 * CHUNK_SIZE, 3 * CHUNK_SIZE + 5
CHANGES = "append", "change", "change last"


@pytest.mark.parametrize("size", SIZES)
def test_it_reads_as_a_tuple_does(size: int) -> None:
    items, grown = tuple(range(size)), PersistentVector[int]()
    for item in items:
        grown = grown.appended(item)
    for vector in (grown, PersistentVector(items)):
        assert vector == items
        assert items == vector
        assert (len(vector), bool(vector), hash(vector)) == (size, bool(items), hash(items))
        assert [vector[at] for at in range(-size, size)] == [items[at] for at in range(-size, size)]
        assert vector[1:-1] == items[1:-1]
        for at in (size, -size - 1, size + CHUNK_SIZE, -size - CHUNK_SIZE):
            with pytest.raises(IndexError):
                vector[at]


def test_it_is_equal_to_what_holds_the_same_alone() -> None:
    assert PersistentVector((1, 2)) != (1, 3)
    assert PersistentVector((1, 2)) != (1, 2, 3)
    assert PersistentVector((1, 2)) != [1, 2]


@given(
    st.integers(0, 3 * CHUNK_SIZE),
    st.lists(
        st.tuples(st.sampled_from(["append", "change", "change last"]), st.integers(0, 400)), max_size=30
    ),
)
def test_each_version_keeps_its_items(size: int, changes: list[tuple[str, int]]) -> None:
    expected, versions = [tuple(range(size))], [PersistentVector(range(size))]
    for change, number in changes:
        items, vector = list(expected[-1]), versions[-1]
        if change == "append" or not items:
            items.append(number)
            vector = vector.appended(number)
        else:
            at = number % len(items) if change == "change" else len(items) - 1
            items[at] = -number
            vector = vector.with_item(at, -number) if change == "change" else vector.with_last(-number)
        expected.append(tuple(items))
        versions.append(vector)
    assert versions == expected


def test_nothing_is_changed_where_nothing_is() -> None:
    with pytest.raises(IndexError):
        PersistentVector[int]().with_last(1)
    with pytest.raises(IndexError):
        PersistentVector(range(CHUNK_SIZE)).with_item(CHUNK_SIZE, 1)


def test_versions_share_their_items() -> None:
    """As tuples, these 2,000 versions would take 16 MB."""
    tracemalloc.start()
    try:
        grown = accumulate(range(2_000), PersistentVector[int].appended, initial=PersistentVector[int]())
        versions = list(grown)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(versions[-1]) == 2_000
    assert size < 2_000_000
