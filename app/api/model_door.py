"""Refuse a job whose model or money limit no worker takes."""

from typing import Protocol

from app.api.problem_details import BadRequest
from dossier.request import Changes, Limits

MAX_NAMES_SHOWN = 20


class KnownModels(Protocol):
    """The models that the settings name."""

    @property
    def names(self) -> tuple[str, ...]:
        """The models that are known by name."""
        ...

    def is_offered(self, name: str) -> bool:
        """Return True if a request may name this model."""
        ...

    def is_priced(self, name: str | None) -> bool:
        """Return True if the cost of a model's calls is known."""
        ...


class ModelDoor:
    """Checks models by the settings of this process.

    Without a language model here, it leaves the check to the workers, whose settings may differ.
    """

    def __init__(self, models: KnownModels | None) -> None:
        self._models = models

    def check(self, model: str | None, limits: Limits, prefix: str = "") -> None:
        """Raise BadRequest for a model or a limit that cannot be kept."""
        if self._models is None:
            return
        if model is not None and not self._models.is_offered(model):
            raise BadRequest("model_not_offered", _offered(self._models.names), f"{prefix}model")
        if _is_money_alone(limits) and not self._models.is_priced(model):
            message = (
                "The price of this model is not known, so max_cost_usd cannot be kept. "
                "Set max_tokens as well, or give the price in models.toml or DOSSIER_PRICES."
            )
            raise BadRequest("price_unknown", message, f"{prefix}limits.max_cost_usd")

    def check_changes(self, changes: Changes) -> None:
        """Raise BadRequest for a model that a fork cannot change to."""
        if changes.model is not None:
            self.check(changes.model, changes.limits or Limits(), "changes.")


def _offered(names: tuple[str, ...]) -> str:
    more = len(names) - MAX_NAMES_SHOWN
    further = f", and {more} more: see GET /capabilities" if more > 0 else ""
    return f"Use one of: {', '.join(names[:MAX_NAMES_SHOWN])}{further}."


def _is_money_alone(limits: Limits) -> bool:
    return limits.max_cost_usd is not None and limits.max_tokens is None
