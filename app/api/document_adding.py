"""Store what was read of a file."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.domain.caller import Caller
from app.ingest.extracted import ExtractedDocument, FileRead
from app.store import documents
from app.store.database import Engine
from dossier.document_types import AddedDocument, AddedDocuments


async def add_read(
    engine: Engine,
    caller: Caller,
    read: FileRead,
    collections: Sequence[str] = (),
    metadata: dict[str, Any] | None = None,
    original_id: UUID | None = None,
    *,
    once: bool = True,
) -> AddedDocuments:
    """Store the documents of a file, and say what became of each."""
    given = metadata or {}
    added = [
        await _add(engine, caller, one, collections, given, original_id, once=once) for one in read.documents
    ]
    return AddedDocuments(added, read.failed, read.skipped)


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
