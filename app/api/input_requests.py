"""POST /jobs/{id}/input: answers to the agent's questions."""

from typing import Annotated

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath
from msgspec import Meta, Struct

from app.api.authentication import caller_of
from app.api.context import ApiContext, job_id_of
from app.api.contract import BODY, LOG, problems_of
from app.domain import commands as c
from app.domain.view import job_view
from app.handle import handle
from dossier.job_types import JobView

AnswerText = Annotated[str, Meta(min_length=1, max_length=2000)]


class Answers(Struct, frozen=True, forbid_unknown_fields=True):
    """The caller's answers, in any order and number."""

    answers: Annotated[tuple[AnswerText, ...], Meta(min_length=1, max_length=10)]


ANSWER_EXAMPLE = Example(summary="An answer", value={"answers": ["I mean the programming language."]})


@post(
    "/jobs/{job_id:str}/input",
    status_code=200,
    responses=problems_of(*BODY, *LOG, "no_input_requested", "try_again"),
    summary="Answer the agent's questions",
    description="The job returns to the queue. Without an answer it continues with its stated assumptions.",
)
async def provide_input(
    context: NamedDependency[ApiContext],
    request: Request,  # type: ignore[type-arg]
    job_id: FromPath[str],
    data: Annotated[Answers, Body(examples=[ANSWER_EXAMPLE])],
) -> Response[JobView]:
    """Record the answers, and return the job to the queue."""
    job = await context.load(job_id_of(job_id))
    answered = await handle(context.writer, job, c.ProvideInput(data.answers), actor=caller_of(request).actor)
    return Response(job_view(answered))
