"""POST /jobs/{id}/input: answers to the agent's questions."""

from typing import Annotated

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath
from msgspec import Meta, Struct

from app.api.desk import Desk, job_id_of
from app.api.jobs import ABSENT, PROBLEMS, require_json
from app.api.problems import BadRequest, Problem
from app.domain import commands as c
from app.domain.view import job_view
from app.handle import handle
from dossier.job import JobView

Line = Annotated[str, Meta(min_length=1, max_length=2000)]


class Answers(Struct, frozen=True, forbid_unknown_fields=True):
    """What the caller says to the questions, in any order and number."""

    answers: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=10)]


EXAMPLE = Example(summary="An answer", value={"answers": ["I mean the programming language."]})


@post(
    "/jobs/{job_id:str}/input",
    status_code=200,
    responses={
        **PROBLEMS,
        **ABSENT,
        409: ResponseSpec(Problem, description="The job asks for nothing, or no more"),
    },
    summary="Answer the agent's questions",
    description="The job waits again for a worker. Unanswered, it goes on with its stated assumptions.",
)
async def provide_input(
    desk: NamedDependency[Desk],
    request: Request,  # type: ignore[type-arg]
    job_id: FromPath[str],
    data: Annotated[Answers, Body(examples=[EXAMPLE])],
) -> Response[JobView]:
    """Hand the answers to the job."""
    require_json(request)
    if any("\x00" in answer for answer in data.answers):
        raise BadRequest("invalid_character", "U+0000 is not allowed.", "answers")
    job = await desk.load(job_id_of(job_id))
    answered = await handle(desk.writer, job, c.ProvideInput(data.answers), actor="api")
    return Response(job_view(answered))
