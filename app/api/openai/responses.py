"""Serve /v1/responses: create, retrieve, resume, cancel, delete, list the input."""

import contextlib
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, HeaderParameter, QueryParameter
from litestar.types import ASGIApp

from app.api.context import ApiContext
from app.api.contract import LOG, check_key
from app.api.openai.error_bodies import SUBMISSION, errors_of
from app.api.openai.job_serving import OpenAI, as_app
from app.api.openai.wish import body_of, job_of_response, response_wish
from app.api.problem_details import BadRequest
from app.domain import commands as c
from app.domain.caller import Caller
from app.errors import JobAlreadyOver
from app.faces.response_fold import ResponseFold
from app.handle import handle

FACE = "responses"
UNSTORED_FACE = "responses unstored"


@post(
    "/v1/responses",
    status_code=200,
    responses=errors_of(*SUBMISSION, "malformed_url"),
    summary="Create a response (OpenAI's protocol)",
)
async def create_response(
    context: NamedDependency[ApiContext],
    openai: NamedDependency[OpenAI],
    request: Request,  # type: ignore[type-arg]
    idempotency_key: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
) -> ASGIApp:
    """Submit a job, then stream it, return, or wait."""
    wish = response_wish(await body_of(request))
    check_key(idempotency_key)
    job, callback = await openai.start(wish, context.caller, idempotency_key)
    make_fold = partial(ResponseFold, is_stored=wish.is_stored)
    if wish.stream:
        name = FACE if wish.is_stored else UNSTORED_FACE
        return await openai.follow(job.id, context.caller, name, make_fold)
    if not wish.background:
        await openai.wait(context.caller, job.id)
    shown = await _shown(openai, context.caller, job.id, make_fold())
    if callback:
        shown.content["callback"] = callback
    return as_app(shown, request)


@get(
    "/v1/responses/{response_id:str}",
    responses=errors_of("invalid_request", *LOG, "busy"),
    summary="Get a response, or resume its stream (OpenAI's protocol)",
)
async def get_response(
    context: NamedDependency[ApiContext],
    openai: NamedDependency[OpenAI],
    request: Request,  # type: ignore[type-arg]
    response_id: FromPath[str],
    stream: FromQuery[bool] = False,  # noqa: FBT002 - a query parameter
    starting_after: Annotated[int | None, QueryParameter(ge=0, le=10_000_000)] = None,
) -> ASGIApp:
    """Return the response now, or its events after a sequence number."""
    job_id = await openai.check_shown(context.caller, job_of_response(response_id))
    if stream:
        after = 0 if starting_after is None else starting_after + 1
        return await openai.follow(job_id, context.caller, FACE, ResponseFold, after)
    return as_app(await _shown(openai, context.caller, job_id), request)


@delete(
    "/v1/responses/{response_id:str}",
    status_code=200,
    responses=errors_of(*LOG, "try_again"),
    summary="Delete a response (OpenAI's protocol)",
)
async def delete_response(
    openai: NamedDependency[OpenAI],
    context: NamedDependency[ApiContext],
    response_id: FromPath[str],
) -> Response[dict[str, Any]]:
    """Hide the response from this protocol.

    Its job is cancelled if it runs, and kept in the log.
    """
    job_id = await openai.check_shown(context.caller, job_of_response(response_id))
    job = await context.load(job_id)
    with contextlib.suppress(JobAlreadyOver):  # what is over needs no cancel
        await handle(context.writer, job, c.RequestCancel(), actor=context.caller.actor)
    await openai.hide(context.caller, job_id)
    return Response({"id": response_id, "object": "response", "deleted": True})


@post(
    "/v1/responses/{response_id:str}/cancel",
    status_code=200,
    responses=errors_of(*LOG, "job_already_over", "try_again"),
    summary="Cancel a response (OpenAI's protocol)",
)
async def cancel_response(
    openai: NamedDependency[OpenAI],
    context: NamedDependency[ApiContext],
    response_id: FromPath[str],
) -> Response[dict[str, Any]]:
    """Cancel the job.

    It is in progress until its worker stops.
    """
    job_id = await openai.check_shown(context.caller, job_of_response(response_id))
    job = await context.load(job_id)
    job = await handle(context.writer, job, c.RequestCancel(), actor=context.caller.actor)
    return await _shown(openai, context.caller, job.id)


@get(
    "/v1/responses/{response_id:str}/input_items",
    responses=errors_of("invalid_request", *LOG),
    summary="List a response's input (OpenAI's protocol)",
)
async def response_input(
    context: NamedDependency[ApiContext],
    openai: NamedDependency[OpenAI],
    response_id: FromPath[str],
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 20,  # noqa: ARG001 - there is one item
    order: FromQuery[Literal["asc", "desc"]] = "desc",  # noqa: ARG001
) -> Response[dict[str, Any]]:
    """Return the question as the one input item there is."""
    job_id = await openai.check_shown(context.caller, job_of_response(response_id))
    fold = await openai.folded(context.caller, job_id, ResponseFold())
    item = fold.input_item()
    if after not in {None, item["id"]}:
        raise BadRequest("out_of_range", "There is no input item with this id.", "after")
    data = [] if after else [item]
    end = item["id"] if data else None
    return Response({"object": "list", "data": data, "first_id": end, "last_id": end, "has_more": False})


async def _shown(
    openai: OpenAI, caller: Caller, job_id: UUID, fold: ResponseFold | None = None
) -> Response[dict[str, Any]]:
    fold = await openai.folded(caller, job_id, fold or ResponseFold())
    return Response(fold.response(), headers={"X-Job-Id": str(job_id)})
