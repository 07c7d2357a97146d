"""Set the rules of retention, and find what is due."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.domain.retention_rules import EndedJob, access_days, due, rules_of
from app.domain.upkeep import AccessRetentionSet, RetentionSet, entry
from app.errors import WrongVersion
from app.store import upkeep_log
from app.store.database import Engine, fetch
from app.store.forget import FORGET_TRIES

ENDED_PAGE = 5_000  # jobs that are looked at together

READ_ENDED = """
    SELECT job_id, tenant, tags, completed_at FROM jobs
    WHERE job_id > $1::uuid AND completed_at <= $2::timestamptz ORDER BY job_id LIMIT $3::integer"""


async def set_rule(engine: Engine, rule: RetentionSet | AccessRetentionSet) -> int:
    """Record the rule, which 0 days end.

    Needs the owner's role. Raises BadSetting, WrongVersion.
    """
    actor = await upkeep_log.actor(engine)
    for _ in range(FORGET_TRIES):
        new = entry(await upkeep_log.last(engine), rule, actor, datetime.now(UTC))
        if await upkeep_log.write(engine, new):
            return new.number
    raise WrongVersion("Other processes keep writing to the log of upkeep.")


async def read_rules(engine: Engine) -> list[RetentionSet]:
    """Return the rules that hold."""
    return rules_of(await upkeep_log.entries(engine))


async def read_access_days(engine: Engine) -> int:
    """Return how many days the access log is kept, 0 for ever."""
    return access_days(await upkeep_log.entries(engine))


async def due_jobs(engine: Engine, rules: Sequence[RetentionSet], now: datetime) -> list[UUID]:
    """Return the jobs that are over and whose time is over too."""
    if not rules:
        return []
    found, after = list[UUID](), UUID(int=0)
    before = now - timedelta(days=min(rule.days for rule in rules))
    while page := [EndedJob(*row) for row in await fetch(engine, READ_ENDED, after, before, ENDED_PAGE)]:
        found += due(rules, page, now)
        after = page[-1].job_id
    return found
