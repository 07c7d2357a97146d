"""Say who does not search by the time and place wanted."""

from collections.abc import Collection

import msgspec

from app.agent.ports import SearchBounds
from app.domain.events import UnmetBounds


def unmet(provider: str, bounds: SearchBounds, met: Collection[str] = ()) -> tuple[UnmetBounds, ...]:
    """Name the bounds that are wanted and not among those met."""
    wanted = msgspec.to_builtins(bounds)
    names = tuple(name for name in wanted if name not in met)
    return (UnmetBounds(provider, names),) if names else ()
