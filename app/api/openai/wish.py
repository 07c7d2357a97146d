"""What a caller of OpenAI's protocols asks for, as a research request."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request
from msgspec import Struct
from msgspec.structs import replace

from app.api.contract import decoded_body, require_json
from app.api.openai.conversation import PlainMessage, instructions_of, messages_of, question_of
from app.api.path_values import uuid_of
from app.api.problem_details import BadRequest, InvalidRequest
from app.api.schema_door import written_schema
from app.api.shape import bound_faults, faults, text_faults
from app.faces.model_names import EFFORTS, MODEL_PREFIX, read_model_name
from dossier.request import Effort, ResearchRequest

OF_REASONING: dict[str, Effort] = {
    "none": "quick",
    "minimal": "quick",
    "low": "quick",
    "medium": "standard",
    "high": "deep",
    "xhigh": "deep",
}
WEB = ("web_search",)  # also with a date, or "_preview"
CORPUS = ("file_search",)
# Tuples: what a caller sends is compared, for not all of it could be looked up in a set.
AUTOMATIC = (None, "auto", "none")
PLAIN = (None, "text")
THEIR_NAMES = (
    ("limits.max_searches", "max_tool_calls"),
    ("sources.allowed_domains", "tools.filters.allowed_domains"),
    ("sources.region", "user_location.country"),
)
MAX_CONVERSATION_KEYS = 20_000  # of a body of 1 MiB
ONE_REPORT = (None, 1)

_KIND = msgspec.inspect.type_info(ResearchRequest)


class Wish(Struct, frozen=True):
    """A request of one of OpenAI's protocols, understood."""

    request: ResearchRequest
    question: str  # the newest message with its context, also where it continues another job
    previous: UUID | None = None
    stream: bool = False
    background: bool = False
    is_stored: bool = True
    include_usage: bool = False
    callback_url: str | None = None
    messages: tuple[PlainMessage, ...] = ()


async def body_of(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Return the JSON object in the body. Raises BadRequest."""
    require_json(request)
    body = decoded_body(await request.body())
    if not isinstance(body, dict):
        raise BadRequest("wrong_type", "Expected an object.", "body")
    errors = list(bound_faults(body, keys=MAX_CONVERSATION_KEYS)) or list(text_faults(body, ""))
    if errors:
        raise InvalidRequest(errors[:1])
    return body


def response_wish(body: Mapping[str, Any]) -> Wish:
    """Understand a body of POST /v1/responses. Raises BadRequest, InvalidRequest."""
    given = body.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if not isinstance(items, list):
        raise BadRequest("missing_field", "Send `input`: a string or an array of messages.", "input")
    schema = _schema_of(_object(body, "text").get("format"), "text.format")
    is_stored = _optional(body, "store", bool) is not False
    if _flag(body, "background") and not is_stored:
        message = "A background response is fetched later. Leave `store` out."
        raise BadRequest("out_of_range", message, "store")
    instructions = _optional(body, "instructions", str)
    messages = messages_of(items, "input")
    question = question_of(messages, "input")
    told = instructions_of(messages, instructions)
    effort = _object(body, "reasoning").get("effort")
    limit = _optional(body, "max_tool_calls", int)
    previous = _optional(body, "previous_response_id", str)
    callback_url = _optional(body, "callback_url", str)
    if callback_url and (not _flag(body, "background") or _flag(body, "stream")):
        message = (
            "A callback is for a response that nobody waits for. Use `background: true` without `stream`."
        )
        raise BadRequest("out_of_range", message, "callback_url")
    return Wish(
        _request(
            body,
            question,
            {"instructions": told, "output_schema": schema},
            effort,
            {"max_searches": limit} if limit is not None else {},
        ),
        question,
        previous=job_of_response(previous, "previous_response_id") if previous else None,
        stream=_flag(body, "stream"),
        background=_flag(body, "background"),
        is_stored=is_stored,
        callback_url=callback_url,
    )


def chat_wish(body: Mapping[str, Any]) -> Wish:
    """Understand a body of POST /v1/chat/completions. Raises BadRequest, InvalidRequest."""
    items = body.get("messages")
    if not isinstance(items, list):
        raise BadRequest("missing_field", "Send `messages`: an array of messages.", "messages")
    schema = _schema_of(body.get("response_format"), "response_format")
    if body.get("n") not in ONE_REPORT:
        raise BadRequest("out_of_range", "A job writes one report. Use n = 1 or leave it out.", "n")
    messages = messages_of(items, "messages")
    question = question_of(messages, "messages")
    told = instructions_of(messages, None)
    options = _object(body, "stream_options")
    return Wish(
        _request(
            body,
            question,
            {"instructions": told, "output_schema": schema},
            body.get("reasoning_effort"),
            {},
        ),
        question,
        stream=_flag(body, "stream"),
        include_usage=options.get("include_usage") is True,
        messages=tuple(messages),
    )


def job_of_response(text: str, field: str = "response_id") -> UUID:
    """Return the job behind a response's id. Raises BadRequest."""
    wrong = BadRequest("malformed_job_id", "An id looks like resp_ and 32 hexadecimal digits.", field)
    return uuid_of(text.removeprefix("resp_"), wrong)


def _request(
    body: Mapping[str, Any], question: str, report: Mapping[str, Any], effort: object, limits: dict[str, Any]
) -> ResearchRequest:
    named, model = _model(body)
    sources = _sources(body)
    wanted = {
        "query": question,
        "effort": _effort(named, effort),
        "metadata": body.get("metadata") or {},
        **{name: value for name, value in report.items() if value},
        **({"model": model} if model else {}),
        **({"limits": limits} if limits else {}),
        **({"sources": sources} if sources else {}),
    }
    if errors := list(faults(wanted, _KIND, "")):
        raise InvalidRequest([replace(error, field=_their_name(error.field)) for error in errors])
    return msgspec.convert(wanted, ResearchRequest)


def _their_name(field: str) -> str:
    """Return what callers of these protocols call a field of ours."""
    for ours, theirs in THEIR_NAMES:
        if field.startswith(ours):
            return theirs + field.removeprefix(ours)
    return field


def _model(body: Mapping[str, Any]) -> tuple[Effort | None, str | None]:
    name = _optional(body, "model", str) or MODEL_PREFIX
    try:
        return read_model_name(name)
    except LookupError:
        known = ", ".join(f"{MODEL_PREFIX}-{effort}" for effort in EFFORTS)
        raise BadRequest(
            "out_of_range", f"There is no model {name[:100]!r}. Use one of: {known}.", "model"
        ) from None


def _effort(named: Effort | None, wanted: object) -> Effort:
    """Return the effort of the model's name, else that of `reasoning.effort`."""
    if wanted is None:
        return named or "standard"
    effort = OF_REASONING.get(wanted) if isinstance(wanted, str) else None
    if effort is None:
        raise BadRequest("out_of_range", f"Use one of: {', '.join(OF_REASONING)}.", "reasoning.effort")
    if named and named != effort:
        message = f"The model {MODEL_PREFIX}-{named} fixes the effort. Use {MODEL_PREFIX!r} with this field."
        raise BadRequest("out_of_range", message, "reasoning.effort")
    return effort


def _sources(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return where to search, skipping tools a report does not need."""
    choice = body.get("tool_choice")
    if choice not in AUTOMATIC:
        message = (
            'The agent chooses its tools. Use "auto" or leave it out. '
            "For structured output use a format of type json_schema."
        )
        raise BadRequest("out_of_range", message, "tool_choice")
    tools = body.get("tools") or []
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise BadRequest("wrong_type", "Expected an array of objects.", "tools")
    kinds = [str(tool.get("type")) for tool in tools]
    is_web, is_corpus = (any(kind.startswith(names) for kind in kinds) for names in (WEB, CORPUS))
    found: dict[str, Any] = {}
    if is_corpus:
        found["search"] = "both" if is_web else "corpus"
    domains = [domain for tool in tools for domain in _domains(tool)]
    if domains:
        found["allowed_domains"] = domains
    if region := _region([*tools, body.get("web_search_options")]):
        found["region"] = region
    return found


def _region(options: Iterable[object]) -> object:
    """Return the country of the first `user_location`.

    Chat completions wrap it once more.
    """
    for option in options:
        place = option.get("user_location") if isinstance(option, dict) else None
        place = place.get("approximate", place) if isinstance(place, dict) else None
        if isinstance(place, dict) and place.get("country"):
            return place["country"]
    return None


def _domains(tool: Mapping[str, Any]) -> list[Any]:
    filters = tool.get("filters")
    domains = filters.get("allowed_domains") if isinstance(filters, dict) else None
    return domains if isinstance(domains, list) else []


def _schema_of(format_: object, field: str) -> dict[str, Any] | None:
    """Return the schema of a structured answer, None for plain text.

    Responses has it in the format itself, chat completions in its `json_schema`.
    """
    kind = format_.get("type") if isinstance(format_, dict) else format_
    if kind in PLAIN:
        return None
    if kind != "json_schema" or not isinstance(format_, dict):
        raise BadRequest("out_of_range", 'Use type "text" or "json_schema", or leave it out.', field)
    inner = format_.get("json_schema")
    schema = (inner if isinstance(inner, dict) else format_).get("schema")
    if not isinstance(schema, dict):
        raise BadRequest("missing_field", "Send `schema`: a JSON Schema.", field)
    return written_schema(schema, field)


def _flag(body: Mapping[str, Any], name: str) -> bool:
    return bool(_optional(body, name, bool))


def _optional(body: Mapping[str, Any], name: str, kind: type) -> Any:  # noqa: ANN401 - of `kind`, or None
    value = body.get(name)
    if value is not None and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        raise BadRequest("wrong_type", f"Expected {_WORDS[kind]}.", name)
    return value


def _object(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    return _optional(body, name, dict) or {}


_WORDS = {str: "a string", int: "a whole number", bool: "true or false", dict: "an object"}
