"""Documents for analysts."""

from alembic import op

from migrations.report_0002 import View

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

DOCUMENTS = View(
    "documents",
    "One row a document that was added and not removed. Its text is not shown.",
    """
    SELECT d.document_id, d.tenant, d.url, d.title, nullif(d.language, '') AS language, d.collections,
           d.metadata, length(d.text) AS characters, d.sha256, d.added_at, o.name AS file_name,
           o.media_type AS file_type, o.size AS file_bytes, o.sha256 AS file_sha256
    FROM documents d LEFT JOIN originals o USING (original_id)""",
    {
        "document_id": "As in GET /documents/{document_id}.",
        "tenant": "Whose document it is.",
        "url": "Its address; sources of jobs that found it have the same.",
        "title": "Its title.",
        "language": "ISO 639-1; null where the text does not tell.",
        "collections": "The collections that it is in.",
        "metadata": "What the file and its sender say of it.",
        "characters": "Of its text.",
        "sha256": "Of its text.",
        "added_at": "When it was added, or changed the last time.",
        "file_name": "Of the file that it was read from; null where none was kept.",
        "file_type": "As the sender called it.",
        "file_bytes": "Size of the file.",
        "file_sha256": "Of the file.",
    },
)


def upgrade() -> None:
    """Make the view."""
    for statement in (*DOCUMENTS.statements(), "GRANT SELECT ON report.documents TO dossier_report"):
        op.get_bind().exec_driver_sql(statement)
