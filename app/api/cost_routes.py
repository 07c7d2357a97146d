"""GET /costs: what jobs and documents cost, and what quotas leave."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from app.api.context import ApiContext
from app.api.contract import problems_of
from app.store import costs, quotas
from dossier.cost_types import CostGroup, Costs


@get(
    "/costs",
    responses=problems_of("wrong_type", "out_of_range", "repeated_parameter", "database_unavailable"),
    summary="Add up what jobs and documents cost",
    description="By day, tenant, model or tag, of the last `days` days on which jobs were submitted and "
    "documents embedded, with the quotas. "
    "An operator sees all tenants, everybody else their own. A job with several tags counts in each.",
)
async def get_costs(
    context: NamedDependency[ApiContext],
    by: FromQuery[CostGroup] = "day",
    days: Annotated[int, QueryParameter(ge=1, le=366)] = 30,
) -> Costs:
    """Return the newest costs in one grouping."""
    caller, engine = context.caller, context.writer.engine
    since = datetime.now(UTC).date() - timedelta(days=days - 1)
    return Costs(
        by=by,
        since=since,
        rows=await costs.add_up(context.reading, caller, by, since),
        quotas=await quotas.read_quotas(engine, None if caller.is_operator else caller.tenant),
    )
