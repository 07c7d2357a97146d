"""Define revision 0002's views of the schema `report`.

Frozen.

All of them begin with rows of `jobs` and read the logs of these jobs, and only these, by their primary
key. So whatever narrows the jobs (tenant, tags, submitted_at, job_id, status, day) is settled before the
log is touched, and no question is ever a scan of the whole log. A plain join would be at the mercy of the
planner, which cannot know before it starts which partitions a join will need and counts all of them.
"""

from typing import NamedTuple


class View(NamedTuple):
    """A view with everything that an analyst sees of it in psql."""

    name: str
    about: str
    sql: str
    columns: dict[str, str]  # name -> comment, in the order of the view

    def statements(self) -> list[str]:
        """The view and its comments, one statement each."""
        made = [f"CREATE VIEW report.{self.name} AS {self.sql}"]
        made.append(f"COMMENT ON VIEW report.{self.name} IS {_quoted(self.about)}")
        for column, about in self.columns.items():
            made.append(f"COMMENT ON COLUMN report.{self.name}.{column} IS {_quoted(about)}")
        return made


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


# What every view about jobs begins with.
HEAD = "j.job_id, j.tenant, j.tags, j.created_at AS submitted_at"
HEAD_COLUMNS = {
    "job_id": "The job. A UUID v7, so ids sort by time: compare with report.floor(moment).",
    "tenant": "Whose job it is.",
    "tags": "The tags that the caller gave the job.",
    "submitted_at": "When the job was submitted.",
}

# The days (UTC) on which something happened to the job. Joined before its log is read, so that a
# condition on `day` leaves the logs of other days alone. The condition on n always holds: the planner
# takes it for a rare one, and so expects the few days that there are and not a thousand.
DAYS = """
    CROSS JOIN LATERAL (
        SELECT (j.created_at AT TIME ZONE 'UTC')::date + n AS day
        FROM generate_series(0, (j.updated_at AT TIME ZONE 'UTC')::date
                                - (j.created_at AT TIME ZONE 'UTC')::date) AS n
        WHERE abs(n) = n
    ) AS d"""
