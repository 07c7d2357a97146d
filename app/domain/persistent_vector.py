"""Keep a sequence whose versions share their items.

A tuple is copied whole for each item that is added, which would be half of the work of folding 20,000 events.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Generic, TypeVar, overload

ItemT = TypeVar("ItemT")
CHUNK_SIZE = 64  # items: what is copied for one item is this and a pointer for each chunk


class PersistentVector(Sequence[ItemT], Generic[ItemT]):
    """An immutable sequence, equal to a tuple of the same items."""

    __slots__ = ("_chunks", "_tail")

    def __init__(self, items: Iterable[ItemT] = ()) -> None:
        held = tuple(items)
        begin = max(0, len(held) - 1) // CHUNK_SIZE * CHUNK_SIZE  # a tail is empty only where all is
        self._chunks = tuple(held[at : at + CHUNK_SIZE] for at in range(0, begin, CHUNK_SIZE))
        self._tail = held[begin:]

    def appended(self, item: ItemT) -> "PersistentVector[ItemT]":
        """Return these items and one more."""
        if len(self._tail) == CHUNK_SIZE:
            return _vector((*self._chunks, self._tail), (item,))
        return _vector(self._chunks, (*self._tail, item))

    def with_item(self, at: int, item: ItemT) -> "PersistentVector[ItemT]":
        """Return these items with another one in this place, 0 the first."""
        number, place = divmod(at, CHUNK_SIZE)
        if number == len(self._chunks):
            return _vector(self._chunks, _with(self._tail, place, item))
        return _vector(_with(self._chunks, number, _with(self._chunks[number], place, item)), self._tail)

    def with_last(self, item: ItemT) -> "PersistentVector[ItemT]":
        """Return these items with another one in the last place."""
        return self.with_item(len(self) - 1, item)

    def __len__(self) -> int:
        return len(self._chunks) * CHUNK_SIZE + len(self._tail)

    def __iter__(self) -> Iterator[ItemT]:
        return chain(chain.from_iterable(self._chunks), self._tail)

    @overload
    def __getitem__(self, at: int) -> ItemT: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[ItemT, ...]: ...
    def __getitem__(self, at: int | slice) -> ItemT | tuple[ItemT, ...]:
        if isinstance(at, slice):
            return tuple(self)[at]
        place = at + len(self) if at < 0 else at
        number, within = divmod(place, CHUNK_SIZE)
        if number < 0:
            raise IndexError(f"There is no item {at} of {len(self)}.")
        return (self._tail if number == len(self._chunks) else self._chunks[number])[within]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PersistentVector | tuple):
            return len(self) == len(other) and tuple(self) == tuple(other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


def _vector(chunks: tuple[tuple[ItemT, ...], ...], tail: tuple[ItemT, ...]) -> PersistentVector[ItemT]:
    made = PersistentVector.__new__(PersistentVector)
    made._chunks, made._tail = chunks, tail  # noqa: SLF001 - of this module
    return made


def _with(items: tuple[ItemT, ...], at: int, item: ItemT) -> tuple[ItemT, ...]:
    changed = list(items)
    changed[at] = item
    return tuple(changed)
