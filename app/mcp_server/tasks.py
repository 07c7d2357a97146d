"""Serve the Tasks extension: each job is a task.

The job's id is the task's. After the draft of ext-tasks of August 2026.
"""

from collections.abc import Awaitable, Sequence
from typing import Any, Literal, TypeVar

import msgspec
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.extension import Extension, MethodBinding
from mcp.server.mcpserver.server import require_client_extension
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ElicitResult,
    InputResponses,
    RequestParams,
)

from app.mcp_server.clarification import ROUND_TRIPS, can_ask, form_key, request_of
from app.mcp_server.research_tools import ResearchTools, research_result
from dossier.job_types import JobView
from dossier.problems import DossierError

TASKS = "io.modelcontextprotocol/tasks"
VERSIONS = frozenset({ROUND_TRIPS})
STARTING_TOOL = "start_research"
POLL_MS = 2000  # between two looks of a host
RESULT_HERE = "The report is in this result."

ToldT = TypeVar("ToldT")
TaskStatus = Literal["working", "input_required", "completed", "cancelled"]
Asked = ServerRequestContext[Any, Any]


class TaskParams(RequestParams):
    """Which task is meant."""

    task_id: str


class UpdateParams(TaskParams):
    """What the user said, by the keys of the forms."""

    input_responses: InputResponses


class ResearchTasks(Extension):
    """Answers `start_research` with a task, where the host knows tasks."""

    identifier = TASKS

    def __init__(self, tools: ResearchTools) -> None:
        self._tools = tools

    def methods(self) -> Sequence[MethodBinding]:
        """The three methods of the extension."""
        return (
            MethodBinding("tasks/get", TaskParams, self._get, VERSIONS),
            MethodBinding("tasks/update", UpdateParams, self._update, VERSIONS),
            MethodBinding("tasks/cancel", TaskParams, self._cancel, VERSIONS),
        )

    async def intercept_tool_call(
        self, params: CallToolRequestParams, ctx: Asked, call_next: CallNext
    ) -> HandlerResult:
        """Return the started job as a task."""
        result = await call_next(ctx)
        started = result.structured_content if isinstance(result, CallToolResult) else None
        if params.name != STARTING_TOOL or not started or not _knows_tasks(ctx):
            return result
        view = await _told(self._tools.view(started["job_id"]))
        return {"resultType": "task", **await self._task(view, ctx)}

    async def _get(self, ctx: Asked, params: TaskParams) -> HandlerResult:
        require_client_extension(ctx, TASKS)
        view = await _told(self._tools.view(params.task_id))
        return {"resultType": "complete", **await self._task(view, ctx), **_details(view, ctx)}

    async def _update(self, ctx: Asked, params: UpdateParams) -> HandlerResult:
        require_client_extension(ctx, TASKS)
        view = await _told(self._tools.view(params.task_id))
        said = params.input_responses.get(form_key(view.input_request)) if view.input_request else None
        if isinstance(said, ElicitResult):
            await _told(self._tools.reply(params.task_id, said))
        return {"resultType": "complete"}

    async def _cancel(self, ctx: Asked, params: TaskParams) -> HandlerResult:
        require_client_extension(ctx, TASKS)
        view = await _told(self._tools.view(params.task_id))
        if view.completed_at is None and view.status != "cancelling":
            await _told(self._tools.cancel(params.task_id))
        return {"resultType": "complete"}

    async def _task(self, view: JobView, ctx: Asked) -> dict[str, Any]:
        return {
            "taskId": str(view.job_id),
            "status": task_status(view, is_asked=can_ask(ctx.session.client_capabilities)),
            "statusMessage": view.current_step,
            "createdAt": view.created_at.isoformat(),
            "lastUpdatedAt": (await _told(self._tools.changed_at(view))).isoformat(),
            "ttlMs": None,  # a job is kept for good
            "pollIntervalMs": POLL_MS,
        }


def task_status(view: JobView, *, is_asked: bool) -> TaskStatus:
    """Return a job's status as a task's.

    A job that failed is a completed task whose result is an error: "failed" is for errors of JSON-RPC.
    One that waits for an answer is working where the host cannot ask its user.
    """
    if view.status in {"completed", "failed"}:
        return "completed"
    if view.status == "cancelled":
        return "cancelled"
    return "input_required" if view.status == "input_required" and is_asked else "working"


def _details(view: JobView, ctx: Asked) -> dict[str, Any]:
    """Return what a status brings with it."""
    match task_status(view, is_asked=can_ask(ctx.session.client_capabilities)):
        case "completed":
            return {"result": _result(view)}
        case "input_required" if view.input_request:
            form = request_of(view.input_request).model_dump(mode="json", by_alias=True, exclude_none=True)
            return {"inputRequests": {form_key(view.input_request): form}}
        case _:
            return {}


def _result(view: JobView) -> dict[str, Any]:
    """Return the tool's result: what `get_research` says, in the shape of `start_research`."""
    found = {**research_result(view), "next": RESULT_HERE}
    text = msgspec.json.encode(found).decode()
    return {
        "content": [{"type": "text", "text": text}],
        "structuredContent": found,
        "isError": view.status == "failed",
    }


def _knows_tasks(ctx: Asked) -> bool:
    capabilities = ctx.session.client_capabilities
    declared = capabilities.extensions if capabilities else None
    return ctx.protocol_version in VERSIONS and TASKS in (declared or {})


async def _told(work: Awaitable[ToldT]) -> ToldT:
    """Return the result, or say which parameter was wrong."""
    try:
        return await work
    except DossierError as error:
        raise MCPError(code=INVALID_PARAMS, message=str(error)) from error
