"""Describe every table as the migrations leave it.

A test compares the two.

`events` is the truth. `jobs` is a projection of it, and the head of the queue. `leases` says who works
on what right now. `blobs` keeps big bodies by their sha256. `documents` and `passages` are what users ingest,
`originals` their files. `checkpoints` bind the newest hashes of the log. `upkeep` is the log of what owners
forgot and archived.
"""

from sqlalchemy import (
    ARRAY,
    JSON,
    TIMESTAMP,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.types import UserDefinedType

from app.store.projections import (
    COST_SQL,
    HAS_COST_SQL,
    HAS_OUTCOME_SQL,
    JOB_COLUMNS,
    LEASED_SQL,
    ORIGIN_SQL,
    OUTCOME_SQL,
)

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    }
)

Moment = TIMESTAMP(timezone=True)


class Xid8(UserDefinedType[str]):
    """A 64-bit transaction id, which never wraps round."""

    cache_ok = True

    def get_col_spec(self, **_kw: object) -> str:
        """The type's name in DDL."""
        return "xid8"


event_position = Sequence("event_position", metadata=metadata)

events = Table(
    "events",
    metadata,
    Column(
        "job_id", Uuid, primary_key=True
    ),  # uuid v7: its first 48 bits are the time, so also the partition
    Column("seq", Integer, primary_key=True, autoincrement=False),  # 1, 2, 3 … in commit order
    Column(
        "position", BigInteger, event_position, nullable=False, server_default=event_position.next_value()
    ),
    Column("xid", Xid8, nullable=False, server_default=text("pg_current_xact_id()")),
    Column("type", Text, nullable=False),
    Column("schema_version", SmallInteger, nullable=False),
    Column("status", Text, nullable=False),  # of the job, after this event
    Column("progress", SmallInteger, nullable=False),  # 0..100, after this event
    Column("data", JSON, nullable=False),  # json, not jsonb: the text is kept as it was hashed
    Column("actor", Text, nullable=False),  # who wrote it: "api", "worker:<id>", "rescue:<id>"
    Column("epoch", BigInteger),  # the fence it was written under; null: not by a worker
    Column("occurred_at", Moment, nullable=False),
    Column("prev_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    CheckConstraint("seq > 0", name="seq"),
    # Readers across jobs go by (xid, position) below the snapshot's xmin; readers of one job by seq.
    Index(None, "xid", "position"),
    # From a page to the jobs that found it. A hash, because an address may be longer than an index entry.
    Index(
        "events_source_url_idx",
        text("md5(data ->> 'url')"),
        postgresql_where=text("type = 'source_found'"),
    ),
    postgresql_partition_by="RANGE (job_id)",
)

jobs = Table(
    "jobs",
    metadata,
    *(column.definition() for column in JOB_COLUMNS),
    # A trigger refuses other statuses, and those that do not fit completed_at: a CHECK is read anew by each
    # statement that updates the table, also by one that leaves them alone.
    CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
    # Nothing indexed changes with progress, so those updates are heap-only.
    Index(
        "jobs_ready_idx", "rank", "job_id", postgresql_where=text("status = 'pending' AND retry_at IS NULL")
    ),
    Index(
        "jobs_turn_idx",
        text('tenant COLLATE "C"'),
        "rank",
        "job_id",
        postgresql_where=text("status = 'pending' AND retry_at IS NULL"),
    ),
    Index("jobs_retry_idx", "retry_at", postgresql_where=text("status = 'pending' AND retry_at IS NOT NULL")),
    Index("jobs_asking_idx", "retry_at", postgresql_where=text("status = 'input_required'")),
    Index("jobs_leased_idx", "job_id", postgresql_where=text(f"status IN ({LEASED_SQL})")),
    # Most jobs have neither key nor tags; what is not indexed costs nothing when the status changes.
    Index(
        "jobs_key_idx",
        "tenant",
        "idempotency_key",
        unique=True,
        postgresql_where=text("idempotency_key IS NOT NULL"),
    ),
    Index("jobs_list_idx", "tenant", text("job_id DESC")),
    Index("jobs_status_idx", "tenant", "status", text("job_id DESC")),
    Index(
        "jobs_outcome_idx",
        "tenant",
        text(f"({OUTCOME_SQL})"),
        text("job_id DESC"),
        postgresql_where=text(HAS_OUTCOME_SQL),
    ),
    Index(
        "jobs_cost_idx",
        "tenant",
        text(f"({COST_SQL})"),
        "job_id",
        postgresql_where=text(HAS_COST_SQL),
    ),
    # Words of questions and reports of jobs that are over, so that a claim costs nothing here.
    Index(
        "jobs_words_idx",
        text("job_lexemes(query, result)"),
        postgresql_using="gin",
        postgresql_where=text("completed_at IS NOT NULL"),
    ),
    # From a job to its forks.
    Index("jobs_forks_idx", text(f"({ORIGIN_SQL})"), postgresql_where=text("forked_from IS NOT NULL")),
    Index("jobs_tags_idx", "tags", postgresql_using="gin", postgresql_where=text("cardinality(tags) > 0")),
    postgresql_with={"fillfactor": 80},
)

leases = Table(
    "leases",
    metadata,
    Column("job_id", Uuid, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("worker", Text, nullable=False),
    Column(
        "expires_at", Moment, nullable=False
    ),  # moved on by each beat; not indexed, so beats are heap-only
    Column("deadline_at", Moment),  # no beat carries a job past this
    postgresql_with={"fillfactor": 50},
)

blobs = Table(
    "blobs",
    metadata,
    Column("sha256", Text, primary_key=True),  # hexadecimal
    Column("size", Integer, nullable=False),  # bytes
    Column("body", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    # Of what is written from 0043 on; `dossier verify` hashes all.
    CheckConstraint("octet_length(body) = size AND encode(sha256(body), 'hex') = sha256", name="body"),
)

originals = Table(
    "originals",
    metadata,
    Column("original_id", Uuid, primary_key=True),
    Column("tenant", Text, nullable=False, server_default="default"),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),  # bytes
    Column("sha256", Text, nullable=False),  # hexadecimal
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Index("originals_sha256_idx", "tenant", "sha256"),
)

original_chunks = Table(
    "original_chunks",
    metadata,
    Column("original_id", Uuid, ForeignKey("originals.original_id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # 0, 1, 2 …
    Column("body", LargeBinary, nullable=False),
)

ingestions = Table(
    "ingestions",
    metadata,
    Column("ingestion_id", Uuid, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("original_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("size", BigInteger, nullable=False),  # bytes
    Column("request", JSON, nullable=False),
    Column("status", Text, nullable=False, server_default="pending"),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Column("started_at", Moment),
    Column("completed_at", Moment),
    Column("next_at", Moment, nullable=False, server_default=func.now()),  # when a worker may take it
    Column("epoch", Integer, nullable=False, server_default="0"),  # of the claim; it only grows
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("seq", Integer, nullable=False, server_default="1"),
    Column("documents_done", Integer, nullable=False, server_default="0"),
    Column("documents_total", Integer),
    Column("result", JSON),
    Column("error", Text),
    Column("page", Text),  # the address of a page that is read in place of a file
    Column("document_id", BigInteger),  # of the document that is replaced
    CheckConstraint("status IN ('pending', 'running', 'completed', 'failed', 'cancelled')", name="status"),
    Index("ingestions_open_idx", "ingestion_id", postgresql_where=text("status IN ('pending', 'running')")),
    Index("ingestions_tenant_idx", "tenant", "ingestion_id"),
    Index("ingestions_original_idx", "original_id"),
)

ingestion_events = Table(
    "ingestion_events",
    metadata,
    Column("ingestion_id", Uuid, ForeignKey("ingestions.ingestion_id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Column("at", Moment, nullable=False, server_default=func.clock_timestamp()),
)

documents = Table(
    "documents",
    metadata,
    Column("document_id", BigInteger, Identity(always=True), primary_key=True),
    Column("url", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("sha256", Text, nullable=False),  # of the text
    Column("text", Text, nullable=False),
    Column("added_at", Moment, nullable=False, server_default=func.now()),
    Column("language", Text, nullable=False, server_default=""),  # ISO 639-1; "" if the text does not tell
    Column("tenant", Text, nullable=False, server_default="default"),
    Column("collections", ARRAY(Text), nullable=False, server_default="{}"),
    Column("metadata", JSONB, nullable=False, server_default="{}"),
    Column("original_id", Uuid, ForeignKey("originals.original_id", ondelete="SET NULL")),
    Index("documents_language_idx", "language"),  # for processes that search all tenants' languages
    Index("documents_spoken_idx", "tenant", "language"),
    Index("documents_tenant_url_idx", "tenant", "url", unique=True),
    Index("documents_text_idx", "tenant", "sha256"),
    Index("documents_original_idx", "original_id", postgresql_where=text("original_id IS NOT NULL")),
    Index("documents_collections_idx", "collections", postgresql_using="gin"),
)

passages = Table(
    "passages",
    metadata,
    Column(
        "document_id",
        BigInteger,
        ForeignKey("documents.document_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("starts_at", Integer, primary_key=True, autoincrement=False),  # characters into documents.text
    Column("ends_at", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("language", Text, nullable=False, server_default=""),  # of its document
    Column("lexemes", TSVECTOR, nullable=False),  # made by a trigger: of title and text, and labels
    Index("passages_lexemes_idx", "lexemes", postgresql_using="gin"),
)

# `passage_vectors` is not here: make_passage_vectors() makes it where the server has pgvector.
embedding_models = Table(
    "embedding_models",
    metadata,
    Column("model_id", Integer, Identity(always=True), primary_key=True),
    Column("tenant", Text),  # null: its server is the one that all tenants share
    Column("name", Text, nullable=False),
    Column("passage_prefix", Text, nullable=False, server_default=""),
    Column("query_prefix", Text, nullable=False, server_default=""),
    Column("wanted_dimensions", Integer, nullable=False, server_default="0"),  # 0: as many as it gives
    Column("dimensions", Integer),  # null until the first vector is there
    Column("state", Text, nullable=False, server_default="making"),
    Column("made_at", Moment, nullable=False, server_default=func.now()),
    Column("serving_since", Moment),
    Column("checked_at", Moment, nullable=False, server_default=func.now()),  # that nothing is missing
    Column("error", Text),  # why its server could not embed; null once it has
    CheckConstraint("state IN ('making', 'serving', 'leaving')", name="state"),
    Index(
        "embedding_models_name_idx",
        text("coalesce(tenant, '')"),
        "name",
        "passage_prefix",
        "wanted_dimensions",
        unique=True,
    ),
)

unembedded = Table(
    "unembedded",
    metadata,
    Column(
        "model_id", Integer, ForeignKey("embedding_models.model_id", ondelete="CASCADE"), primary_key=True
    ),
    Column(
        "document_id", BigInteger, ForeignKey("documents.document_id", ondelete="CASCADE"), primary_key=True
    ),
    Column("tenant", Text, nullable=False),  # of the document
    # When a worker may take it, which also tells one claim from the next; infinity: given up.
    Column("next_at", Moment, nullable=False, server_default=func.clock_timestamp()),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    Index("unembedded_document_idx", "document_id"),
    Index("unembedded_next_idx", "model_id", "tenant", "next_at", "document_id"),
)

# What embedding documents used, and searches outside of jobs; a job's searches are in its log.
embedding_uses = Table(
    "embedding_uses",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("day", Date, primary_key=True),  # of UTC
    Column("model", Text, primary_key=True),
    Column("passages", BigInteger, nullable=False, server_default="0"),
    Column("tokens", BigInteger, nullable=False, server_default="0"),
    Column("cost_usd", Double, nullable=False, server_default="0"),
    Column("unknown_cost_requests", BigInteger, nullable=False, server_default="0"),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 …
    Column("made_at", Moment, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("up_to", Text, nullable=False),  # the place in the feed that it reaches to
    Column("heads", Text, nullable=False),  # a line "job_id seq hash" for each job that moved
    Column("key", Text, nullable=False),  # of the signature; "-": not signed
    Column("hash", LargeBinary, nullable=False),
    Column("signature", LargeBinary),
    CheckConstraint("number > 0", name="number"),
)

upkeep = Table(
    "upkeep",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 …
    Column("type", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Column("actor", Text, nullable=False),  # "owner:<the user who had logged in>"
    Column("occurred_at", Moment, nullable=False),
    Column("prev_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    CheckConstraint("number > 0", name="number"),
)

stream_tokens = Table(
    "stream_tokens",
    metadata,
    Column("token_sha256", LargeBinary, primary_key=True),
    Column("job_id", Uuid, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("key_id", Text),
    Column("expires_at", Moment, nullable=False),
    CheckConstraint("octet_length(token_sha256) = 32", name="token_sha256"),
    Index("stream_tokens_job_idx", "job_id"),
    Index("stream_tokens_expires_idx", "expires_at"),
)

access_log = Table(
    "access_log",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 …
    Column("at", Moment, nullable=False),
    Column("tenant", Text),
    Column("actor", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("job_id", Uuid),
    Column("status", Integer, nullable=False),
    Column("dropped", Integer, nullable=False),
    Column("prev_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    CheckConstraint("number > 0", name="number"),
    CheckConstraint(r"concat(tenant, actor, method, route) !~ '\s'", name="words"),
    Index("access_log_tenant_idx", "tenant", "number"),
    Index("access_log_job_idx", "job_id", "number", postgresql_where=text("job_id IS NOT NULL")),
)

# The tenant "default" is there without a row.
tenants = Table(
    "tenants",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Column("suspended_at", Moment),
    Column("max_unfinished_jobs", Integer),  # null in this and the others: unlimited
    Column("max_jobs_per_day", Integer),
    Column("max_usd_per_month", Double),
    Column("max_tokens_per_month", BigInteger),
    Column("max_document_bytes", BigInteger),
    Column("max_streams", Integer),  # open at a time, in each process
    CheckConstraint("tenant ~ '^[a-z0-9][a-z0-9_-]{0,62}$'", name="tenant"),
    CheckConstraint("tenant <> 'default' OR suspended_at IS NULL", name="suspended"),
)

quota_reservations = Table(
    "quota_reservations",
    metadata,
    Column("job_id", Uuid, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("day", Date, nullable=False),  # of the submit, in UTC
    Column("usd", Double, nullable=False),
    Column("tokens", BigInteger, nullable=False, server_default="0"),
    Column("made_at", Moment, nullable=False, server_default=func.now()),
    Index("quota_reservations_tenant_idx", "tenant"),
)

quota_days = Table(
    "quota_days",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("jobs", Integer, nullable=False),  # submitted that day
    Column("usd", Double, nullable=False),  # that those that are over have cost
    Column("tokens", BigInteger, nullable=False, server_default="0"),  # that they have used
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("tenant", Text, nullable=False, server_default="default"),
    Column("name", Text, nullable=False),
    Column("secret_sha256", LargeBinary, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("created_at", Moment, nullable=False, server_default=text("now()")),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
    Column("last_used_at", Moment),
    Column("subject", Text),
    Column("sign_in_sha256", LargeBinary),
    CheckConstraint("octet_length(secret_sha256) = 32", name="secret_sha256"),
    Index("api_keys_sign_in_key", "sign_in_sha256", unique=True),
)

data_keys = Table(
    "data_keys",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),  # by the master key
    Column("master_id", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),  # of the tenant's keys
    Column("wrapped_at", Moment, nullable=False, server_default=func.now()),
)

provider_keys = Table(
    "provider_keys",
    metadata,
    Column("tenant", Text, ForeignKey("data_keys.tenant"), primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("base_url", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # by the data key
    Column("set_at", Moment, nullable=False, server_default=func.now()),
    Column("set_by", Text, nullable=False),
)

shares = Table(
    "shares",
    metadata,
    Column("share_id", Uuid, primary_key=True, server_default=text("gen_random_uuid()")),
    Column("job_id", Uuid, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("token_sha256", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False, server_default=text("now()")),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    CheckConstraint("octet_length(token_sha256) = 32", name="token_sha256"),
    Index("shares_token_idx", "token_sha256", unique=True),
    Index("shares_job_idx", "job_id"),
)

job_marks = Table(
    "job_marks",
    metadata,
    Column("job_id", Uuid, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("favourite", Boolean, nullable=False, server_default="false"),
    Column("note", Text, nullable=False, server_default=""),
    Column("collections", ARRAY(Text), nullable=False, server_default="{}"),
    Column("changed_at", Moment, nullable=False, server_default=func.now()),
    CheckConstraint("length(note) <= 4000", name="note"),
    CheckConstraint("cardinality(collections) <= 20", name="collections"),
    Index("job_marks_tenant_idx", "tenant"),
)

saved_filters = Table(
    "saved_filters",
    metadata,
    Column("filter_id", Uuid, primary_key=True, server_default=text("gen_random_uuid()")),
    Column("tenant", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("search", JSON, nullable=False),
    Column("changed_at", Moment, nullable=False, server_default=func.now()),
    CheckConstraint("length(name) BETWEEN 1 AND 60", name="name"),
    Index("saved_filters_name_idx", "tenant", "name", unique=True),
)

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("endpoint_id", Uuid, primary_key=True),
    Column("tenant", Text, nullable=False, server_default="default"),
    Column("url", Text, nullable=False),
    Column("events", ARRAY(Text), nullable=False),
    Column("style", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("old_secret", LargeBinary),
    Column("old_secret_until", Moment),
    Column("since", Xid8, nullable=False, server_default=text("pg_current_xact_id()")),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Column("disabled_at", Moment),
    Column("disabled_reason", Text),
    Column("deleted_at", Moment),
    Column("job_id", Uuid),  # the one job that a callback hears of
    Index(
        "webhook_endpoints_job_idx",
        "job_id",
        unique=True,
        postgresql_where=text("job_id IS NOT NULL AND deleted_at IS NULL"),
    ),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("delivery_id", Uuid, primary_key=True),
    Column("endpoint_id", Uuid, ForeignKey("webhook_endpoints.endpoint_id"), nullable=False),
    Column("job_id", Uuid, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", Text, nullable=False, server_default="pending"),
    Column("tries", Integer, nullable=False, server_default="0"),  # since it was made or resent
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Column("next_at", Moment, nullable=False, server_default=func.now()),
    CheckConstraint("state IN ('pending','delivered','failed','dropped')", name="state"),
    Index("webhook_deliveries_event_idx", "endpoint_id", "job_id", "seq", unique=True),
    Index("webhook_deliveries_due_idx", "endpoint_id", "next_at", postgresql_where=text("state = 'pending'")),
    Index("webhook_deliveries_list_idx", "endpoint_id", text("delivery_id DESC")),
)

webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    Column(
        "delivery_id",
        Uuid,
        ForeignKey("webhook_deliveries.delivery_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("number", Integer, primary_key=True, autoincrement=False),  # 1, 2, 3 …
    Column("at", Moment, nullable=False, server_default=func.now()),
    Column("status", Integer),
    Column("error", Text),
    Column("milliseconds", Integer),
)

webhook_cursor = Table(
    "webhook_cursor",
    metadata,
    Column("is_single", Boolean, primary_key=True, server_default=text("true")),  # there is one row
    Column("xid", Xid8, nullable=False),
    Column("position", BigInteger, nullable=False),
    CheckConstraint("is_single", name="is_single"),
)

hidden_responses = Table(
    "hidden_responses",
    metadata,
    Column("job_id", Uuid, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("hidden_at", Moment, nullable=False, server_default=func.now()),
)

workers = Table(
    "workers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", Text, nullable=False),
    Column("slots", Integer, nullable=False),
    Column("lease_seconds", Double, nullable=False),
    Column("outages", JSON, nullable=False),
    Column("is_draining", Boolean, nullable=False, server_default=text("false")),
    Column("started_at", Moment, nullable=False, server_default=func.now()),
    Column("beat_at", Moment, nullable=False, server_default=func.now()),  # not indexed: beats are heap-only
    Column("paused_at", Moment),
    Column("drain_at", Moment),
    Column("stopped_at", Moment),
    postgresql_with={"fillfactor": 50},
)

queue_pause = Table(
    "queue_pause",
    metadata,
    Column("is_single", Boolean, primary_key=True, server_default=text("true")),  # a row: nobody claims
    Column("paused_at", Moment, nullable=False, server_default=func.now()),
    CheckConstraint("is_single", name="is_single"),
)
