"""Lines know their version.

That of a `job_completed` of version 2 leads to the job and to its report.

The function of the first migration stays for processes of before, which write no such event.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

LINE = """
CREATE FUNCTION event_line(job_id uuid, seq integer, type text, schema_version integer, status text,
                           progress integer, occurred_at timestamptz, data text)
RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT convert_to(
        '{"job_id":"' || job_id || '","seq":' || seq || ',"type":"' || type || '","status":"' || status
        || '","progress":' || progress || ',"at":"'
        || to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        || '","data":' || data
        || CASE WHEN type <> 'job_completed' THEN ''
                WHEN schema_version = 1 THEN ',"result_url":"/jobs/' || job_id || '/report"'
                ELSE ',"result_url":"/jobs/' || job_id || '","report_url":"/jobs/' || job_id || '/report"' END
        || '}', 'UTF8')
$$
"""


def upgrade() -> None:
    """Add the function that takes the version of the event."""
    op.get_bind().exec_driver_sql(LINE)
