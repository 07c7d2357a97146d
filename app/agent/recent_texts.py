"""Keep recent texts up to a size.

They are dear to read or to make.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable


class RecentTexts:
    """Hold texts by key, those looked at last.

    Args:
        most: characters of all texts together.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._texts = OrderedDict[Hashable, str]()
        self._size = 0  # characters
        self._lock = threading.Lock()

    def find(self, key: Hashable) -> str | None:
        """Return a kept text, which stays the longer for it."""
        with self._lock:
            if key in self._texts:
                self._texts.move_to_end(key)
            return self._texts.get(key)

    def keep(self, key: Hashable, text: str) -> None:
        """Keep a text in place of those that nobody looked at since."""
        with self._lock:
            self._size += len(text) - len(self._texts.pop(key, ""))
            self._texts[key] = text
            while self._size > self._most:
                self._size -= len(self._texts.popitem(last=False)[1])

    def find_or_make(self, key: Hashable, make: Callable[[], str]) -> str:
        """Return the text of the key, made if it is not kept."""
        kept = self.find(key)
        if kept is None:
            kept = make()
            self.keep(key, kept)
        return kept
