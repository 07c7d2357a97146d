"""Read the events of all jobs of a tenant after a cursor.

The order is (xid, position): by transaction, and within one by place. A position alone will not do:
who takes one first may commit last, and a reader that has gone past never sees it. So only events
of transactions below the oldest that still runs are read: no further event can come there. The order
must begin with the transaction too, because a newer one may have taken an older position.

A cursor is always that of a stored event, never the bound itself: after a crash Postgres gives out
again those numbers of transactions that had left no trace on disk.
"""

from collections.abc import Sequence

from msgspec import Struct

from app.domain.caller import Caller
from app.domain.row import Row
from app.store import reads
from app.store.database import Engine, fetch
from app.store.log import EVENT_NAMES, event_columns

SCAN = 1000  # events that one read looks at, whosever they are: the bound on what a page can cost

_SETTLED = "xid < pg_snapshot_xmin(pg_current_snapshot())"
# Subselects hide the cursor from the planner: where it believes that little follows, as it does while
# statistics are old, it sorts all that follows instead of walking along the index.
_AFTER = f"(xid, position) > ((SELECT $1::xid8), (SELECT $2::bigint)) AND {_SETTLED}"

# The newest event of all tells whether it has a number that this cluster has not yet given out. The
# select of nothing keeps the row where the log is empty.
_HEAD = f"""
    (SELECT) AS always LEFT JOIN (
        SELECT xid FROM events ORDER BY xid DESC, position DESC LIMIT 1
    ) AS newest ON true LEFT JOIN (
        SELECT xid, position FROM events WHERE {_SETTLED} ORDER BY xid DESC, position DESC LIMIT 1
    ) AS head ON true"""
_HEAD_COLUMNS = "newest.xid >= pg_snapshot_xmax(pg_current_snapshot()), head.xid, head.position"

READ_FEED_HEAD = f"SELECT {_HEAD_COLUMNS} FROM {_HEAD}"

# All of it is one statement, so it is one snapshot. It runs in front of the fence: behind it, its bound would
# count the tenant's own events alone, and a scan would go on through everybody's. Whose the jobs of a page
# are is asked behind it.
# - The inner LIMIT is a constant, so that no plan finds it cheaper to sort what follows. Only a log of
#   less than some 30,000 events that has no statistics yet is still sorted, in about 10 ms.
# - The tenant is a scalar subquery: a join might be hashed, which would lose the order.
# - `reached` is where a scan that came to its bound has ended. It is looked for only where the page is
#   not full; where there is no such place, the scan came to the head.
READ_FEED = f"""
    WITH page AS MATERIALIZED (
        SELECT * FROM (
            SELECT xid, position, {EVENT_NAMES} FROM events WHERE {_AFTER} ORDER BY xid, position LIMIT {SCAN}
        ) AS scanned
        WHERE ($4::text[] IS NULL OR type = ANY($4))
          AND (SELECT tenant FROM jobs WHERE jobs.job_id = scanned.job_id) = $3::text
        ORDER BY xid, position LIMIT $5::integer
    )
    SELECT {_HEAD_COLUMNS}, reached.xid, reached.position,
           page.xid, page.position, {event_columns("page")}
    FROM {_HEAD} LEFT JOIN (
        SELECT xid, position FROM events
        WHERE {_AFTER} AND (SELECT count(*) FROM page) < $5
        ORDER BY xid, position OFFSET {SCAN - 1} LIMIT 1
    ) AS reached ON true LEFT JOIN page ON true"""


class Cursor(Struct, frozen=True, order=True):
    """An event's position in the feed.

    (0, 0) precedes the first.
    """

    xid: int
    position: int

    def __str__(self) -> str:
        return f"{self.xid}-{self.position}"


FEED_START = Cursor(0, 0)


class FeedEntry(Struct, frozen=True):
    """An event in its place in the feed."""

    cursor: Cursor
    row: Row


class FeedSlice(Struct, frozen=True):
    """Some events of the feed, and the cursor to continue with.

    The cursor moves even if none of the events is the tenant's.
    """

    entries: list[FeedEntry]
    next_after: Cursor
    head: Cursor  # of the newest settled event, whosever it is
    restored: bool  # the log has numbers of transactions that this cluster has not yet come to

    @property
    def is_beyond(self) -> bool:
        """Return True if the cursor is past the head, from another log."""
        return self.next_after > self.head


async def read(
    engine: Engine, caller: Caller, after: Cursor, limit: int, types: Sequence[str] | None = None
) -> FeedSlice:
    """Return at most `limit` events after the cursor, in order.

    They are of the given types, or of all.

    Nothing of theirs is missing up to `next_after`, ever. Once it equals `head` there is no more for now.
    """
    wanted = None if types is None else list(types)
    rows = await fetch(engine, READ_FEED, after.xid, after.position, caller.tenant, wanted, limit)
    newest, reached = _cursor(rows[0][1:3]) or FEED_START, _cursor(rows[0][3:5])
    found = [FeedEntry(Cursor(*row[5:7]), Row(*row[7:])) for row in rows if row[5] is not None]
    found.sort(key=lambda entry: entry.cursor)
    end = found[-1].cursor if len(found) == limit else reached or newest
    own = await reads.own(engine, caller, {entry.row.job_id for entry in found})
    entries = [entry for entry in found if entry.row.job_id in own]
    return FeedSlice(entries, max(after, end), newest, restored=bool(rows[0][0]))


async def head(engine: Engine) -> FeedSlice:
    """Return the empty page at the head, to read only new events."""
    restored, *newest = (await fetch(engine, READ_FEED_HEAD))[0]
    cursor = _cursor(newest) or FEED_START
    return FeedSlice([], cursor, cursor, restored=bool(restored))


def _cursor(columns: Sequence[int | None]) -> Cursor | None:
    xid, position = columns
    return None if xid is None or position is None else Cursor(xid, position)
