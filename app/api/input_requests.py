"""POST /jobs/{id}/input: answers to the agent's questions."""

from typing import Annotated

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath
from msgspec import Meta, Struct

from app.api.context import ApiContext
from app.api.contract import BODY, LOG, problems_of
from app.api.path_values import job_id_of
from app.api.problem_details import BadRequest
from app.domain import commands as c
from app.domain.view import job_view
from app.handle import handle
from dossier.job_types import JobView

AnswerText = Annotated[str, Meta(min_length=1, max_length=2000)]


PlanLine = Annotated[str, Meta(min_length=1, max_length=1000, pattern=r"\S")]


class Answers(Struct, frozen=True, forbid_unknown_fields=True):
    """The caller's answers in any order, or the review of a plan.

    With a plan, `answers` are remarks on it.
    """

    answers: Annotated[tuple[AnswerText, ...], Meta(min_length=1, max_length=10)] | None = None
    plan: Annotated[tuple[PlanLine, ...], Meta(min_length=1, max_length=10)] | None = None
    approve: bool = False


ANSWER_EXAMPLE = Example(summary="An answer", value={"answers": ["I mean the programming language."]})
PLAN_EXAMPLE = Example(
    summary="An edited plan", value={"plan": ["What does __enter__ do?", "What does __exit__ do?"]}
)


@post(
    "/jobs/{job_id:str}/input",
    status_code=200,
    responses=problems_of(*BODY, *LOG, "no_input_requested", "try_again"),
    summary="Answer the agent's questions, or review its plan",
    description="The job returns to the queue. Without an answer it continues with its stated assumptions.",
)
async def provide_input(
    context: NamedDependency[ApiContext],
    job_id: FromPath[str],
    data: Annotated[Answers, Body(examples=[ANSWER_EXAMPLE, PLAN_EXAMPLE])],
) -> Response[JobView]:
    """Record the answers, and return the job to the queue."""
    job = await context.load(job_id_of(job_id))
    if not (data.answers or data.plan or data.approve):
        raise BadRequest("missing_field", "Send `answers`, a `plan`, or `approve`: true.", "answers")
    command = c.ProvideInput(data.answers or (), data.plan)
    answered = await handle(context.writer, job, command, actor=context.caller.actor)
    return Response(job_view(answered))
