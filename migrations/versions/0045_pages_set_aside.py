"""What pages tell of themselves, and why some were set aside, for analysts."""

from alembic import op

from migrations.report_0002 import View
from migrations.report_0002.research import SOURCES
from migrations.report_0008 import replacements

revision = "0045"
down_revision = "0043"
branch_labels = None
depends_on = None

BEGINS = "\n    FROM jobs j\n"
CITED = "        LEFT JOIN (\n            SELECT (claim"
TOLD = """        LEFT JOIN (
            SELECT DISTINCT ON (1) (e.data->>'number')::integer AS number, e.data->>'published' AS published,
                   e.data->>'language' AS language,
                   CASE e.data->>'cause'
                       WHEN 'too_early' THEN 'published ' || (e.data->>'published') || ', before '
                       WHEN 'too_late' THEN 'published ' || (e.data->>'published') || ', after '
                       WHEN 'other_language' THEN 'in the language ' || (e.data->>'language') || ', not in '
                   END || (e.data->>'wanted') AS set_aside
            FROM events e WHERE e.job_id = j.job_id AND e.type IN ('page_read', 'page_set_aside')
            ORDER BY 1, e.seq DESC
        ) AS t USING (number)
"""

SOURCES_NOW = View(
    SOURCES.name,
    SOURCES.about,
    SOURCES.sql.replace(BEGINS, f",\n           s.published, s.language, s.set_aside{BEGINS}", 1)
    .replace("r.read_at, r.size, r.sha256,\n", "r.read_at, r.size, r.sha256, t.published, t.language,\n", 1)
    .replace("coalesce(c.citations, 0) AS citations", "t.set_aside, coalesce(c.citations, 0) AS citations", 1)
    .replace(CITED, TOLD + CITED, 1),
    SOURCES.columns
    | {
        "published": "The date that the page or its file gives: 2019, 2019-03 or 2019-03-02; null without one.",
        "language": "The language of the page (ISO 639-1) as it tells it; null where it does not.",
        "set_aside": "Why the page was read and not used: it is not of the time or language wanted. Else null.",
    },
)


def upgrade() -> None:
    """Replace the view."""
    for statement in replacements(SOURCES_NOW):
        op.get_bind().exec_driver_sql(statement)
