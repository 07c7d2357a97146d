"""Serve /v1/models: the efforts, as the models that a front end lists."""

from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from app.api.openai.error_bodies import errors_of
from app.api.problem_details import BadRequest
from app.faces.model_names import EFFORTS, MODEL_PREFIX, read_model_name

CREATED = 1_764_028_800  # 2025-11-25T00:00:00Z; the protocol wants a time, and clients only show it


@get("/v1/models", responses=errors_of(), summary="List the models (OpenAI's protocol)", sync_to_thread=False)
def list_models() -> Response[dict[str, Any]]:
    """Return one model for each effort."""
    return Response({"object": "list", "data": [_model(f"{MODEL_PREFIX}-{effort}") for effort in EFFORTS]})


@get(
    "/v1/models/{name:str}",
    responses=errors_of("invalid_request", "not_found"),
    summary="Get a model (OpenAI's protocol)",
    sync_to_thread=False,
)
def get_model(name: FromPath[str]) -> Response[dict[str, Any]]:
    """Return a model, also one that names a language model."""
    try:
        read_model_name(name)
    except LookupError:
        raise BadRequest("not_found", "No such model; GET /v1/models lists them all.", "model") from None
    return Response(_model(name))


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": MODEL_PREFIX}
