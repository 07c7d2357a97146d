"""Read the pages of a call as they are looked at.

A deep job has dozens of pages, a worker hundreds of such jobs, and most of them wait. So a call holds nothing
between two looks: a prompt has what it quotes of one page before the next is read. A worker keeps the few
that were looked at last, because a reply is looked up on the page that its prompt has just quoted.
"""

import asyncio
import threading
from collections.abc import Iterator, Mapping, Sequence

from app.agent.recent_texts import RecentTexts
from app.worker.patient_writer import PatientWriter

PAGE_SECONDS = 120.0  # until a thread no longer waits for a page; the writer gives up before
KEPT_CHARACTERS = 8_000_000  # of the pages looked at last, of all jobs of a process


class StoredPages(Mapping[str, str]):
    """Texts by their sha256.

    Only threads may look at one: the loop must be free to read it.
    """

    def __init__(self, writer: PatientWriter, names: Sequence[str], recent: RecentTexts) -> None:
        self._writer = writer
        self._names = dict.fromkeys(names)
        self._recent = recent
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()  # the loop's

    def __getitem__(self, name: str) -> str:
        if name not in self._names:
            raise KeyError(name)
        if threading.get_ident() == self._thread:
            raise RuntimeError("Stored pages are looked at in a thread, never on the event loop.")
        kept = self._recent.find(name)
        return self._read(name) if kept is None else kept

    def _read(self, name: str) -> str:
        reading = asyncio.run_coroutine_threadsafe(self._writer.recall([name]), self._loop)
        body = reading.result(PAGE_SECONDS).get(name)
        if body is None:  # forgotten since it was found to be there
            self._names.pop(name, None)
            return ""
        text = body.decode()
        self._recent.keep(name, text)
        return text

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._names))

    def __len__(self) -> int:
        return len(self._names)


async def stored_pages(writer: PatientWriter, names: Sequence[str], recent: RecentTexts) -> StoredPages:
    """Return those of these pages that are not forgotten."""
    gone = await writer.absent(names)
    return StoredPages(writer, [name for name in names if name not in gone], recent)
