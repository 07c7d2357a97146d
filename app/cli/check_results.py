"""Judge what `dossier doctor` found, each with what to do."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from app.cli.database_url import RECREATE
from app.store import condition as store
from app.store.analyst_session import ANALYST_ROLE
from app.store.database import APP_ROLE
from app.store.migrate import serves

Grade = Literal["ok", "warning", "problem"]

CLOCK_OFF = 2.0  # seconds between two clocks that nobody would notice
FREE_CONNECTIONS = 20  # of Postgres: two processes of ten
LITTLE_SPACE, FULL = 2 << 30, 200 << 20  # bytes of a disk


class CheckResult(Struct, frozen=True, omit_defaults=True):
    """One thing that was looked at."""

    check: str
    grade: Grade
    said: str
    what_to_do: str = ""


def judge_database(found: store.Condition, at: datetime, *, is_own: bool) -> list[CheckResult]:
    """Judge a database that was read `at` this machine's time.

    The embedded one is the process's own: its user may do everything.
    """
    return [
        _version(found),
        _encoding(found),
        _login(found, is_own=is_own),
        _durability(found),
        _connections(found),
        _clock(found, at),
        CheckResult("extensions", "ok", f"None is needed. There: {', '.join(found.extensions)}."),
    ]


def _version(found: store.Condition) -> CheckResult:
    number, said = found.version // 10_000, f"PostgreSQL {found.version // 10_000}.{found.version % 10_000}"
    if number < store.OLDEST_VERSION:
        advice = f"Upgrade Postgres to {store.OLDEST_VERSION} or later."
        return CheckResult("database version", "problem", f"{said} is too old.", advice)
    if found.is_standby:
        return CheckResult(
            "database version",
            "problem",
            f"{said} is a standby, which takes no writes.",
            "Name the primary in DATABASE_URL, or promote this one.",
        )
    size = f"{found.size / (1 << 20):,.0f} MiB"
    return CheckResult("database version", "ok", f"{said}; the database has {size}.")


def _encoding(found: store.Condition) -> CheckResult:
    if found.encoding != "UTF8":
        said = f"The database is encoded in {found.encoding}."
        return CheckResult("locale", "problem", said, RECREATE)
    return CheckResult("locale", "ok", f"UTF8, {found.locale}.")


def _login(found: store.Condition, *, is_own: bool) -> CheckResult:
    if not found.may_work:
        return CheckResult(
            "roles",
            "problem",
            f"{found.login} may not act as {APP_ROLE}.",
            f"Run `dossier migrate` as the owner, or as one who may: GRANT {APP_ROLE} TO {found.login}.",
        )
    if found.is_superuser and not is_own:
        return CheckResult(
            "roles",
            "warning",
            f"{found.login} is a superuser: a compromised process could change the log.",
            f"Give API and workers a login that is only a member of {APP_ROLE}: docs/operations.md, Roles.",
        )
    report = f" and {ANALYST_ROLE}" if found.may_report else ""
    return CheckResult("roles", "ok", f"{found.login} acts as {APP_ROLE}{report}.")


def _durability(found: store.Condition) -> CheckResult:
    off = [
        name for name in ("fsync", "full_page_writes", "synchronous_commit") if getattr(found, name) == "off"
    ]
    if off:
        return CheckResult(
            "durability",
            "warning",
            f"{', '.join(off)} off: what was acknowledged may be lost in a crash of the server.",
            f"Set {' and '.join(off)} to on in Postgres.",
        )
    return CheckResult("durability", "ok", "What was acknowledged survives a crash of the server.")


def _connections(found: store.Condition) -> CheckResult:
    free = found.most_connections - found.connections
    said = f"{found.connections} of {found.most_connections} connections are in use."
    if free < FREE_CONNECTIONS:
        advice = "Raise max_connections, or put a pooler between: each process opens at most 10."
        return CheckResult("connections", "warning", said, advice)
    return CheckResult("connections", "ok", said)


def _clock(found: store.Condition, at: datetime) -> CheckResult:
    off = (at - found.now).total_seconds()
    if abs(off) > CLOCK_OFF:
        said = f"This machine's clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} Postgres's."
        return CheckResult("clock", "warning", said, "Run NTP on both; times in logs are wrong until then.")
    return CheckResult("clock", "ok", "This machine and Postgres agree on the time.")


def judge_pooler(*, is_pooled: bool, has_way_past: bool) -> CheckResult:
    """Judge the way to Postgres."""
    if not is_pooled:
        return CheckResult("pooler", "ok", "Connections go straight to Postgres.")
    said = "Connections go through a pooler: each statement has its own transaction."
    if has_way_past:
        return CheckResult("pooler", "ok", said)
    advice = "Set DOSSIER_LISTEN_URL to Postgres itself: otherwise events may come a second late."
    return CheckResult("pooler", "warning", said, advice)


def judge_role(acting: str) -> CheckResult:
    """Judge the role in which API and workers act."""
    if acting != APP_ROLE:
        return CheckResult(
            "role in force",
            "problem",
            f"Statements run as {acting}, not as {APP_ROLE}.",
            "A pooler may have dropped the role: see docs/operations.md, Poolers.",
        )
    return CheckResult("role in force", "ok", f"Statements run as {APP_ROLE}.")


def judge_level(level: str, expected: str) -> CheckResult:
    """Judge the level of the migrations."""
    if level == expected:
        return CheckResult("migration", "ok", f"The database is at level {level}.")
    if serves(level):
        said = f"The database is at level {level}, later than this version's {expected}: it runs on it."
        return CheckResult("migration", "warning", said, "Bring this process to the newer version.")
    said = f"The database is at level {level or 'none'}, this version needs {expected}."
    return CheckResult("migration", "problem", said, "Run `dossier migrate` as the owner.")


def judge_state(found: store.ServiceState) -> list[CheckResult]:
    """Judge Dossier's own tables."""
    findings = []
    if found.has_stray_events:
        said = "Some events lie outside the prepared months."
        findings.append(CheckResult("months", "warning", said, "See docs/operations.md, Months."))
    elif not found.has_next_month:
        advice = "Run a worker: it prepares the months ahead within an hour."
        findings.append(CheckResult("months", "warning", "The next month is not prepared.", advice))
    else:
        findings.append(CheckResult("months", "ok", "This month and the next are prepared."))
    if found.is_paused:
        findings.append(
            CheckResult("queue", "warning", "All workers are paused.", "Resume: dossier workers resume.")
        )
    return findings


def judge_space(free: int, place: str) -> CheckResult:
    """Judge the free bytes of a disk."""
    said = f"{free / (1 << 30):.1f} GiB are free in {place}."
    if free < FULL:
        return CheckResult("disk", "problem", said, "Free space: writes fail soon.")
    if free < LITTLE_SPACE:
        return CheckResult("disk", "warning", said, "Free space, or archive old months: dossier archive.")
    return CheckResult("disk", "ok", said)
