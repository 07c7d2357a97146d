"""Store what was read of a file."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from app.domain.caller import Caller
from app.ingest.extracted import ExtractedDocument, FileRead, tidy_title
from app.store import documents
from app.store.database import Engine
from app.store.quotas import require_room
from dossier.document_types import AddedDocument, AddedDocuments

OnAdded = Callable[[int], Awaitable[None]]  # how many are stored


async def add_read(
    engine: Engine,
    caller: Caller,
    read: FileRead,
    collections: Sequence[str] = (),
    metadata: dict[str, Any] | None = None,
    original_id: UUID | None = None,
    *,
    once: bool = True,
    on_added: OnAdded | None = None,
) -> AddedDocuments:
    """Store the documents of a file, and say what became of each.

    Raises QuotaExceeded, before any is stored.
    """
    size = await asyncio.to_thread(_size_of, read)
    await require_room(engine, caller, size)
    given, added = metadata or {}, list[AddedDocument]()
    for one in read.documents:
        added.append(await _add(engine, caller, one, collections, given, original_id, once=once))
        if on_added:
            await on_added(len(added))
    return AddedDocuments(added, read.failed, read.skipped)


def _size_of(read: FileRead) -> int:
    return sum(len(one.text.encode("utf-8", "replace")) for one in read.documents)


def retitle(read: FileRead, title: str | None) -> None:
    """Give the document of a file another title, unless there are several."""
    if title and len(read.documents) == 1:
        read.documents[0] = msgspec.structs.replace(read.documents[0], title=tidy_title(title))


def refusal_of(read: FileRead) -> str:
    """Return why nothing of a file could be read."""
    return "; ".join(read.failed) or "No file in it is of a format that can be read."


async def _add(
    engine: Engine,
    caller: Caller,
    found: ExtractedDocument,
    collections: Sequence[str],
    metadata: dict[str, Any],
    original_id: UUID | None,
    *,
    once: bool,
) -> AddedDocument:
    whole = {**found.metadata, **metadata}
    new = documents.DocumentToStore(found.url, found.title, found.text, collections, whole, original_id)
    stored = await documents.store(engine, caller, new, once=once)
    same = stored.url if stored.change == "same_text" else ""
    return AddedDocument(stored.document_id, found.url, found.title, stored.change, same, found.note)
