"""Store big bodies once under their sha256, which events carry.

They are pages, prompts and replies.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from app.store.database import Engine, fetch

# The table's check hashes what is inserted, also where it conflicts: what is known is left out before.
PUT_BLOB = """
    INSERT INTO blobs (sha256, size, body)
    SELECT * FROM unnest($1::text[], $2::integer[], $3::bytea[]) AS given(name, size, body)
    WHERE NOT EXISTS (SELECT FROM blobs WHERE sha256 = given.name)
    ON CONFLICT DO NOTHING"""

GET = "SELECT sha256, body FROM blobs WHERE sha256 = ANY($1::text[])"

ABSENT = """
    SELECT wanted.name FROM unnest($1::text[]) AS wanted(name)
    WHERE NOT EXISTS (SELECT FROM blobs WHERE sha256 = wanted.name)"""

CHECK = """
    SELECT sha256, encode(sha256(body), 'hex') = sha256 AND octet_length(body) = size
    FROM blobs WHERE sha256 > $1::text ORDER BY sha256 LIMIT 500"""


def digest(body: bytes) -> str:
    """The name of a body: its sha256 in hexadecimal."""
    return sha256(body).hexdigest()


async def put(engine: Engine, bodies: Sequence[bytes]) -> None:
    """Store these bodies, except those already stored."""
    if not bodies:
        return
    by_name = {digest(body): body for body in bodies}
    sizes = [len(body) for body in by_name.values()]
    await fetch(engine, PUT_BLOB, list(by_name), sizes, list(by_name.values()))


async def get(engine: Engine, names: Sequence[str]) -> Mapping[str, bytes]:
    """Return the bodies with these names, without forgotten ones."""
    if not names:
        return {}
    return {row[0]: row[1] for row in await fetch(engine, GET, list(names))}


async def absent(engine: Engine, names: Sequence[str]) -> set[str]:
    """Those of these names of which there is no body."""
    return {row[0] for row in await fetch(engine, ABSENT, list(names))} if names else set()


async def damaged(engine: Engine) -> tuple[int, set[str]]:
    """Count the bodies, and name those whose sha256 does not match.

    Postgres hashes them, a page of them at a time, so that no body travels.
    """
    count, bad, after = 0, set[str](), ""
    while rows := await fetch(engine, CHECK, after):
        count, after = count + len(rows), rows[-1][0]
        bad |= {row[0] for row in rows if not row[1]}
    return count, bad
