"""Serve OpenAI's protocols, with their own errors and leniency."""

from typing import Any

from litestar import Request, Response, Router

from app.api.contract import methods_of
from app.api.openai import chat, model_list, responses
from app.api.openai.error_bodies import OPENAI_HANDLERS

MAX_BODY = 1 << 20  # bytes: a conversation is longer than a question


def openai_router() -> Router:
    """Return the routes below /v1."""
    return Router(
        path="/",
        route_handlers=[
            responses.create_response,
            responses.get_response,
            responses.delete_response,
            responses.cancel_response,
            responses.response_input,
            chat.create_chat_completion,
            model_list.list_models,
            model_list.get_model,
        ],
        before_request=_lenient,
        exception_handlers={**OPENAI_HANDLERS},
        request_max_body_size=MAX_BODY,
    )


async def _lenient(request: Request[Any, Any, Any]) -> Response[None] | None:
    """Accept unknown fields, as clients of this protocol send many."""
    return methods_of(request) if request.method == "OPTIONS" else None
