"""Lower the limits of a request to what the operator allows."""

from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from app.agent.limits import PRESETS, THREADED_CALLS
from dossier.request import Effort, Limits, ResearchRequest

NumberT = TypeVar("NumberT", int, float)


class Ceilings(Struct, frozen=True):
    """What any one job may use at most.

    None: whatever it asks for.
    """

    usd: float | None = None
    tokens: int | None = None
    searches: int | None = None
    calls: int | None = None  # of models, searches and pages, so turns and sources too
    seconds: int | None = None

    def narrowed(self, request: ResearchRequest, *, is_threaded: bool = False) -> ResearchRequest:
        """Return the request with limits no higher than these."""
        limits = self.limits(request.effort, request.limits, is_threaded=is_threaded)
        return request if limits == request.limits else replace(request, limits=limits)

    def limits(self, effort: Effort, asked: Limits, *, is_threaded: bool = False) -> Limits:
        """Return the limits asked for, no higher than these."""
        if self == NO_CEILINGS:
            return asked
        preset = PRESETS[effort]
        calls = preset.calls * (THREADED_CALLS if is_threaded else 1)
        return Limits(
            max_cost_usd=_lower(asked.max_cost_usd, None, self.usd),
            max_tokens=_lower(asked.max_tokens, None, self.tokens),
            max_searches=_lower(asked.max_searches, preset.searches, self.searches),
            max_calls=_lower(asked.max_calls, calls, self.calls),
            deadline_seconds=_lower(asked.deadline_seconds, preset.seconds, self.seconds),
        )


NO_CEILINGS = Ceilings()


def _lower(asked: NumberT | None, usual: NumberT | None, ceiling: NumberT | None) -> NumberT | None:
    """Return what was asked for, or the ceiling if that is lower."""
    if ceiling is None:
        return asked
    wanted = usual if asked is None else asked
    return ceiling if wanted is None or wanted > ceiling else asked
