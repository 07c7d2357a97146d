"""Store the vectors of passages, and find those nearest to a question.

The only SQL for it. A vector says of which text it was made: it holds while the passage has that text.
"""

from collections.abc import Sequence

from msgspec import Struct

from app.domain.caller import Caller
from app.store.database import Engine, fetch
from app.store.embedding_models import EmbeddingClaim, StoredModel

PASSAGES_OF_BATCH = 64
NEAREST_PASSAGES = 100

_DIGEST = "sha256(convert_to(p.title || chr(10) || p.text, 'UTF8'))"

UNEMBEDDED_PASSAGES = f"""
    SELECT p.document_id, p.starts_at, p.title, p.text, {_DIGEST}
    FROM passages p LEFT JOIN passage_vectors v ON v.model_id = $1::integer
        AND v.document_id = p.document_id AND v.starts_at = p.starts_at
    WHERE p.document_id = ANY ($2::bigint[]) AND v.sha256 IS DISTINCT FROM {_DIGEST}
    ORDER BY p.document_id, p.starts_at LIMIT {PASSAGES_OF_BATCH}"""

# A passage that changed meanwhile gets none. Its document is queued again by the change itself.
STORE_VECTORS = f"""
    INSERT INTO passage_vectors AS v (model_id, tenant, document_id, starts_at, sha256, vector)
    SELECT $1::integer, $2::text, p.document_id, p.starts_at, made.sha256, made.vector::halfvec
    FROM unnest($3::bigint[], $4::integer[], $5::bytea[], $6::text[])
        AS made (document_id, starts_at, sha256, vector)
    JOIN passages p USING (document_id, starts_at)
    WHERE made.sha256 = {_DIGEST}
    ON CONFLICT (document_id, starts_at, model_id)
        DO UPDATE SET sha256 = excluded.sha256, vector = excluded.vector"""

# All passages of the tenant are compared, so none is missed: 50,000 of 384 dimensions take 40 ms of CPU. How
# far all are from the question says what a near one is worth: models differ in that, and so do questions. A
# document that is queued again has vectors of a text that it had before.
FIND_NEAREST = f"""
    WITH question AS MATERIALIZED (
        SELECT $3::text::halfvec AS vector, $4::text[] AS collections
    ), measured AS MATERIALIZED (
        SELECT v.document_id, v.starts_at, 1 - (v.vector <=> q.vector) AS cosine
        FROM passage_vectors v CROSS JOIN question q WHERE v.model_id = $1::integer AND v.tenant = $2::text
    ), spread AS (
        SELECT count(*)::integer AS passages, avg(cosine) AS mean,
            coalesce(stddev_pop(cosine), 0) AS deviation
        FROM measured
    ), first AS MATERIALIZED (
        SELECT m.* FROM measured m CROSS JOIN question q
        WHERE q.collections IS NULL OR EXISTS (SELECT FROM documents d
            WHERE d.document_id = m.document_id AND d.collections && q.collections)
        ORDER BY m.cosine DESC, m.document_id, m.starts_at LIMIT {2 * NEAREST_PASSAGES}
    ), nearest AS MATERIALIZED (
        SELECT f.* FROM first f WHERE NOT EXISTS (SELECT FROM unembedded u
            WHERE u.model_id = $1 AND u.document_id = f.document_id)
        ORDER BY f.cosine DESC, f.document_id, f.starts_at LIMIT {NEAREST_PASSAGES}
    )
    SELECT n.document_id, n.starts_at, p.ends_at, n.cosine, s.passages, s.mean, s.deviation
    FROM nearest n JOIN passages p USING (document_id, starts_at) CROSS JOIN spread s
    ORDER BY n.cosine DESC, n.document_id, n.starts_at"""


class UnembeddedPassage(Struct, frozen=True):
    """A passage without a vector of its text."""

    document_id: int
    starts_at: int
    title: str
    text: str
    sha256: bytes  # of title and text


class NearPassage(Struct, frozen=True):
    """A passage near to a question, and how near all are."""

    document_id: int
    starts_at: int
    ends_at: int
    cosine: float
    passages: int  # of the tenant that were compared
    mean: float  # of their cosines
    deviation: float


async def unembedded_passages(engine: Engine, claim: EmbeddingClaim) -> list[UnembeddedPassage]:
    """Return the first passages of a claim without a vector."""
    rows = await fetch(engine, UNEMBEDDED_PASSAGES, claim.model_id, claim.document_ids)
    return [UnembeddedPassage(*row) for row in rows]


async def store_vectors(
    engine: Engine,
    claim: EmbeddingClaim,
    passages: Sequence[UnembeddedPassage],
    vectors: Sequence[Sequence[float]],
) -> None:
    """Store a vector for each passage."""
    places = [[one.document_id for one in passages], [one.starts_at for one in passages]]
    digests, texts = [one.sha256 for one in passages], [_text_of(vector) for vector in vectors]
    await fetch(engine, STORE_VECTORS, claim.model_id, claim.tenant, *places, digests, texts)


async def find_nearest(
    engine: Engine,
    caller: Caller,
    model: StoredModel,
    question: Sequence[float],
    collections: Sequence[str] = (),
) -> list[NearPassage]:
    """Return the caller's passages that are nearest to a question."""
    wanted = list(collections) or None
    rows = await fetch(engine, FIND_NEAREST, model.model_id, caller.tenant, _text_of(question), wanted)
    return [NearPassage(*row) for row in rows]


def _text_of(vector: Sequence[float]) -> str:
    """Return a vector as Postgres reads it."""
    return f"[{','.join(f'{value:.6g}' for value in vector)}]"
