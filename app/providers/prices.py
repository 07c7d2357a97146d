"""Price tokens, so that a running job's bill is known."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from app.errors import BadSetting

Dollars = Annotated[float, Meta(ge=0, le=1_000_000)]

_DATED = re.compile(r"-\d{4}-\d{2}-\d{2}$")


class Price(Struct, frozen=True, forbid_unknown_fields=True):
    """USD per million tokens.

    `cached_input` defaults to the full price.
    """

    input: Dollars
    output: Dollars
    cached_input: Dollars | None = None
    cache_write: Dollars | None = None  # without it, as other tokens of the input

    def cost(self, prompt: int, cached: int, completion: int, written: int = 0) -> float:
        """USD for one call, rounded to a billionth.

        Tokens `cached` and `written` into a cache are among those of the prompt; reasoning is among those
        of the completion.
        """
        cached = min(cached, prompt)
        written = min(written, prompt - cached)
        saved = self.input if self.cached_input is None else self.cached_input
        kept = self.input if self.cache_write is None else self.cache_write
        fresh = prompt - cached - written
        millionths = fresh * self.input + cached * saved + written * kept + completion * self.output
        return round(millionths / 1_000_000, 9)


# Of litellm's price file (MIT licence) and the vendors' pages. Prices change: a file of the operator's own
# replaces them.
LISTED_ON = date(2026, 11, 25)
LISTED: Mapping[str, Price] = {
    "gpt-6-luna": Price(0.10, 0.50, 0.01, 0.125),  # from GPT-5.6 on, a cache write costs a quarter more
    "gpt-4.1": Price(2.00, 8.00, 0.50),
    "gpt-4.1-mini": Price(0.40, 1.60, 0.10),
    "gpt-4.1-nano": Price(0.10, 0.40, 0.025),
    "gpt-4o": Price(2.50, 10.00, 1.25),
    "gpt-4o-mini": Price(0.15, 0.60, 0.075),
    "o4-mini": Price(1.10, 4.40, 0.275),
    "gpt-5": Price(1.25, 10.00, 0.125),
    "gpt-5-mini": Price(0.25, 2.00, 0.025),
    "gpt-5-nano": Price(0.05, 0.40, 0.005),
    "text-embedding-3-small": Price(0.02, 0.0),
    "text-embedding-3-large": Price(0.13, 0.0),
}


# The last day on which OpenAI has a model, as it announced.
ENDS: Mapping[str, date] = {
    "gpt-4.1-nano": date(2026, 10, 23),
    "o4-mini": date(2026, 10, 23),
    "gpt-5": date(2026, 12, 11),
    "gpt-5-mini": date(2026, 12, 11),
    "gpt-5-nano": date(2026, 12, 11),
    "gpt-4.1": date(2027, 1, 14),
    "gpt-4.1-mini": date(2027, 1, 14),
    "gpt-4o": date(2027, 1, 14),
    "gpt-4o-mini": date(2027, 1, 14),
}
WARNED = timedelta(days=90)  # before a model's last day


def load_prices(path: Path | None) -> dict[str, Price]:
    """The listed prices, replaced and extended by those of a file.

    Args:
        path: a JSON object of model names to {"input", "output", "cached_input"?}, in USD per million
            tokens; None for the listed prices alone.

    Raises:
        BadSetting: the file cannot be read, or holds something else.
    """
    if path is None:
        return dict(LISTED)
    try:
        own = msgspec.json.decode(path.read_bytes(), type=dict[str, Price])
    except (OSError, ValueError) as error:
        raise BadSetting(f"DOSSIER_PRICES: {path} holds no price list: {error}") from error
    return {**LISTED, **own}


def warning_of(model: str, ends: date | None, today: date) -> str:
    """Return a warning of a model's end, or ""."""
    ends = ends or ENDS.get(_DATED.sub("", model))
    if ends is None or today < ends - WARNED:
        return ""
    when = "has ended" if today > ends else "ends"
    return f"The model {model} {when} on {ends:%Y-%m-%d}. Set DOSSIER_MODEL, or models.toml, to another one."


def price_of(model: str, prices: Mapping[str, Price]) -> Price | None:
    """Return a model's price, None if unknown.

    That of "gpt-4.1" also holds for "gpt-4.1-2025-04-14".
    """
    return prices.get(model) or prices.get(_DATED.sub("", model))
