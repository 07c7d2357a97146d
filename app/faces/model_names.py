"""Offer models by OpenAI's protocols: an effort, and a language model."""

from typing import Any, get_args

from dossier.request import Effort

MODEL_PREFIX = "dossier"
EFFORTS: tuple[Effort, ...] = get_args(Effort)


def model_name(request: dict[str, Any]) -> str:
    """Return the name that a stored request goes by: "dossier-deep", or "dossier-deep:MODEL"."""
    name = f"{MODEL_PREFIX}-{request.get('effort', 'standard')}"
    return f"{name}:{request['model']}" if request.get("model") else name


def read_model_name(name: str) -> tuple[Effort | None, str | None]:
    """Return a model name's effort and language model.

    Bare "dossier" leaves both open.

    Raises LookupError for any other name.
    """
    head, _, model = name.partition(":")
    if head == MODEL_PREFIX:
        return None, model or None
    for effort in EFFORTS:
        if head == f"{MODEL_PREFIX}-{effort}":
            return effort, model or None
    raise LookupError(name)
