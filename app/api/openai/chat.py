"""Serve /v1/chat/completions: a report as the answer to a chat."""

from typing import Annotated, Any
from uuid import uuid4

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import HeaderParameter
from litestar.types import ASGIApp

from app.api.context import ApiContext
from app.api.contract import check_key
from app.api.openai.error_bodies import SUBMISSION, error_body, errors_of
from app.api.openai.job_serving import OpenAI, as_app
from app.api.openai.side_chats import side_answer
from app.api.openai.wish import Wish, body_of, chat_wish
from app.api.sse import STREAM_HEADERS
from app.faces.chat_fold import DONE_FRAME, ChatFold, failure

_encode = msgspec.json.Encoder().encode


@post(
    "/v1/chat/completions",
    status_code=200,
    responses=errors_of(*SUBMISSION),
    summary="Complete a chat with a report (OpenAI's protocol)",
)
async def create_chat_completion(
    context: NamedDependency[ApiContext],
    openai: NamedDependency[OpenAI],
    request: Request,  # type: ignore[type-arg]
    idempotency_key: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
) -> ASGIApp:
    """Submit a job and answer with its report.

    A front end's titles and tags start none.
    """
    body = await body_of(request)
    wish = chat_wish(body)
    if (text := side_answer(wish.messages)) is not None:
        return as_app(_side_chat(text, str(body.get("model") or "dossier"), wish), request)
    check_key(idempotency_key)
    job, _ = await openai.start(wish, context.caller, idempotency_key)
    if wish.stream:
        name = f"chat {wish.include_usage}"
        return await openai.follow(
            job.id, context.caller, name, lambda: ChatFold(include_usage=wish.include_usage)
        )
    await openai.wait(context.caller, job.id)
    fold = await openai.folded(context.caller, job.id, ChatFold())
    return as_app(_whole(fold), request)


def _whole(fold: ChatFold) -> Response[dict[str, Any]]:
    """Return the answer of a job that is over."""
    headers = {"X-Job-Id": str(fold.state.job_id)}
    if fold.state.status == "completed":
        return Response(fold.completion(), headers=headers)
    why = failure(fold.state)
    refusal = error_body(why["message"], why["type"], why["code"])
    return Response(refusal, status_code=500, headers={**headers, "x-should-retry": "false"})


def _side_chat(text: str, model: str, wish: Wish) -> Response[Any]:
    head = {"id": f"chatcmpl-{uuid4().hex}", "created": 0, "model": model}
    usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    message = {"role": "assistant", "content": text}
    if not wish.stream:
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return Response({**head, "object": "chat.completion", "choices": [choice], "usage": usage})
    chunks = [
        {"choices": [{"index": 0, "delta": message, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    ]
    if wish.include_usage:
        chunks.append({"choices": [], "usage": usage})  # type: ignore[dict-item]
    frames = [b"data: %b\n\n" % _encode({**head, "object": "chat.completion.chunk", **one}) for one in chunks]
    named = {name.decode(): value.decode() for name, value in STREAM_HEADERS if name != b"content-type"}
    return Response(b"".join([*frames, DONE_FRAME]), media_type="text/event-stream", headers=named)
