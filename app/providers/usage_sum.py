"""Add up what several requests of one call used."""

from app.domain.events import Usage

COUNTED_USES = tuple(name for name in Usage.__struct_fields__ if name != "cost_usd")


def together(*used: Usage) -> Usage:
    """Return what all of them used.

    An unknown cost makes the sum unknown.
    """
    known = [one.cost_usd for one in used if one.cost_usd is not None]
    cost = round(sum(known), 9) if len(known) == len(used) else None
    return Usage(**{name: sum(getattr(one, name) for one in used) for name in COUNTED_USES}, cost_usd=cost)
