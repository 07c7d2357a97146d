"""The log, the queue over it, blobs, and the corpus."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

EVENTS = """
CREATE SEQUENCE event_position;

CREATE TABLE events (
    job_id         uuid        NOT NULL,
    seq            integer     NOT NULL CONSTRAINT events_seq_check CHECK (seq > 0),
    position       bigint      NOT NULL DEFAULT nextval('event_position'),
    xid            xid8        NOT NULL DEFAULT pg_current_xact_id(),
    type           text        NOT NULL,
    schema_version smallint    NOT NULL,
    status         text        NOT NULL,
    progress       smallint    NOT NULL,
    data           json        NOT NULL,
    actor          text        NOT NULL,
    epoch          bigint,
    occurred_at    timestamptz NOT NULL,
    prev_hash      bytea       NOT NULL,
    hash           bytea       NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (job_id, seq)
) PARTITION BY RANGE (job_id);

CREATE INDEX events_xid_position_idx ON events (xid, position);
ALTER SEQUENCE event_position OWNED BY events.position;
"""

# A sequence's cache would hand out positions in blocks per session; one at a time keeps them close
# to commit order, which makes the feed's index local.

APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The log is append-only: % on % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

-- For each row, because such a trigger is cloned to every partition: a statement aimed at a
-- partition by name is refused too.
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

PARTITIONS = """
-- The smallest uuid v7 of a moment: 48 bits of milliseconds, then zeros.
CREATE FUNCTION uuid7_floor(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex(floor(extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- Makes the partition of the month that `moment` lies in, if it is missing. Runs as the owner, so
-- that a worker may keep partitions ahead without any right to change the log.
CREATE FUNCTION make_event_partition(moment timestamptz) RETURNS text LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    starts timestamptz := date_trunc('month', moment, 'UTC');
    ends   timestamptz := date_trunc('month', starts + interval '32 days', 'UTC');
    name   text := 'events_' || to_char(starts AT TIME ZONE 'UTC', 'YYYY_MM');
BEGIN
    PERFORM pg_advisory_xact_lock(4711002);
    IF to_regclass(name) IS NULL THEN
        EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
                       name, uuid7_floor(starts), uuid7_floor(ends));
        EXECUTE format('CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
        -- The log only grows, so only inserts wake the vacuum that keeps its visibility map.
        EXECUTE format('ALTER TABLE %I SET (autovacuum_vacuum_insert_scale_factor = 0.05)', name);
    END IF;
    RETURN name;
END $$;

-- Ids of no month that was made ahead end here rather than nowhere.
CREATE TABLE events_default PARTITION OF events DEFAULT;
CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events_default
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
SELECT make_event_partition(now() + month * interval '1 month') FROM generate_series(0, 2) AS month;
"""

# The same bytes as app.domain.chain makes: the claim writes its event without a round trip.
CHAIN = """
CREATE FUNCTION event_line(job_id uuid, seq integer, type text, status text, progress integer,
                           occurred_at timestamptz, data text) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT convert_to(
        '{"job_id":"' || job_id || '","seq":' || seq || ',"type":"' || type || '","status":"' || status
        || '","progress":' || progress || ',"at":"'
        || to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        || '","data":' || data
        || CASE type WHEN 'job_completed' THEN ',"result_url":"/jobs/' || job_id || '/report"}' ELSE '}' END,
        'UTF8')
$$;

CREATE FUNCTION event_hash(prev_hash bytea, schema_version integer, actor text, epoch bigint, line bytea)
RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(prev_hash
        || convert_to(schema_version || ' ' || coalesce(epoch::text, '-') || ' ' || actor || E'\\n', 'UTF8')
        || line)
$$;
"""

JOBS = """
CREATE TABLE jobs (
    job_id          uuid        NOT NULL CONSTRAINT jobs_pkey PRIMARY KEY,
    tenant          text        NOT NULL,
    idempotency_key text,
    request_sha256  text,
    request         json        NOT NULL,
    query           text        NOT NULL,
    tags            text[]      NOT NULL,
    priority        smallint    NOT NULL,
    rank            bigint      NOT NULL,
    max_attempts    smallint    NOT NULL,
    status          text        NOT NULL,
    retry_at        timestamptz,
    seq             integer     NOT NULL,
    head_hash       bytea       NOT NULL,
    epoch           bigint      NOT NULL,
    attempt         smallint    NOT NULL,
    progress        smallint    NOT NULL,
    current_step    text        NOT NULL,
    steps_completed integer     NOT NULL,
    total_steps     integer     NOT NULL,
    usage           json        NOT NULL,
    result          json,
    error           json,
    input_request   json,
    created_at      timestamptz NOT NULL,
    started_at      timestamptz,
    completed_at    timestamptz,
    updated_at      timestamptz NOT NULL,
    CONSTRAINT jobs_status_check CHECK (status IN
        ('pending','running','input_required','cancelling','completed','failed','cancelled')),
    CONSTRAINT jobs_progress_check CHECK (progress BETWEEN 0 AND 100),
    CONSTRAINT jobs_completed_at_check CHECK
        ((completed_at IS NOT NULL) = (status IN ('completed','failed','cancelled')))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);

CREATE INDEX jobs_ready_idx  ON jobs (rank, job_id) WHERE status = 'pending' AND retry_at IS NULL;
CREATE INDEX jobs_retry_idx  ON jobs (retry_at) WHERE status = 'pending' AND retry_at IS NOT NULL;
CREATE INDEX jobs_asking_idx ON jobs (retry_at) WHERE status = 'input_required';
CREATE INDEX jobs_leased_idx ON jobs (job_id) WHERE status IN ('running','cancelling');
CREATE UNIQUE INDEX jobs_key_idx ON jobs (tenant, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX jobs_list_idx   ON jobs (tenant, job_id DESC);
CREATE INDEX jobs_status_idx ON jobs (tenant, status, job_id DESC);
CREATE INDEX jobs_tags_idx   ON jobs USING gin (tags) WHERE cardinality(tags) > 0;

CREATE TABLE leases (
    job_id      uuid        NOT NULL CONSTRAINT leases_pkey PRIMARY KEY,
    epoch       bigint      NOT NULL,
    worker      text        NOT NULL,
    expires_at  timestamptz NOT NULL,
    deadline_at timestamptz
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);
"""

BLOBS_AND_CORPUS = """
CREATE TABLE blobs (
    sha256     text        NOT NULL CONSTRAINT blobs_pkey PRIMARY KEY,
    size       integer     NOT NULL,
    body       bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE documents (
    document_id bigint      GENERATED ALWAYS AS IDENTITY CONSTRAINT documents_pkey PRIMARY KEY,
    url         text        NOT NULL CONSTRAINT documents_url_key UNIQUE,
    title       text        NOT NULL,
    sha256      text        NOT NULL,
    text        text        NOT NULL,
    added_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE passages (
    document_id bigint   NOT NULL CONSTRAINT passages_document_id_fkey
                         REFERENCES documents (document_id) ON DELETE CASCADE,
    starts_at   integer  NOT NULL,
    ends_at     integer  NOT NULL,
    title       text     NOT NULL,
    text        text     NOT NULL,
    words       tsvector NOT NULL GENERATED ALWAYS AS
        (setweight(to_tsvector('english', title), 'A')
         || setweight(to_tsvector('english', text), 'D')) STORED,
    CONSTRAINT passages_pkey PRIMARY KEY (document_id, starts_at)
);
CREATE INDEX passages_words_idx ON passages USING gin (words);
"""

# Roles belong to the whole cluster, so another database may have made it before, or be making it now; then
# it may be somebody else's, who says who may take it on.
GRANTS = """
DO $$ BEGIN
    IF to_regrole('dossier_app') IS NULL THEN
        CREATE ROLE dossier_app NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$ BEGIN
    EXECUTE format('GRANT dossier_app TO %I', current_user);
EXCEPTION WHEN insufficient_privilege THEN
    IF NOT pg_has_role('dossier_app', 'MEMBER') THEN
        RAISE insufficient_privilege USING MESSAGE = format(
            'The role dossier_app was made by somebody else, and %1$I may not take it on. Whoever made it, '
            'or a superuser, has to say GRANT dossier_app, dossier_report TO %1$I; then migrate again.',
            current_user);
    END IF;
END $$;
DO $$ BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO dossier_app', current_schema());
END $$;

GRANT SELECT, INSERT ON events, blobs TO dossier_app;
GRANT USAGE ON SEQUENCE event_position TO dossier_app;
GRANT SELECT, INSERT, UPDATE ON jobs TO dossier_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON leases, documents, passages TO dossier_app;
GRANT SELECT ON alembic_version TO dossier_app;
REVOKE ALL ON FUNCTION make_event_partition(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_event_partition(timestamptz) TO dossier_app;
"""


def upgrade() -> None:
    """Make everything that the first version needs."""
    for part in (EVENTS, APPEND_ONLY, PARTITIONS, CHAIN, JOBS, BLOBS_AND_CORPUS, GRANTS):
        for statement in _statements(part):
            op.execute(statement)


def _statements(script: str) -> list[str]:
    """Split SQL into statements, as asyncpg takes one at a time.

    It is split at semicolons that end a line outside a $$ body.
    """
    statements, lines, quoted = [], [], False
    for text in script.strip().splitlines():
        lines.append(text)
        quoted ^= text.count("$$") % 2 == 1
        if text.rstrip().endswith(";") and not quoted:
            statements.append("\n".join(lines))
            lines = []
    return statements
