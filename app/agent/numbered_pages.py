"""The pages of sources, by the sources' numbers."""

from collections.abc import Iterable, Iterator, Mapping


class NumberedPages(Mapping[int, str]):
    """Look each page up when it is wanted.

    All of them may not fit into memory.

    Args:
        names: numbers of sources, and their pages' sha256 where they were read.
        texts: pages by their sha256.
    """

    def __init__(self, names: Iterable[tuple[int, str | None]], texts: Mapping[str, str]) -> None:
        self._names = {number: name for number, name in names if name and name in texts}
        self._texts = texts

    def __getitem__(self, number: int) -> str:
        return self._texts.get(self._names[number], "")  # it may be forgotten between two looks

    def __contains__(self, number: object) -> bool:
        return number in self._names

    def __iter__(self) -> Iterator[int]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
