"""Upkeep: a log of what owners forgot and archived."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = (
    """CREATE TABLE upkeep (
        number      bigint      NOT NULL CONSTRAINT upkeep_pkey PRIMARY KEY,
        type        text        NOT NULL,
        data        json        NOT NULL,
        actor       text        NOT NULL,
        occurred_at timestamptz NOT NULL,
        prev_hash   bytea       NOT NULL,
        hash        bytea       NOT NULL,
        CONSTRAINT upkeep_number_check CHECK (number > 0)
    )""",
    """CREATE TRIGGER upkeep_append_only BEFORE UPDATE OR DELETE ON upkeep
        FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER upkeep_no_truncate BEFORE TRUNCATE ON upkeep
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    # A month whose partition was attached again is archived no more, without another entry.
    """CREATE VIEW archived_months AS
        SELECT data ->> 'month' AS month, (data ->> 'starts')::uuid AS starts, (data ->> 'ends')::uuid AS ends
        FROM upkeep
        WHERE type = 'month_archived' AND NOT EXISTS (
            SELECT FROM pg_inherits
            WHERE inhparent = 'events'::regclass AND inhrelid = to_regclass(data ->> 'partition'))""",
    # The events leave only if they are still those that were written to the file, and in the same transaction
    # the log of upkeep says so. Not CONCURRENTLY: Postgres refuses that beside a default partition.
    """CREATE FUNCTION detach_month(partition text, events bigint, jobs bigint, number bigint, data text,
                                 actor text, occurred_at timestamptz, prev_hash bytea, hash bytea)
    RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = '2s' AS $$
    DECLARE
        found_events bigint;
        found_jobs bigint;
    BEGIN
        LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE;
        EXECUTE format('SELECT count(*), count(DISTINCT job_id) FROM %I', partition)
            INTO found_events, found_jobs;
        IF (found_events, found_jobs) IS DISTINCT FROM (events, jobs) THEN
            RAISE EXCEPTION 'The month has changed since it was written to the file.'
                USING ERRCODE = 'serialization_failure';
        END IF;
        EXECUTE format('ALTER TABLE events DETACH PARTITION %I', partition);
        INSERT INTO upkeep (number, type, data, actor, occurred_at, prev_hash, hash)
        VALUES (number, 'month_archived', data::json, actor, occurred_at, prev_hash, hash);
    END $$""",
    "REVOKE ALL ON FUNCTION detach_month FROM PUBLIC",
    # Only the owner writes: what is forgotten or archived is never the application's doing.
    "GRANT SELECT ON upkeep, archived_months TO dossier_app",
)


def upgrade() -> None:
    """Create the log, which only grows, and a view of archived months."""
    for statement in STATEMENTS:
        op.execute(statement)
