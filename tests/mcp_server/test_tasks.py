"""The `mcp` package's client handles tasks and forms over HTTP."""

import asyncio
from typing import Any, Literal

import pytest
from mcp import Client, MCPError
from mcp.client import ClientExtension, ResultClaim, advertise
from mcp.types import CallToolResult, ElicitResult, Request, RequestParams, Result

from app.domain.tools import Clarify
from app.mcp_server.growing_progress import GrowingProgress
from app.mcp_server.protocol import make_mcp_server
from app.mcp_server.research_tools import ResearchTools
from app.mcp_server.tasks import TASKS
from dossier import AsyncDossier
from tests.mcp_server.test_mcp import address
from tests.scripted import SCRIPT
from tests.steps import until

assert address  # a fixture

ASKING = Clarify(("Which one?",), ("Mercury",), ("The planet.", "Its diameter."))
MODERN = "2026-07-28"


class TaskCreated(Result):
    """What `tools/call` answers instead of its own result."""

    result_type: Literal["task"] = "task"
    task_id: str
    status: str
    ttl_ms: int | None
    poll_interval_ms: int


class TaskNow(Result):
    """What `tasks/get` answers."""

    task_id: str
    status: str
    last_updated_at: str
    created_at: str
    result: dict[str, Any] | None = None
    input_requests: dict[str, Any] | None = None


class TaskRequest(Request[RequestParams, str]):
    """A request of the extension."""

    method: str
    params: Any


class Tasks(ClientExtension):
    """Act as a host that polls tasks, giving each form one answer."""

    identifier = TASKS

    def __init__(self, say=None):
        self.say, self.seen = say, []
        self.is_told = asyncio.Event()

    def claims(self):
        return [ResultClaim(result_type="task", model=TaskCreated, resolve=self.resolve)]

    async def resolve(self, created, context):
        self.seen.append(created)
        self.is_told.set()
        while True:
            now = await ask(context.session, "tasks/get", created.task_id)
            self.seen.append(now)
            if now.status == "completed":
                return CallToolResult.model_validate(now.result)
            if now.input_requests:
                said = dict.fromkeys(now.input_requests, self.say)
                await ask(context.session, "tasks/update", created.task_id, Result, inputResponses=said)
            await asyncio.sleep(0.05)


async def ask(session, method, task_id, kind=TaskNow, **more):
    request = TaskRequest(method=method, params={"taskId": task_id, **more})
    return await session.send_request(request, kind)


async def never(context, params):
    raise AssertionError("The user was asked.")


def modern(address, *extensions, **more):
    return Client(f"{address}/mcp", mode=MODERN, extensions=extensions, **more)


async def test_a_job_is_a_task_for_a_host_that_knows_tasks(address, house):
    tasks, reply = Tasks(), house.model.next_step

    async def reply_once_told(*asked, **more):
        """Leave the job at work until the host has heard of it."""
        await tasks.is_told.wait()
        return await reply(*asked, **more)

    house.model.next_step = reply_once_told
    async with modern(address, tasks) as host:
        done = await host.call_tool("start_research", {"question": "How does water boil?", "effort": "quick"})

    created, *polled = tasks.seen
    assert (created.status, created.ttl_ms) == ("working", None)
    assert {now.task_id for now in polled} == {created.task_id}
    assert polled[-1].last_updated_at > polled[-1].created_at
    assert done.structured_content["job_id"] == created.task_id
    assert done.structured_content["report"].startswith("Water boils")


async def test_a_host_without_tasks_gets_a_handle(address):
    async with modern(address) as host:
        started = await host.call_tool("start_research", {"question": "How does water boil?"})
        with pytest.raises(MCPError, match="extension") as refused:
            await ask(host.session, "tasks/get", started.structured_content["job_id"])

    assert refused.value.code == -32021


async def test_a_task_asks_its_user_and_goes_on_with_the_answer(address, house):
    house.model.script = (ASKING, *SCRIPT)
    tasks = Tasks({"action": "accept", "content": {"answer_1": "The planet."}})
    async with modern(address, tasks, elicitation_callback=never) as host:
        done = await host.call_tool("start_research", {"question": "How large is Mercury?", "clarify": True})
        log = await host.read_resource(f"dossier://jobs/{done.structured_content['job_id']}/log")

    [form] = next(now.input_requests for now in tasks.seen[1:] if now.input_requests).values()
    assert form["params"]["requestedSchema"]["properties"]["answer_1"]["title"] == "Which one?"
    assert done.structured_content["status"] == "completed"
    assert "Which one? The planet." in log.contents[0].text


async def test_a_cancelled_task_says_so_and_an_unknown_one_is_refused(address, house):
    house.model.pause = 0.5
    async with modern(address, advertise(TASKS)) as host:
        call = {"name": "start_research", "arguments": {"question": "How does water boil?"}}
        made = await host.session.send_request(TaskRequest(method="tools/call", params=call), TaskCreated)
        task_id = made.task_id
        for _ in range(2):
            await ask(host.session, "tasks/cancel", task_id, Result)

        async def is_cancelled():
            return (await ask(host.session, "tasks/get", task_id)).status == "cancelled"

        await until(is_cancelled)
        for unknown in ("0" * 32, "no id"):
            with pytest.raises(MCPError):
                await ask(host.session, "tasks/get", unknown)


@pytest.mark.parametrize(
    ("said", "recorded"),
    [
        (ElicitResult(action="accept", content={"answer_1": "The planet."}), "Which one? The planet."),
        (ElicitResult(action="decline"), "Continue with your assumptions."),
    ],
    ids=["answered", "declined"],
)
async def test_the_user_is_asked_where_the_host_shows_forms(address, house, said, recorded):
    house.model.script = (ASKING, *SCRIPT)
    shown = []

    async def answer(context, params):
        shown.append(params)
        return said

    async with modern(address, elicitation_callback=answer) as host:
        made = await host.call_tool("start_research", {"question": "How large is Mercury?", "clarify": True})
        job_id = made.structured_content["job_id"]
        done = await host.call_tool("get_research", {"job_id": job_id, "wait_seconds": 45})
        log = await host.read_resource(f"dossier://jobs/{job_id}/log")

    [form] = shown
    assert "Which one?" in form.message
    assert "Its diameter." in form.message
    assert done.structured_content["status"] == "completed"
    assert recorded in log.contents[0].text


async def test_a_host_of_2025_is_asked_where_there_is_a_way_back(server, house):
    house.model.script = (ASKING, *SCRIPT)

    async def answer(context, params):
        return ElicitResult(action="accept", content={"answer_1": "The planet."})

    async with AsyncDossier(server) as dossier:
        own = make_mcp_server(ResearchTools(dossier))
        async with Client(own, mode="legacy", elicitation_callback=answer) as host:
            made = await host.call_tool("start_research", {"question": "Mercury?", "clarify": True})
            assert made.structured_content["next"].startswith("Call get_research")
            wait = {"job_id": made.structured_content["job_id"], "wait_seconds": 45}
            done = await host.call_tool("get_research", wait)

    assert done.structured_content["status"] == "completed"


async def test_a_host_that_shows_no_forms_gets_the_questions(address, house):
    house.model.script = (ASKING, *SCRIPT)
    async with modern(address) as host:
        made = await host.call_tool("start_research", {"question": "How large is Mercury?", "clarify": True})
        job_id = made.structured_content["job_id"]
        asked = await host.call_tool("get_research", {"job_id": job_id, "wait_seconds": 45})
        await host.call_tool("answer_question", {"job_id": job_id, "answers": ["The planet."]})

    assert asked.structured_content["questions"] == ["Which one?"]


async def test_progress_only_grows():
    told = []

    async def tell(progress, step):
        told.append(progress)

    grow = GrowingProgress(tell)
    for progress in (0, 0, 20, 10, 20, 21.5, 100, 100):
        await grow(progress, "")
    assert told == [0, 20, 21.5, 100]


async def test_a_host_is_told_of_a_progress_that_only_grows(address, house):
    house.model.pause = 0.3
    told = []

    async def note(progress, total, message):
        told.append(progress)

    async with modern(address) as host:
        made = await host.call_tool("start_research", {"question": "How does water boil?", "effort": "quick"})
        wait = {"job_id": made.structured_content["job_id"], "wait_seconds": 45}
        await host.call_tool("get_research", wait, progress_callback=note)

    assert len(told) > 1
    assert told == sorted(set(told))
