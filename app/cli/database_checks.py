"""What a server looks at in its database when it starts."""

from datetime import UTC, datetime

from app.cli import check_results as judge
from app.cli.check_results import CheckResult
from app.settings import load_settings
from app.store import condition, migrate
from app.store.database import dispose_after, is_pooled, make_engine


async def database_findings(url: str, *, is_own: bool) -> list[CheckResult]:
    """Look at a database: what it is, its roles, its level.

    Raises DatabaseUnavailable, asyncpg.PostgresError.
    """
    bare = make_engine(url, role=None, pool_size=1)
    async with dispose_after(bare):
        seen = await condition.read_condition(bare)
        found = judge.judge_database(seen, datetime.now(UTC), is_own=is_own)
        has_way_past = bool(load_settings().listen_url)
        found.append(judge.judge_pooler(is_pooled=await is_pooled(url), has_way_past=has_way_past))
        level = judge.judge_level(await migrate.level(bare), migrate.expected())
    found.append(level)
    if level.grade != "problem":
        engine = make_engine(url, pool_size=1)
        async with dispose_after(engine):
            found.append(judge.judge_role(await condition.acting_role(engine)))
    return found
