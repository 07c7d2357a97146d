"""The access log: who asked for what, chained by hashes."""

from alembic import op

from migrations.report_0002 import View

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

# Words of a line are parted by spaces, so none of them may hold one.
TABLE = r"""
    CREATE TABLE access_log (
        number    bigint      NOT NULL CONSTRAINT access_log_pkey PRIMARY KEY,
        at        timestamptz NOT NULL,
        tenant    text,
        actor     text        NOT NULL,
        method    text        NOT NULL,
        route     text        NOT NULL,
        job_id    uuid,
        status    integer     NOT NULL,
        dropped   integer     NOT NULL,
        prev_hash bytea       NOT NULL,
        hash      bytea       NOT NULL,
        CONSTRAINT access_log_number_check CHECK (number > 0),
        CONSTRAINT access_log_words_check CHECK (concat(tenant, actor, method, route) !~ '\s')
    )"""

# The same bytes as `app.domain.access`, which checks them; a test holds the two against each other.
HASH = """
    CREATE FUNCTION access_hash(prev_hash bytea, number bigint, at timestamptz, tenant text, actor text,
                                method text, route text, job_id uuid, status integer, dropped integer)
    RETURNS bytea LANGUAGE sql STABLE AS $$
        SELECT sha256(prev_hash || convert_to(
            number || ' ' || to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || ' '
            || coalesce(tenant, '-') || ' ' || actor || ' ' || method || ' ' || route || ' '
            || coalesce(job_id::text, '-') || ' ' || status || ' ' || dropped || E'\\n', 'UTF8'))
    $$"""

# Several processes write at once: the lock makes theirs one chain. It is taken by a statement of its own,
# because what a statement sees is settled before it waits. The application can append in no other way.
APPEND = """
    CREATE FUNCTION append_access(moments timestamptz[], tenants text[], actors text[], methods text[],
                                  routes text[], jobs uuid[], statuses integer[], drops integer[])
    RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$
    DECLARE
        newest bigint;
        previous bytea;
        made bytea;
        one record;
    BEGIN
        PERFORM pg_advisory_xact_lock(4711033);
        SELECT a.number, a.hash INTO newest, previous FROM access_log a ORDER BY a.number DESC LIMIT 1;
        IF NOT FOUND THEN
            newest := 0;
            previous := decode(repeat('00', 32), 'hex');
        END IF;
        FOR one IN
            SELECT * FROM unnest(moments, tenants, actors, methods, routes, jobs, statuses, drops)
                WITH ORDINALITY AS t(at, tenant, actor, method, route, job_id, status, dropped, place)
            ORDER BY place
        LOOP
            newest := newest + 1;
            made := access_hash(previous, newest, one.at, one.tenant, one.actor, one.method, one.route,
                                one.job_id, one.status, one.dropped);
            INSERT INTO access_log (number, at, tenant, actor, method, route, job_id, status, dropped,
                                    prev_hash, hash)
            VALUES (newest, one.at, one.tenant, one.actor, one.method, one.route, one.job_id, one.status,
                    one.dropped, previous, made);
            previous := made;
        END LOOP;
        RETURN newest;
    END $$"""

PIN = """
    DO $$ BEGIN
        EXECUTE format('ALTER FUNCTION append_access SET search_path = %I, pg_temp', current_schema());
    END $$"""

# What leaves must be in the log of upkeep first, with the hash that the rest begins with.
REFUSE_LOSS = """
    CREATE FUNCTION refuse_untold_access() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (SELECT max(gone.number) FROM gone) > coalesce(
            (SELECT max((u.data ->> 'up_to')::bigint) FROM upkeep u WHERE u.type = 'access_forgotten'), 0)
        THEN
            RAISE EXCEPTION 'Entries of the access log leave only by `dossier retention run`.'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END $$"""

OWN = "tenant = (SELECT nullif(current_setting('dossier.tenant', true), ''))"

STATEMENTS = (
    TABLE,
    "CREATE INDEX access_log_tenant_idx ON access_log (tenant, number)",
    "CREATE INDEX access_log_job_idx ON access_log (job_id, number) WHERE job_id IS NOT NULL",
    HASH,
    APPEND,
    PIN,
    REFUSE_LOSS,
    """CREATE TRIGGER access_log_append_only BEFORE UPDATE ON access_log
        FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER access_log_no_truncate BEFORE TRUNCATE ON access_log
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER access_log_no_loss AFTER DELETE ON access_log REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_untold_access()""",
    "REVOKE ALL ON FUNCTION append_access FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION append_access TO dossier_app",
    "GRANT SELECT ON access_log TO dossier_app, dossier_tenant",
    "CREATE POLICY application ON access_log TO dossier_app USING (true) WITH CHECK (true)",
    f"CREATE POLICY own_tenant ON access_log FOR SELECT TO dossier_tenant USING ({OWN})",
    "ALTER TABLE access_log ENABLE ROW LEVEL SECURITY",
)

ACCESS = View(
    "access",
    "One row a request that a key was asked for, and each that was refused.",
    """
    SELECT number, at, tenant, actor, CASE WHEN actor LIKE 'key:%' THEN substr(actor, 5) END AS key_id,
           method, route, job_id, status, dropped
    FROM access_log""",
    {
        "number": "1, 2, 3 … over all tenants.",
        "at": "When it was answered; of a stream, when it began.",
        "tenant": "Whose key it was; null where no key was accepted.",
        "actor": "As in events: key:<id>, process, share or nobody.",
        "key_id": "Of the key; null where there was none.",
        "method": "Of HTTP.",
        "route": "The route, such as /jobs/{job_id}, and never the path.",
        "job_id": "The job that it was about; null where it was about none.",
        "status": "Of the answer.",
        "dropped": "How many entries a process lost before this one, because it could not write them.",
    },
)


def upgrade() -> None:
    """Make the log, what appends to it, and its view."""
    for statement in (*STATEMENTS, *ACCESS.statements(), "GRANT SELECT ON report.access TO dossier_report"):
        op.get_bind().exec_driver_sql(statement)
