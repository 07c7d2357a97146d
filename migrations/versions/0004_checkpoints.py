"""Checkpoints, and the way from a page to its jobs.

They are the newest hashes of jobs, chained and signed.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    """CREATE TABLE checkpoints (
        number    bigint      NOT NULL CONSTRAINT checkpoints_pkey PRIMARY KEY,
        made_at   timestamptz NOT NULL,
        previous  bytea       NOT NULL,
        up_to     text        NOT NULL,
        heads     text        NOT NULL,
        key       text        NOT NULL,
        hash      bytea       NOT NULL,
        signature bytea,
        CONSTRAINT checkpoints_number_check CHECK (number > 0)
    )""",
    """CREATE TRIGGER checkpoints_append_only BEFORE UPDATE OR DELETE ON checkpoints
        FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER checkpoints_no_truncate BEFORE TRUNCATE ON checkpoints
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    "GRANT SELECT, INSERT ON checkpoints TO dossier_app",
    # A hash, because an address may be longer than an entry of an index. Few events are of this type, so
    # that an append of others only compares the type.
    """CREATE INDEX events_source_url_idx ON events (md5(data ->> 'url')) WHERE type = 'source_found'""",
)


def upgrade() -> None:
    """Make the table, which only grows, and the index."""
    for statement in STATEMENTS:
        op.execute(statement)
