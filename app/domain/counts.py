"""Count things in words."""


def many(number: int, one: str, several: str = "") -> str:
    """Return a number of things, in the singular or the plural."""
    return f"{number} {plural(number, one, several)}"


def plural(number: int, one: str, several: str = "") -> str:
    """Return the word for so many things."""
    return one if number == 1 else several or f"{one}s"
