"""Store the models that embed documents, and what waits for each.

A model is made beside the one that serves searches, and takes its place once nothing is missing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from app.domain.caller import Caller
from app.domain.events import Usage
from app.domain.wanted_model import WantedModel
from app.store import quotas
from app.store.database import Engine, fetch, fetch_own, storable
from dossier.document_types import DocumentEmbedding, EmbeddingModel

DOCUMENTS_OF_CLAIM = 32
MAX_EMBEDDING_TRIES = 5  # of a document that the model refuses; then it is found by its words alone
REFUSED_WAIT = timedelta(seconds=30)  # after the first refusal; four times as long after each further one
MAX_EMBEDDING_ERROR = 300  # characters that are kept
SWITCH_AFTER = timedelta(seconds=60)  # a statement that began before the model was there has ended by then
CHECK_EVERY = timedelta(hours=1)  # that nothing is missing
REMOVED_AT_ONCE = 5000  # vectors of a model that leaves

MODEL_COLUMNS = """m.model_id, m.tenant, m.name, m.passage_prefix, m.query_prefix, m.wanted_dimensions,
    m.dimensions, m.state, m.error"""

HAS_VECTORS = "SELECT has_vectors()"

# Whose documents a model embeds: its tenant's, else those of all tenants that have none of their own.
_EMBEDS = """(m.tenant = d.tenant OR m.tenant IS NULL
    AND NOT EXISTS (SELECT FROM embedding_models o WHERE o.tenant = d.tenant AND o.state <> 'leaving'))"""

# One that is made and no longer wanted leaves; the one that serves stays until the wanted one is complete.
WANT_MODEL = f"""
    WITH known AS (
        SELECT FROM embedding_models WHERE tenant IS NOT DISTINCT FROM $1::text AND name = $2::text
            AND passage_prefix = $3::text AND wanted_dimensions = $5::integer AND state <> 'leaving'
    ), m AS (
        INSERT INTO embedding_models AS m (tenant, name, passage_prefix, query_prefix, wanted_dimensions)
        SELECT $1::text, $2::text, $3::text, $4::text, $5::integer WHERE has_vectors()
        ON CONFLICT (coalesce(tenant, ''), name, passage_prefix, wanted_dimensions) DO UPDATE
            SET query_prefix = excluded.query_prefix,
                state = CASE WHEN m.state = 'leaving' THEN 'making' ELSE m.state END
        RETURNING m.*
    ), dropped AS (
        UPDATE embedding_models o SET state = 'leaving' FROM m
        WHERE o.tenant IS NOT DISTINCT FROM m.tenant AND o.model_id <> m.model_id
          AND (o.state = 'making' OR m.state = 'serving')
    )
    SELECT NOT EXISTS (SELECT FROM known), {MODEL_COLUMNS} FROM m"""

# What is not embedded and not waiting for it, as when a model is new or another one's tenant has changed.
QUEUE_MISSING = f"""
    WITH queued AS (
        INSERT INTO unembedded (model_id, document_id, tenant)
        SELECT m.model_id, d.document_id, d.tenant FROM embedding_models m JOIN documents d ON {_EMBEDS}
        WHERE m.model_id = $1::integer AND EXISTS (
            SELECT FROM passages p WHERE p.document_id = d.document_id AND NOT EXISTS (
                SELECT FROM passage_vectors v WHERE v.document_id = p.document_id
                    AND v.starts_at = p.starts_at AND v.model_id = m.model_id))
        ON CONFLICT DO NOTHING RETURNING 1
    )
    SELECT count(*) FROM queued"""

OWN_SCOPES = "SELECT DISTINCT tenant FROM embedding_models WHERE tenant IS NOT NULL AND state <> 'leaving'"

# The models that tenants share take over.
LEAVE_SCOPE = """
    UPDATE embedding_models SET state = 'leaving'
    WHERE tenant = $1::text AND state <> 'leaving' RETURNING model_id"""
SHARED_MODELS = "SELECT model_id FROM embedding_models WHERE tenant IS NULL AND state <> 'leaving'"

# What the models that tenants share have of a tenant that has its own.
FORGET_SHARED = """
    WITH queued AS (
        DELETE FROM unembedded u USING embedding_models m
        WHERE m.model_id = u.model_id AND m.tenant IS NULL AND u.tenant = $1::text
    )
    DELETE FROM passage_vectors v USING embedding_models m
    WHERE m.model_id = v.model_id AND m.tenant IS NULL AND v.tenant = $1"""

# The one that serves, else the first one, which is there as far as it is made.
SEARCHED_MODEL = f"""
    SELECT {MODEL_COLUMNS} FROM embedding_models m
    WHERE m.tenant IS NOT DISTINCT FROM $1::text AND m.state <> 'leaving' AND m.dimensions IS NOT NULL
      AND has_vectors()
    ORDER BY m.state = 'serving' DESC, m.model_id LIMIT 1"""

# Tenants come in turn, so that one with many documents delays nobody else's. Those that may not spend are
# passed over one by one, because a condition on them would read all of their rows.
CLAIM_UNEMBEDDED = f"""
    WITH RECURSIVE turns AS (
        SELECT place, (SELECT min(tenant) FROM unembedded
            WHERE model_id = $1::integer AND tenant > after AND next_at <= now()) AS tenant
        FROM (VALUES (1, $2::text), (2, '')) AS start (place, after)
        UNION ALL
        SELECT place, (SELECT min(tenant) FROM unembedded
            WHERE model_id = $1 AND tenant > t.tenant AND next_at <= now())
        FROM turns t WHERE t.tenant = ANY ($4::text[])
    ), turn AS MATERIALIZED (
        SELECT tenant FROM turns WHERE tenant IS NOT NULL AND tenant <> ALL ($4) ORDER BY place LIMIT 1
    ), due AS MATERIALIZED (
        SELECT u.document_id FROM unembedded u
        WHERE u.model_id = $1 AND u.tenant = (SELECT tenant FROM turn) AND u.next_at <= now()
        ORDER BY u.next_at, u.document_id LIMIT {DOCUMENTS_OF_CLAIM} FOR UPDATE SKIP LOCKED
    )
    UPDATE unembedded u SET next_at = now() + $3::interval, tries = u.tries + 1 FROM due
    WHERE u.model_id = $1 AND u.document_id = due.document_id
    RETURNING u.tenant, u.document_id, u.next_at"""

# Of a claim: those that nobody has changed since.
BEAT_UNEMBEDDED = """
    UPDATE unembedded SET next_at = now() + $4::interval
    WHERE model_id = $1::integer AND document_id = ANY ($2::bigint[]) AND next_at = $3::timestamptz
    RETURNING document_id, next_at"""

END_UNEMBEDDED = """
    DELETE FROM unembedded
    WHERE model_id = $1::integer AND document_id = ANY ($2::bigint[]) AND next_at = $3::timestamptz"""

RELEASE_UNEMBEDDED = """
    UPDATE unembedded SET next_at = clock_timestamp(), tries = tries - 1
    WHERE model_id = $1::integer AND document_id = ANY ($2::bigint[]) AND next_at = $3::timestamptz"""

REFUSE_UNEMBEDDED = f"""
    UPDATE unembedded SET error = $4::text, next_at = CASE
        WHEN tries >= {MAX_EMBEDDING_TRIES} THEN 'infinity'
        ELSE now() + $5::interval * (4 ^ (tries - 1)) END
    WHERE model_id = $1::integer AND document_id = ANY ($2::bigint[]) AND next_at = $3::timestamptz"""

# What was given up is tried again by a worker that starts: its settings may be others.
RETRY_UNEMBEDDED = """
    UPDATE unembedded SET next_at = clock_timestamp(), tries = 0
    WHERE model_id = $1::integer AND next_at = 'infinity'"""

LEARN_DIMENSIONS = """
    UPDATE embedding_models SET dimensions = $2::integer
    WHERE model_id = $1::integer AND coalesce(dimensions, $2) = $2 RETURNING model_id"""

# A tenant that may not spend keeps no model from the others.
_WAITS = """EXISTS (SELECT FROM unembedded u WHERE u.model_id = m.model_id AND u.next_at < 'infinity'
        AND u.tenant <> ALL ({spent}::text[]))"""

_IS_DUE = """CASE m.state WHEN 'making' THEN m.made_at < now() - {after}::interval
        WHEN 'serving' THEN m.checked_at < now() - {every}::interval END"""

# One worker looks whether anything is missing.
TAKE_CHECK = f"""
    UPDATE embedding_models m SET checked_at = now()
    WHERE m.model_id = $1::integer AND NOT {_WAITS.format(spent="$4")}
      AND {_IS_DUE.format(every="$2", after="$3")}
    RETURNING m.model_id"""

# One statement is all that idle workers ask, however many tenants have models of their own.
BUSY_MODELS = f"""
    SELECT {MODEL_COLUMNS} FROM embedding_models m
    WHERE m.state = 'leaving'
       OR EXISTS (SELECT FROM unembedded u WHERE u.model_id = m.model_id AND u.next_at <= now())
       OR (NOT {_WAITS.format(spent="'{}'")} AND {_IS_DUE.format(every="$1", after="$2")})
    ORDER BY m.model_id"""

SWITCH_MODEL = f"""
    WITH ready AS (
        UPDATE embedding_models m SET state = 'serving', serving_since = now()
        WHERE m.model_id = $1::integer AND m.state = 'making' AND NOT {_WAITS.format(spent="$2")}
        RETURNING m.model_id, m.tenant
    ), replaced AS (
        UPDATE embedding_models o SET state = 'leaving' FROM ready
        WHERE o.tenant IS NOT DISTINCT FROM ready.tenant AND o.model_id <> ready.model_id
    )
    SELECT model_id FROM ready"""

# Little by little; the model goes with its last vectors.
REMOVE_VECTORS = f"""
    WITH few AS (
        SELECT v.document_id, v.starts_at, v.model_id FROM passage_vectors v
        WHERE v.model_id = $1::integer LIMIT {REMOVED_AT_ONCE}
    ), removed AS (
        DELETE FROM passage_vectors v USING few f WHERE v.model_id = f.model_id
            AND v.document_id = f.document_id AND v.starts_at = f.starts_at
        RETURNING 1
    )
    SELECT count(*) FROM removed"""
REMOVE_MODEL = "DELETE FROM embedding_models WHERE model_id = $1::integer AND state = 'leaving'"

NOTE_ERROR = """
    UPDATE embedding_models SET error = $2::text
    WHERE model_id = $1::integer AND error IS DISTINCT FROM $2"""

ADD_USE = """
    INSERT INTO embedding_uses AS u (tenant, day, model, passages, tokens, cost_usd, unknown_cost_requests)
    VALUES ($1::text, (now() AT TIME ZONE 'UTC')::date, $2::text, $3::bigint, $4::bigint,
        coalesce($5::float8, 0), ($5 IS NULL)::integer)
    ON CONFLICT (tenant, day, model) DO UPDATE SET passages = u.passages + excluded.passages,
        tokens = u.tokens + excluded.tokens, cost_usd = u.cost_usd + excluded.cost_usd,
        unknown_cost_requests = u.unknown_cost_requests + excluded.unknown_cost_requests"""

# Of the caller's documents.
COUNT_OWN_DOCUMENTS = "SELECT count(*)::integer FROM documents WHERE tenant = $1::text"
COUNT_UNEMBEDDED = "SELECT count(*) FROM unembedded WHERE next_at < 'infinity'"
PROGRESS = """
    SELECT m.name, m.dimensions, m.state,
        (SELECT count(*)::integer FROM unembedded u
         WHERE u.model_id = m.model_id AND u.tenant = $1::text AND u.next_at < 'infinity'),
        (SELECT count(*)::integer FROM unembedded u
         WHERE u.model_id = m.model_id AND u.tenant = $1 AND u.next_at = 'infinity'), m.error
    FROM embedding_models m
    WHERE m.state <> 'leaving' AND (m.tenant = $1 OR m.tenant IS NULL
        AND NOT EXISTS (SELECT FROM embedding_models o WHERE o.tenant = $1 AND o.state <> 'leaving'))
    ORDER BY m.model_id"""


class StoredModel(Struct, frozen=True):
    """A model that embeds documents."""

    model_id: int
    tenant: str | None  # None: of the server that all tenants share
    name: str
    passage_prefix: str
    query_prefix: str
    wanted_dimensions: int
    dimensions: int | None
    state: str
    error: str | None  # why its server cannot embed

    @property
    def wanted(self) -> WantedModel:
        """Return how it is asked."""
        return WantedModel(self.name, self.passage_prefix, self.query_prefix, self.wanted_dimensions)


class EmbeddingClaim(Struct, frozen=True):
    """Documents of one tenant that this worker embeds."""

    model_id: int
    tenant: str
    document_ids: list[int]
    until: datetime


async def has_vectors(engine: Engine) -> bool:
    """Return whether the database can store vectors."""
    return bool((await fetch(engine, HAS_VECTORS))[0][0])


async def want_model(engine: Engine, tenant: str | None, wanted: WantedModel) -> StoredModel | None:
    """Return the model that is to serve, made if it is new.

    None without pgvector.
    """
    texts = (wanted.name, wanted.passage_prefix, wanted.query_prefix)
    rows = await fetch(engine, WANT_MODEL, tenant, *map(storable, texts), wanted.wanted_dimensions)
    if not rows:
        return None
    is_new, *columns = rows[0]
    model = StoredModel(*columns)
    if is_new and tenant is not None:
        await fetch(engine, FORGET_SHARED, tenant)
    if is_new:
        await queue_missing(engine, model.model_id)
    return model


async def queue_missing(engine: Engine, model_id: int) -> int:
    """Queue the documents that a model has not embedded. Count them."""
    return int((await fetch(engine, QUEUE_MISSING, model_id))[0][0])


async def busy_models(engine: Engine) -> list[StoredModel]:
    """Return the models that have anything to do."""
    return [StoredModel(*row) for row in await fetch(engine, BUSY_MODELS, CHECK_EVERY, SWITCH_AFTER)]


async def own_scopes(engine: Engine) -> set[str]:
    """Return the tenants that have models of their own."""
    return {str(row[0]) for row in await fetch(engine, OWN_SCOPES)}


async def leave_scope(engine: Engine, tenant: str) -> None:
    """Let a tenant share the common server again."""
    if await fetch(engine, LEAVE_SCOPE, tenant):
        for row in await fetch(engine, SHARED_MODELS):
            await queue_missing(engine, row[0])


async def searched_model(engine: Engine, tenant: str | None) -> StoredModel | None:
    """Return the model by which a search finds, or None without one."""
    rows = await fetch(engine, SEARCHED_MODEL, tenant)
    return StoredModel(*rows[0]) if rows else None


async def claim_unembedded(
    engine: Engine, model_id: int, after: str, lease: timedelta, spent: Sequence[str] = ()
) -> EmbeddingClaim | None:
    """Claim documents of the tenant whose turn comes after `after`.

    Those of `spent` tenants wait.
    """
    rows = await fetch(engine, CLAIM_UNEMBEDDED, model_id, after, lease, list(spent))
    if not rows:
        return None
    return EmbeddingClaim(model_id, rows[0][0], sorted(row[1] for row in rows), rows[0][2])


async def beat(engine: Engine, claim: EmbeddingClaim, lease: timedelta) -> EmbeddingClaim | None:
    """Prolong a claim, without documents that have changed.

    None where all have.
    """
    rows = await _of_claim(engine, BEAT_UNEMBEDDED, claim, lease)
    if not rows:
        return None
    return EmbeddingClaim(claim.model_id, claim.tenant, sorted(row[0] for row in rows), rows[0][1])


async def end(engine: Engine, claim: EmbeddingClaim) -> None:
    """Note that all of a claim is embedded."""
    await _of_claim(engine, END_UNEMBEDDED, claim)


async def release(engine: Engine, claim: EmbeddingClaim) -> None:
    """Give a claim back, at no cost of a try."""
    await _of_claim(engine, RELEASE_UNEMBEDDED, claim)


async def refuse(engine: Engine, claim: EmbeddingClaim, error: str) -> None:
    """Note that the model refused these documents, to be tried later."""
    await _of_claim(engine, REFUSE_UNEMBEDDED, claim, storable(error)[:MAX_EMBEDDING_ERROR], REFUSED_WAIT)


async def _of_claim(engine: Engine, sql: str, claim: EmbeddingClaim, *params: Any) -> list[Any]:  # noqa: ANN401 - as the driver
    return await fetch(engine, sql, claim.model_id, claim.document_ids, claim.until, *params)


async def retry_refused(engine: Engine, model_id: int) -> None:
    """Queue again what was given up."""
    await fetch(engine, RETRY_UNEMBEDDED, model_id)


async def learn_dimensions(engine: Engine, model_id: int, dimensions: int) -> bool:
    """Note the length of a model's vectors. False if it was another."""
    return bool(await fetch(engine, LEARN_DIMENSIONS, model_id, dimensions))


async def note_error(engine: Engine, model_id: int, error: str | None) -> None:
    """Note why a model's server cannot embed, or that it can."""
    said = storable(error)[:MAX_EMBEDDING_ERROR] if error else None
    await fetch(engine, NOTE_ERROR, model_id, said)


async def add_use(engine: Engine, tenant: str, model: str, passages: int, usage: Usage) -> None:
    """Note what embedding passages used."""
    await fetch(engine, ADD_USE, tenant, model, passages, usage.input_tokens, usage.cost_usd)


async def complete(
    engine: Engine, model: StoredModel, spent: Sequence[str] = ()
) -> Literal["", "queued", "serves"]:
    """Let a model serve where nothing is missing but of `spent` tenants.

    What is missing is queued instead. "": it is as it was.
    """
    if not await fetch(engine, TAKE_CHECK, model.model_id, CHECK_EVERY, SWITCH_AFTER, list(spent)):
        return ""
    if await queue_missing(engine, model.model_id):
        return "queued"
    return "serves" if await fetch(engine, SWITCH_MODEL, model.model_id, list(spent)) else ""


async def remove_some(engine: Engine, model_id: int) -> bool:
    """Remove vectors of a model that leaves. True while there are more."""
    if (await fetch(engine, REMOVE_VECTORS, model_id))[0][0]:
        return True
    await fetch(engine, REMOVE_MODEL, model_id)
    return False


async def progress(engine: Engine, caller: Caller, *, is_wanted: bool) -> DocumentEmbedding:
    """Return how far the models are with the caller's documents.

    `is_wanted`: the settings say that documents are embedded.
    """
    counted = (await fetch_own(engine, caller, COUNT_OWN_DOCUMENTS))[0][0]
    is_on = is_wanted and await has_vectors(engine)
    models = [EmbeddingModel(*row) for row in await fetch(engine, PROGRESS, caller.tenant)]
    if any(one.waiting for one in models) and await quotas.is_spent(engine, caller):
        models = [replace(one, error=quotas.SPENT) for one in models]
    return DocumentEmbedding(is_on, counted, models)


async def count_unembedded(engine: Engine) -> int:
    """Count the documents of all tenants that wait for vectors."""
    return int((await fetch(engine, COUNT_UNEMBEDDED))[0][0])
