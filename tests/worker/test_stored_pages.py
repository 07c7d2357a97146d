"""Pages are read as they are looked at, and then let go."""

import asyncio
import gc

import pytest

from app.agent.numbered_pages import NumberedPages
from app.agent.recent_texts import RecentTexts
from app.worker.stored_pages import KEPT_CHARACTERS, stored_pages

PAGES = {name: f"{name} ".encode() * 50_000 for name in "abc"}


class Store:
    """What a call reads pages with."""

    def __init__(self):
        self.pages, self.read = dict(PAGES), []

    async def absent(self, names):
        return set(names) - self.pages.keys()

    async def recall(self, names):
        self.read += names
        return {name: bytes(bytearray(self.pages[name])) for name in names if name in self.pages}


async def test_a_page_is_read_when_it_is_looked_at_and_then_let_go():
    store = Store()
    pages = await stored_pages(store, ["a", "b", "gone"], RecentTexts(KEPT_CHARACTERS))
    assert (list(pages), "b" in pages, "gone" in pages, store.read) == (["a", "b"], True, False, [])
    assert await asyncio.to_thread(lambda: pages["b"][:2]) == "b "
    assert store.read == ["b"]
    gc.collect()
    held = [one for one in gc.get_referents(pages, vars(pages)) if isinstance(one, str | bytes)]
    assert not [one for one in held if len(one) > 1000]


async def test_the_pages_looked_at_last_are_kept_for_all_calls_up_to_a_size():
    store, recent = Store(), RecentTexts(250_000)
    for names in ("ab", "ba", "abc", "cba"):
        pages = await stored_pages(store, list(names), recent)
        texts = await asyncio.to_thread(list, pages.values())
        assert [text[0] for text in texts] == list(names)
    assert store.read == ["a", "b", "c", "a"]


async def test_a_page_that_is_forgotten_meanwhile_is_empty_and_then_not_there():
    store = Store()
    pages = await stored_pages(store, ["a"], RecentTexts(KEPT_CHARACTERS))
    store.pages.clear()
    assert await asyncio.to_thread(lambda: pages["a"]) == ""
    assert "a" not in pages
    assert await asyncio.to_thread(pages.get, "a") is None


async def test_a_page_that_is_forgotten_between_two_looks_is_empty_by_its_number_too():
    store = Store()
    pages = NumberedPages([(1, "a"), (2, None)], await stored_pages(store, ["a"], RecentTexts(0)))
    store.pages.clear()
    assert await asyncio.to_thread(lambda: [pages[1], pages[1]]) == ["", ""]
    assert (list(pages), 2 in pages) == ([1], False)


async def test_the_event_loop_which_would_wait_for_itself_may_not_look():
    pages = await stored_pages(Store(), ["a"], RecentTexts(KEPT_CHARACTERS))
    with pytest.raises(RuntimeError, match="in a thread"):
        pages["a"]
    with pytest.raises(KeyError):
        pages["never"]
