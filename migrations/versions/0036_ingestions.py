"""Files that workers read into documents, and what happened to each."""

from alembic import op

from migrations.report_0002 import View

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE ingestions (
        ingestion_id uuid PRIMARY KEY,
        tenant text NOT NULL,
        original_id uuid NOT NULL,
        name text NOT NULL,
        size bigint NOT NULL,
        request json NOT NULL,
        status text NOT NULL DEFAULT 'pending'
            CONSTRAINT status CHECK (status IN ('pending', 'running', 'completed', 'failed')),
        created_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz,
        completed_at timestamptz,
        next_at timestamptz NOT NULL DEFAULT now(),
        epoch integer NOT NULL DEFAULT 0,
        attempt integer NOT NULL DEFAULT 0,
        seq integer NOT NULL DEFAULT 1,
        documents_done integer NOT NULL DEFAULT 0,
        documents_total integer,
        result json,
        error text
    ) WITH (fillfactor = 80)""",
    # Nothing that a beat changes is indexed, so beats are HOT.
    """
    CREATE INDEX ingestions_open_idx ON ingestions (ingestion_id)
        WHERE status IN ('pending', 'running')""",
    "CREATE INDEX ingestions_tenant_idx ON ingestions (tenant, ingestion_id)",
    "CREATE INDEX ingestions_original_idx ON ingestions (original_id)",
    """
    CREATE TABLE ingestion_events (
        ingestion_id uuid NOT NULL REFERENCES ingestions ON DELETE CASCADE,
        seq integer NOT NULL,
        type text NOT NULL,
        status text NOT NULL,
        data json NOT NULL,
        at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (ingestion_id, seq)
    )""",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ingestions TO dossier_app",
    "GRANT SELECT, INSERT ON ingestion_events TO dossier_app",
)

INGESTIONS = View(
    "ingestions",
    "One row a file that a worker reads into documents, or has read in the last 30 days.",
    """
    SELECT ingestion_id, tenant, name AS file_name, size AS file_bytes, status, created_at, started_at,
           completed_at, attempt, documents_done, documents_total, error
    FROM ingestions""",
    {
        "ingestion_id": "As in GET /ingestions/{ingestion_id}.",
        "tenant": "Whose file it is.",
        "file_name": "As the sender called it.",
        "file_bytes": "Size of the file.",
        "status": "pending, running, completed or failed.",
        "created_at": "When the file had arrived.",
        "started_at": "When a worker first took it; null before.",
        "completed_at": "When it was completed or failed; null before.",
        "attempt": "How often a worker took it.",
        "documents_done": "Documents of it that are stored.",
        "documents_total": "Documents in it; null until it has been read.",
        "error": "Why it failed; null otherwise.",
    },
)


def upgrade() -> None:
    """Make the tables and the view."""
    view = (*INGESTIONS.statements(), "GRANT SELECT ON report.ingestions TO dossier_report")
    for statement in (*STATEMENTS, *view):
        op.get_bind().exec_driver_sql(statement)
