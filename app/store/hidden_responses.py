"""Hide from OpenAI's protocol what its clients delete or do not store."""

from uuid import UUID

from app.domain.caller import Caller
from app.store.database import Engine, fetch, fetch_own

HIDE_RESPONSE = """
    INSERT INTO hidden_responses (job_id, tenant) VALUES ($1::uuid, $2::text) ON CONFLICT DO NOTHING"""

FIND_HIDDEN = "SELECT FROM hidden_responses WHERE tenant = $1::text AND job_id = $2::uuid"


async def hide_response(engine: Engine, caller: Caller, job_id: UUID) -> None:
    """Hide the caller's job, for good. Raises DatabaseUnavailable."""
    await fetch(engine, HIDE_RESPONSE, job_id, caller.tenant)


async def is_hidden(engine: Engine, caller: Caller, job_id: UUID) -> bool:
    """Return whether the caller's job is hidden. Raises DatabaseUnavailable."""
    return bool(await fetch_own(engine, caller, FIND_HIDDEN, job_id))
