"""Threads of jobs for analysts."""

from alembic import op

from migrations.report_0002 import HEAD, HEAD_COLUMNS, View

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

THREADS = View(
    "threads",
    "One row a thread of a job that several threads research. From the log.",
    f"""
    SELECT {HEAD}, t.thread, t.question, t.section, t.steps, t.pages, t.passages, t.dropped, t.reason,
           t.finding, t.opened_at, t.closed_at,
           extract(epoch FROM t.closed_at - t.opened_at)::float8 AS seconds
    FROM jobs j
    CROSS JOIN LATERAL (
        SELECT (f.data->>'thread')::integer AS thread,
               max(f.data->>'question') AS question,
               max((f.data->>'section')::integer) AS section,
               (1 + count(*) FILTER (WHERE f.type = 'thread_stepped'))::integer AS steps,
               count(*) FILTER (WHERE f.type = 'evidence_kept')::integer AS pages,
               coalesce(sum(jsonb_array_length(f.data->'passages')), 0)::integer AS passages,
               coalesce(sum(jsonb_array_length(f.data->'dropped')), 0)::integer AS dropped,
               max(f.data->>'reason') AS reason,
               max(f.data->>'finding') AS finding,
               min(f.at) FILTER (WHERE f.type = 'thread_opened') AS opened_at,
               max(f.at) FILTER (WHERE f.type = 'thread_closed') AS closed_at
        FROM (
            SELECT e.type, e.occurred_at AS at, e.data::jsonb AS data
            FROM events e
            WHERE e.job_id = j.job_id
              AND e.type IN ('thread_opened', 'thread_stepped', 'evidence_kept', 'thread_closed')
            OFFSET 0
        ) AS f
        GROUP BY 1
    ) AS t""",
    HEAD_COLUMNS
    | {
        "thread": "Its number in the job, from 1.",
        "question": "What it researched.",
        "section": "The section that a critique opened it for; null for others.",
        "steps": "How often it chose searches and pages, its first search among them.",
        "pages": "Pages that passages were taken from, possibly none of each.",
        "passages": "Passages that were kept.",
        "dropped": "Passages that its model gave and that are not in the page, as far as they are named.",
        "reason": "answered, spent or failed; null while it works.",
        "finding": "What it came to.",
        "opened_at": "When it began.",
        "closed_at": "When it ended; null while it works.",
        "seconds": "From its beginning to its end.",
    },
)


def upgrade() -> None:
    """Make the view."""
    for statement in (*THREADS.statements(), "GRANT SELECT ON report.threads TO dossier_report"):
        op.get_bind().exec_driver_sql(statement)
