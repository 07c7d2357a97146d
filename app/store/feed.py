"""The feed: the events of all jobs of one tenant in one order, read after a cursor.

The order is (xid, position): by transaction, and within one by place. A sequence alone will not do:
whoever takes a position first may commit last, and a reader that has gone past never sees it. So
only events of transactions older than every one that still runs are read. No such event can come any
more, hence a cursor behind which nothing is missing. Both halves are needed: a newer transaction may
take the older position.

A cursor is always that of a stored event. The bound itself, the oldest number that may still be in
use, would not do: after a crash Postgres gives out again the numbers that had left no trace on disk.
"""

from collections.abc import Sequence
from typing import Self

from msgspec import Struct

from app.store.database import Engine, fetch
from app.store.log import LogRow

SCAN = 5000  # events that one read looks at, whosever they are: the bound on what a page can cost

# - The inner LIMIT is the bound, and a constant, so that no plan reads the table in another order.
# - The tenant is a scalar subquery, because a join may be hashed, and would have to be sorted again.
# - `reached` is where a scan that came to its bound has ended. It is worked out only for a page that
#   is not full; where there is no such place, the scan came to the newest event.
# - All of it is one statement, so it is one snapshot.
PAGE = f"""
    WITH page AS MATERIALIZED (
        SELECT * FROM (
            SELECT xid, position, job_id, seq, type, schema_version, status, progress, data, actor, epoch,
                   occurred_at, prev_hash, hash
            FROM events
            WHERE (xid, position) > ($1::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
            ORDER BY xid, position LIMIT {SCAN}
        ) AS scanned
        WHERE ($4::text[] IS NULL OR type = ANY($4::text[]))
          AND (SELECT tenant FROM jobs WHERE jobs.job_id = scanned.job_id) = $3::text
        ORDER BY xid, position LIMIT $5::integer
    )
    SELECT newest.xid >= pg_snapshot_xmax(pg_current_snapshot()),
           head.xid, head.position, reached.xid, reached.position,
           page.xid, page.position, job_id, seq, type, schema_version, status, progress, data::text, actor,
           epoch, occurred_at, prev_hash, hash
    FROM (SELECT) AS one
    LEFT JOIN (
        SELECT xid FROM events ORDER BY xid DESC, position DESC LIMIT 1
    ) AS newest ON true
    LEFT JOIN (
        SELECT xid, position FROM events WHERE xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY xid DESC, position DESC LIMIT 1
    ) AS head ON true
    LEFT JOIN (
        SELECT xid, position FROM events
        WHERE (xid, position) > ($1::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
          AND (SELECT count(*) FROM page) < $5::integer
        ORDER BY xid, position OFFSET {SCAN - 1} LIMIT 1
    ) AS reached ON true
    LEFT JOIN page ON true"""
