"""Keep the files that documents were read from, in pieces.

The only SQL for it. A file passes through in pieces, so none is whole in memory.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

from msgspec import Struct

from app.domain.caller import Caller
from app.store.database import Engine, fetch, fetch_own, storable

ORIGINAL_PIECE = 1_000_000  # bytes

# Of an original o: a worker has still to read it.
IS_AWAITED = """EXISTS (SELECT FROM ingestions i
              WHERE i.original_id = o.original_id AND i.status IN ('pending', 'running'))"""

# One that is still being stored, or whose storing broke off, is not whole.
KNOWN_ORIGINAL = """
    SELECT original_id FROM originals o WHERE tenant = $1::text AND sha256 = $2::text
      AND size = (SELECT coalesce(sum(octet_length(body)), 0) FROM original_chunks c
          WHERE c.original_id = o.original_id)
    LIMIT 1"""
ADD_ORIGINAL = """
    INSERT INTO originals (original_id, tenant, name, media_type, size, sha256)
    VALUES ($1::uuid, $2::text, $3::text, $4::text, $5::bigint, $6::text)"""
ADD_PIECE = "INSERT INTO original_chunks VALUES ($1::uuid, $2::integer, $3::bytea)"
PIECE_OF = """
    SELECT body FROM original_chunks WHERE original_id = $2::uuid AND number = $3::integer
      AND EXISTS (SELECT FROM originals o WHERE o.original_id = $2 AND o.tenant = $1::text)"""
ORIGINAL_OF = """
    SELECT original_id FROM documents WHERE tenant = $1::text AND document_id = $2::bigint
      AND original_id IS NOT NULL"""
# One that no document has after a day was left by an upload that broke off.
SWEEP_ORIGINALS = f"""
    DELETE FROM originals o WHERE created_at < now() - interval '1 day'
      AND NOT EXISTS (SELECT FROM documents d WHERE d.original_id = o.original_id) AND NOT {IS_AWAITED}"""


class UploadedFile(Struct, frozen=True):
    """A file on the disk of this machine, until it is stored."""

    path: Path
    name: str
    media_type: str
    size: int  # bytes
    sha256: str  # hexadecimal


async def keep_original(engine: Engine, caller: Caller, file: UploadedFile) -> UUID:
    """Store a file, unless the same bytes are there."""
    if known := await fetch_own(engine, caller, KNOWN_ORIGINAL, file.sha256):
        return UUID(str(known[0][0]))
    original_id = uuid4()
    about = (storable(file.name), storable(file.media_type), file.size, file.sha256)
    await fetch(engine, ADD_ORIGINAL, original_id, caller.tenant, *about)
    with file.path.open("rb") as stream:
        for number, body in enumerate(iter(lambda: stream.read(ORIGINAL_PIECE), b"")):
            await fetch(engine, ADD_PIECE, original_id, number, body)
    return original_id


async def sweep_originals(engine: Engine) -> None:
    """Remove the files that uploads left without a document."""
    await fetch(engine, SWEEP_ORIGINALS)


async def original_of(engine: Engine, caller: Caller, document_id: int) -> UUID | None:
    """Return the original of a document, None where none is kept."""
    rows = await fetch_own(engine, caller, ORIGINAL_OF, document_id)
    return UUID(str(rows[0][0])) if rows else None


async def pieces(engine: Engine, caller: Caller, original_id: UUID) -> AsyncIterator[bytes]:
    """Yield a file piece by piece."""
    number = 0
    while rows := await fetch_own(engine, caller, PIECE_OF, original_id, number):
        yield rows[0][0]
        number += 1
