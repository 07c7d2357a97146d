"""The outside world: the only folder that speaks to it."""
