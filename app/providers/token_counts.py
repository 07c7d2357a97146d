"""Read counts of tokens from replies, whatever servers write there."""

MAX_COUNTED_TOKENS = 2**31  # no server counts further


def named_count(usage: object, *names: str) -> int | None:
    """Return the first of these counts that can be read."""
    if not isinstance(usage, dict):
        return None
    return next((count for name in names if (count := counted(usage.get(name))) is not None), None)


def counted(value: object) -> int | None:
    """Return a count, or None where it is none.

    Some servers write floats and strings.
    """
    try:
        number = int(float(value)) if isinstance(value, int | float | str) else -1
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < MAX_COUNTED_TOKENS else None
