"""Ask a host's user by a form what the agent asks."""

from typing import Any

from mcp.server.mcpserver import Context
from mcp.types import (
    ClientCapabilities,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
)
from mcp.types.version import is_version_at_least

from dossier.job_types import InputRequest

ROUND_TRIPS = "2026-07-28"  # the revision from which a server asks in its result
REMARKS = "remarks"  # the field of a plan's form
DECLINED = "No answer. Continue with your assumptions."
MAX_ANSWER = 2000  # characters, as the API takes them


def can_ask(capabilities: ClientCapabilities | None) -> bool:
    """Return whether the host shows forms to its user."""
    elicitation = capabilities.elicitation if capabilities else None
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)


def form_key(asked: InputRequest) -> str:
    """Return the name of a form, unique within its job."""
    return f"input-{int(asked.expires_at.timestamp() * 1000)}"


def form_of(asked: InputRequest) -> ElicitRequestFormParams:
    """Return the agent's questions or plan as a form."""
    texts = _questions(asked) if asked.questions else {REMARKS: "Remarks on the plan, if any"}
    kind = {"type": "string", "maxLength": MAX_ANSWER}
    fields = {name: {**kind, "title": text} for name, text in texts.items()}
    schema: dict[str, Any] = {"type": "object", "properties": fields}
    return ElicitRequestFormParams(message=_message(asked), requested_schema=schema)


def request_of(asked: InputRequest) -> ElicitRequest:
    """Return the request that has a host show the form."""
    return ElicitRequest(params=form_of(asked))


def answers_in(asked: InputRequest, said: ElicitResult) -> list[str] | None:
    """Return the user's answers, each with its question.

    None where the form was closed.
    """
    if said.action != "accept":
        return [DECLINED] if said.action == "decline" else None
    content = said.content or {}
    if not asked.questions:
        return [text] if (text := _text(content.get(REMARKS))) else []
    answers = {text: _text(content.get(name)) for name, text in _questions(asked).items()}
    given = [f"{question} {answer}"[:MAX_ANSWER] for question, answer in answers.items() if answer]
    return given or [DECLINED]


async def user_answer(context: Context[Any, Any], asked: InputRequest) -> ElicitResult | InputRequiredResult:
    """Return the answer, or the result that has the host ask."""
    if is_version_at_least(context.request_context.protocol_version, ROUND_TRIPS):
        said = (context.input_responses or {}).get(form_key(asked))
        if isinstance(said, ElicitResult):
            return said
        return InputRequiredResult(input_requests={form_key(asked): request_of(asked)})
    form, session = form_of(asked), context.request_context.session
    return await session.elicit_form(form.message, form.requested_schema, context.request_id)


def _questions(asked: InputRequest) -> dict[str, str]:
    return {f"answer_{number}": text for number, text in enumerate(asked.questions, 1)}


def _message(asked: InputRequest) -> str:
    if asked.questions:
        lines = ["The research needs a clarification.", *asked.questions]
    else:
        lines = ["Review the plan of the research.", *(f"- {step}" for step in asked.plan or ())]
    if asked.assumptions:
        lines += ["Without an answer it assumes:", *(f"- {one}" for one in asked.assumptions)]
    return "\n".join(lines)


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
