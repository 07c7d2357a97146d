"""Make the tables of the library: marks of jobs, and saved filters."""

from alembic import op

from migrations.report_0002 import HEAD, HEAD_COLUMNS, View

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

# No foreign key: a rebuild takes rows of `jobs` away and puts them back, and a mark is not in the log.
STATEMENTS = (
    """
    CREATE TABLE job_marks (
        job_id uuid PRIMARY KEY,
        tenant text NOT NULL,
        favourite boolean NOT NULL DEFAULT false,
        note text NOT NULL DEFAULT '' CONSTRAINT note CHECK (length(note) <= 4000),
        collections text[] NOT NULL DEFAULT '{}'
            CONSTRAINT collections CHECK (cardinality(collections) <= 20),
        changed_at timestamptz NOT NULL DEFAULT now()
    )""",
    "CREATE INDEX job_marks_tenant_idx ON job_marks (tenant)",
    """
    CREATE TABLE saved_filters (
        filter_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        tenant text NOT NULL,
        name text NOT NULL CONSTRAINT name CHECK (length(name) BETWEEN 1 AND 60),
        search json NOT NULL,
        changed_at timestamptz NOT NULL DEFAULT now()
    )""",
    "CREATE UNIQUE INDEX saved_filters_name_idx ON saved_filters (tenant, name)",
    "GRANT SELECT, INSERT, UPDATE ON job_marks TO dossier_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON saved_filters TO dossier_app",
)

# As in 0031.
FENCED = ("job_marks", "saved_filters")
OWN = "tenant = (SELECT nullif(current_setting('dossier.tenant', true), ''))"

MARKS = View(
    "marks",
    "One row a job that somebody marked. Not from the log: what readers note is no part of the run.",
    f"""
    SELECT {HEAD}, m.favourite, m.note, m.collections, m.changed_at
    FROM jobs j JOIN job_marks m USING (job_id)""",
    HEAD_COLUMNS
    | {
        "favourite": "True where it is a favourite.",
        "note": "What readers noted; an empty text without a note.",
        "collections": "The collections that it is in.",
        "changed_at": "When any of that was changed last.",
    },
)


def upgrade() -> None:
    """Make the tables, their policies, and the view."""
    for statement in (*STATEMENTS, *MARKS.statements(), "GRANT SELECT ON report.marks TO dossier_report"):
        op.get_bind().exec_driver_sql(statement)
    for table in FENCED:
        for statement in (
            f"GRANT SELECT ON {table} TO dossier_tenant",
            f"CREATE POLICY application ON {table} TO dossier_app USING (true) WITH CHECK (true)",
            f"CREATE POLICY own_tenant ON {table} FOR SELECT TO dossier_tenant USING ({OWN})",
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        ):
            op.get_bind().exec_driver_sql(statement)
