"""Store the documents that users ingest, which are cut into passages.

The only SQL for it. A passage is a slice of its document, character for character, so what a search
shows can be found again in the text.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct, field

from app.domain.caller import Caller
from app.errors import WrongVersion
from app.store.database import Engine, fetch, fetch_own, storable
from app.store.originals import IS_AWAITED
from app.text import languages
from app.text.passages import cut, folded
from dossier.document_types import DocumentChange, DocumentOriginal, ListedDocument

MAX_TRIES = 20  # of a put that others overtook; one of them wins each time
MAX_LISTED_DOCUMENTS = 1000  # documents of one listing, at most

# A document and its passages change in one statement. The version that it saw must still be the last
# one when it has the row's lock: passages that another put committed since then are not in its
# snapshot, and it could not remove them.
PUT_DOCUMENT = """
    WITH seen AS MATERIALIZED (
        SELECT document_id, xmin AS version, original_id,
            sha256 = $3::text AND title = $2::text AND language = $8::text AND collections = $10::text[]
            AND metadata = $11::text::jsonb AND ($12::uuid IS NULL OR original_id IS NOT NULL) AS same
        FROM documents WHERE tenant = $9::text AND url = $1::text
    ), alike AS MATERIALIZED (
        SELECT document_id, url FROM documents
        WHERE $13::boolean AND tenant = $9::text AND sha256 = $3::text AND collections @> $10::text[]
          AND NOT EXISTS (SELECT FROM seen)
        ORDER BY document_id LIMIT 1
    ), stored AS (
        INSERT INTO documents AS d
            (url, title, sha256, text, language, tenant, collections, metadata, original_id)
        SELECT $1::text, $2::text, $3::text, $4::text, $8::text, $9::text, $10::text[], $11::text::jsonb,
            $12::uuid
        WHERE NOT EXISTS (SELECT FROM seen WHERE same) AND NOT EXISTS (SELECT FROM alike)
        ON CONFLICT (tenant, url) DO UPDATE SET title = excluded.title, sha256 = excluded.sha256,
            text = excluded.text, language = excluded.language, collections = excluded.collections,
            metadata = excluded.metadata, original_id = excluded.original_id, added_at = now()
        WHERE d.xmin = (SELECT version FROM seen)
        RETURNING document_id
    ), removed AS (
        DELETE FROM passages p USING stored s
        WHERE p.document_id = s.document_id AND p.starts_at <> ALL ($5::integer[])
    ), cut AS (
        INSERT INTO passages AS p (document_id, starts_at, ends_at, title, text, language)
        SELECT s.document_id, c.starts_at, c.ends_at, $14::text, c.text, $8::text
        FROM stored s, unnest($5::integer[], $6::integer[], $7::text[]) AS c (starts_at, ends_at, text)
        ON CONFLICT (document_id, starts_at) DO UPDATE SET ends_at = excluded.ends_at,
            title = excluded.title, text = excluded.text, language = excluded.language
    )
    SELECT document_id, CASE WHEN EXISTS (SELECT FROM seen) THEN 'changed' ELSE 'added' END, $1::text,
        (SELECT original_id FROM seen)
    FROM stored
    UNION ALL SELECT document_id, 'unchanged', $1::text, NULL FROM seen WHERE same
    UNION ALL SELECT document_id, 'same_text', url, NULL FROM alike"""

REMOVE = f"""
    WITH removed AS (
        DELETE FROM documents WHERE tenant = $2::text AND starts_with(url, $1::text) RETURNING original_id
    ), emptied AS (
        DELETE FROM originals o USING removed r WHERE o.original_id = r.original_id
          AND NOT EXISTS (SELECT FROM documents d
              WHERE d.original_id = o.original_id AND NOT starts_with(d.url, $1::text))
          AND NOT {IS_AWAITED}
    )
    SELECT count(*) FROM removed"""

REMOVE_ONE = f"""
    WITH removed AS (
        DELETE FROM documents WHERE tenant = $2::text AND document_id = $1::bigint
        RETURNING document_id, original_id
    ), emptied AS (
        DELETE FROM originals o USING removed r WHERE o.original_id = r.original_id
          AND NOT EXISTS (SELECT FROM documents d
              WHERE d.original_id = o.original_id AND d.document_id <> r.document_id)
          AND NOT {IS_AWAITED}
    )
    SELECT count(*) FROM removed"""

REMOVE_ORIGINAL = f"""
    DELETE FROM originals o WHERE tenant = $1::text AND original_id = $2::uuid
      AND NOT EXISTS (SELECT FROM documents d WHERE d.original_id = o.original_id) AND NOT {IS_AWAITED}"""

COLUMNS = """d.document_id, d.url, d.title, d.sha256, length(d.text), d.added_at, d.language, d.collections,
    d.metadata::text, o.name, o.media_type, o.size, o.sha256"""
JOINED = "documents d LEFT JOIN originals o USING (original_id)"

# By url, which the index has in order.
DOCUMENTS = f"""
    SELECT {COLUMNS} FROM {JOINED}
    WHERE d.tenant = $1::text AND d.url > $3::text AND starts_with(d.url, $4::text)
      AND ($5::text IS NULL OR d.collections @> ARRAY[$5::text])
    ORDER BY d.url LIMIT $2::integer"""

DOCUMENT = f"SELECT {COLUMNS} FROM {JOINED} WHERE d.tenant = $1::text AND d.document_id = $2::bigint"
READ_DOCUMENT = "SELECT title, text FROM documents WHERE tenant = $1::text AND url = $2::text"
READ_TEXT = """
    SELECT text, language, coalesce(metadata->>'date', '') FROM documents
    WHERE tenant = $1::text AND url = $2::text
      AND ($3::text[] IS NULL OR collections && $3::text[])"""


class DocumentToStore(Struct, frozen=True):
    """A document that is to be stored."""

    url: str
    title: str
    text: str
    collections: Sequence[str] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    original_id: UUID | None = None


class DocumentText(Struct, frozen=True):
    """The text of a document, and what is known of it."""

    text: str
    language: str  # ISO 639-1, "" where the text does not tell
    date: str  # as its file or its sender gave it


class StoredDocument(Struct, frozen=True):
    """What became of a document.

    With the change `same_text`, it is the document that had this text before.
    """

    document_id: int
    change: DocumentChange
    url: str


async def put(engine: Engine, caller: Caller, url: str, title: str, text: str) -> bool:
    """Store a document, in place of the one that had this url.

    False if nothing has changed. Raises WrongVersion.
    """
    stored = await store(engine, caller, DocumentToStore(url, title, text), once=False)
    return stored.change != "unchanged"


async def store(engine: Engine, caller: Caller, new: DocumentToStore, *, once: bool = True) -> StoredDocument:
    """Store a document, in place of the one that had its url.

    With `once`, a new url whose text is there already adds nothing. A NUL becomes U+FFFD, because Postgres
    cannot store it. Raises WrongVersion if others keep changing the same document.
    """
    values = _values(new, caller.tenant)
    for _ in range(MAX_TRIES):
        try:
            rows = await fetch(engine, PUT_DOCUMENT, *values[:-1], once, values[-1])
        except asyncpg.UniqueViolationError:  # another process put this url since
            continue
        except asyncpg.ForeignKeyViolationError:  # the last document of this original was just removed
            break
        if rows:
            document_id, change, url, old = rows[0]
            if old is not None and old != new.original_id:
                await remove_original(engine, caller, old)
            return StoredDocument(document_id, change, url)
    raise WrongVersion(f"{new.url} is being changed by another process.")


def _values(new: DocumentToStore, tenant: str) -> list[Any]:
    title, text = storable(new.title), storable(new.text)
    cuts = list(cut(text))
    return [
        storable(new.url),
        title,
        hashlib.sha256(text.encode()).hexdigest(),
        text,
        [start for start, _ in cuts],
        [end for _, end in cuts],
        [folded(text[start:end]) for start, end in cuts],
        languages.detect(f"{title}\n{text}"),
        tenant,
        sorted(set(new.collections)),
        storable(msgspec.json.encode(new.metadata).decode()).replace("\\u0000", "\ufffd"),
        new.original_id,
        folded(title),
    ]


async def remove(engine: Engine, caller: Caller, url_prefix: str) -> int:
    """Remove documents by the beginning of their urls.

    Count them. "" removes all.
    """
    return int((await fetch(engine, REMOVE, storable(url_prefix), caller.tenant))[0][0])


async def remove_one(engine: Engine, caller: Caller, document_id: int) -> bool:
    """Remove a document and its original. False if it is unknown."""
    return bool((await fetch(engine, REMOVE_ONE, document_id, caller.tenant))[0][0])


async def remove_original(engine: Engine, caller: Caller, original_id: UUID) -> None:
    """Remove an original that no document has."""
    await fetch(engine, REMOVE_ORIGINAL, caller.tenant, original_id)


async def documents(
    engine: Engine,
    caller: Caller,
    limit: int,
    after: str = "",
    *,
    url_prefix: str = "",
    collection: str | None = None,
) -> list[ListedDocument]:
    """List at most `limit` documents after `after`, by url.

    One call returns 1000 at most.
    """
    bound = min(limit, MAX_LISTED_DOCUMENTS)
    wanted = (storable(after), storable(url_prefix), collection)
    return [_listed(row) for row in await fetch_own(engine, caller, DOCUMENTS, bound, *wanted)]


async def find_document(engine: Engine, caller: Caller, document_id: int) -> ListedDocument | None:
    """Return what is known of a document, None if it is unknown."""
    rows = await fetch_own(engine, caller, DOCUMENT, document_id)
    return _listed(rows[0]) if rows else None


def _listed(row: Sequence[Any]) -> ListedDocument:
    original = DocumentOriginal(*row[9:13]) if row[12] is not None else None
    collections, metadata = tuple(row[7]), msgspec.json.decode(row[8])
    known: tuple[int, str, str, str, int, datetime, str] = tuple(row[:7])
    return ListedDocument(*known, collections, metadata, original)


async def read(
    engine: Engine, caller: Caller, url: str, collections: Sequence[str] = ()
) -> DocumentText | None:
    """Return a document to be read, or None if unknown."""
    rows = await fetch_own(engine, caller, READ_TEXT, storable(url), list(collections) or None)
    return DocumentText(*map(str, rows[0])) if rows else None


async def text(engine: Engine, caller: Caller, url: str, collections: Sequence[str] = ()) -> str | None:
    """Return the text of a document, or None if it is unknown."""
    found = await read(engine, caller, url, collections)
    return found.text if found else None


async def document(engine: Engine, caller: Caller, url: str) -> tuple[str, str] | None:
    """Return a document's title and text, or None if unknown."""
    rows = await fetch_own(engine, caller, READ_DOCUMENT, storable(url))
    return (str(rows[0][0]), str(rows[0][1])) if rows else None
