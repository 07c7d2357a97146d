"""Pages' dates and languages, and why some were set aside."""

from alembic import op

from migrations.report_0002 import View
from migrations.report_0002.research import SOURCES
from migrations.report_0008 import replacements

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

SOURCES_END = "\n    FROM jobs j\n"
PAGES_READ = """e.occurred_at AS read_at,
                   (e.data->>'size')::integer AS size, e.data->>'sha256' AS sha256
            FROM events e WHERE e.job_id = j.job_id AND e.type = 'page_read' ORDER BY"""
PAGES_READ_OR_ASIDE = """CASE e.type WHEN 'page_read' THEN e.occurred_at END AS read_at,
                   (e.data->>'size')::integer AS size, e.data->>'sha256' AS sha256,
                   e.data->>'published' AS published, e.data->>'language' AS language,
                   CASE e.data->>'cause'
                       WHEN 'too_early' THEN 'published ' || (e.data->>'published') || ', before '
                       WHEN 'too_late' THEN 'published ' || (e.data->>'published') || ', after '
                       WHEN 'other_language' THEN 'in the language ' || (e.data->>'language') || ', not in '
                   END || (e.data->>'wanted') AS set_aside
            FROM events e WHERE e.job_id = j.job_id AND e.type IN ('page_read', 'page_set_aside') ORDER BY"""

SOURCES_NOW = View(
    SOURCES.name,
    SOURCES.about,
    SOURCES.sql.replace(SOURCES_END, f",\n           s.published, s.language, s.set_aside{SOURCES_END}", 1)
    .replace("r.read_at, r.size, r.sha256,\n", "r.read_at, r.size, r.sha256, r.published, r.language,\n", 1)
    .replace("coalesce(c.citations, 0) AS citations", "r.set_aside, coalesce(c.citations, 0) AS citations", 1)
    .replace(PAGES_READ, PAGES_READ_OR_ASIDE, 1),
    SOURCES.columns
    | {
        "published": "The date that the page gives: 2019, 2019-03 or 2019-03-02; null without one.",
        "language": "The language of the page (ISO 639-1) as it tells it; null where it does not.",
        "set_aside": "Why the page was read and not used: it is of another time or language. Else null.",
    },
)


def upgrade() -> None:
    """Replace the view."""
    for statement in replacements(SOURCES_NOW):
        op.get_bind().exec_driver_sql(statement)
