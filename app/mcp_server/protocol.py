"""Serve the tools by the `mcp` package, over stdio and HTTP.

Both eras of the protocol are served.
"""

from collections.abc import Awaitable
from typing import Annotated, Any, Literal, TypeVar

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import InputRequiredResult, ToolAnnotations
from pydantic import Field

from app.mcp_server.clarification import can_ask, user_answer
from app.mcp_server.growing_progress import GrowingProgress
from app.mcp_server.research_tools import HostWish, PagesWanted, ResearchTools
from app.mcp_server.results import FetchedDocument, ResearchResult, SearchHits, Started
from app.mcp_server.tasks import ResearchTasks
from dossier.problems import DossierError
from dossier.request import MAX_HEADINGS, MAX_INSTRUCTIONS, MAX_QUERY
from dossier.version import __version__

INSTRUCTIONS = (
    "Dossier researches a question and writes a report whose citations are checked. Research takes minutes: "
    "call start_research, then get_research with the job_id until it is over. "
    "search and fetch read documents and past reports."
)
READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
SPENDS = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=True)
STOPS = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
)

ToolResultT = TypeVar("ToolResultT")

JobId = Annotated[str, Field(description="The id that start_research returned.")]


def make_mcp_server(tools: ResearchTools) -> MCPServer[None]:
    """Return the server over these tools."""
    server: MCPServer[None] = MCPServer(
        "dossier",
        version=__version__,
        instructions=INSTRUCTIONS,
        log_level="WARNING",
        extensions=[ResearchTasks(tools)],
    )
    _add_start(server, tools)
    _add_following(server, tools)
    _add_reading(server, tools)
    return server


def _add_start(server: MCPServer[None], tools: ResearchTools) -> None:
    @server.tool(annotations=SPENDS)
    async def start_research(  # noqa: PLR0913, PLR0917 - hosts name their arguments
        question: Annotated[str, Field(min_length=1, max_length=MAX_QUERY)],
        effort: Literal["quick", "standard", "deep"] = "standard",
        instructions: Annotated[
            str, Field(max_length=MAX_INSTRUCTIONS, description="What the report is to be like.")
        ] = "",
        language: Annotated[str | None, Field(description="Of the report: a tag like de or pt-BR.")] = None,
        length: Literal["short", "medium", "long"] | None = None,
        outline: Annotated[
            list[str] | None, Field(max_length=MAX_HEADINGS, description="The report's headings, in order.")
        ] = None,
        clarify: Annotated[  # noqa: FBT002 - hosts name their arguments
            bool, Field(description="Let the agent ask before it starts; get_research asks the user.")
        ] = False,
        plan_review: Annotated[  # noqa: FBT002 - hosts name their arguments
            bool, Field(description="Wait with the plan; get_research shows it, answer_question goes on.")
        ] = False,
        output_schema: Annotated[
            dict[str, Any] | None,
            Field(description="A JSON Schema of an object to fill; get_research returns it as output."),
        ] = None,
        pages: Annotated[
            PagesWanted | None, Field(description="When, in which language and where the pages are from.")
        ] = None,
    ) -> Started:
        """Start research on a question, and return a job_id at once."""
        wish = HostWish(
            instructions, language, length, outline or [], clarify, plan_review, output_schema, pages or {}
        )
        return await _said(tools.start(question, effort, wish))


def _add_following(server: MCPServer[None], tools: ResearchTools) -> None:
    @server.tool(annotations=READS)
    async def get_research(
        job_id: JobId, context: Context, wait_seconds: Annotated[float, Field(ge=0, le=45)] = 30
    ) -> ResearchResult | InputRequiredResult:
        """Get a job and its report, after at most wait_seconds.

        Where the agent asks and the host shows forms, the user is asked.
        """
        return await _get_or_ask(tools, job_id, context, wait_seconds)

    @server.tool(annotations=SPENDS)
    async def finish_research(job_id: JobId) -> ResearchResult:
        """Have the report written now, from what was read so far."""
        return await _said(tools.finish(job_id))

    @server.tool(annotations=STOPS)
    async def cancel_research(job_id: JobId) -> ResearchResult:
        """Cancel a job."""
        return await _said(tools.cancel(job_id))

    @server.tool(annotations=SPENDS)
    async def answer_question(
        job_id: JobId,
        answers: Annotated[
            list[str] | None, Field(max_length=10, description="Answers, or remarks on a plan.")
        ] = None,
        plan: Annotated[
            list[str] | None, Field(max_length=10, description="The steps of an edited plan.")
        ] = None,
        approve: Annotated[  # noqa: FBT002 - hosts name their arguments
            bool, Field(description="Go on with the plan as it is.")
        ] = False,
    ) -> ResearchResult:
        """Answer a job whose status is input_required, or review its plan."""
        return await _said(tools.answer(job_id, answers or [], plan, approve=approve))


async def _get_or_ask(
    tools: ResearchTools, job_id: str, context: Context, wait_seconds: float
) -> ResearchResult | InputRequiredResult:
    """Get a job, first asking the user what the agent asks."""

    @GrowingProgress
    async def tell(progress: float, step: str) -> None:
        await context.report_progress(progress, 100, step)

    found = await _said(tools.get(job_id, wait_seconds, tell))
    if found["status"] != "input_required" or not can_ask(context.client_capabilities):
        return found
    asked = (await _said(tools.view(job_id))).input_request
    said = await user_answer(context, asked) if asked else None
    if said is None or isinstance(said, InputRequiredResult):
        return said or found
    await _said(tools.reply(job_id, said))
    return await _said(tools.get(job_id, wait_seconds, tell))


def _add_reading(server: MCPServer[None], tools: ResearchTools) -> None:
    @server.tool(annotations=READS)
    async def search(query: str) -> SearchHits:
        """Search the documents and past reports on this server."""
        return await _said(tools.search(query))

    @server.tool(annotations=READS)
    async def fetch(id: str) -> FetchedDocument:  # noqa: A002 - the name that ChatGPT uses
        """Get the text of a search result."""
        return await _said(tools.fetch(id))

    @server.resource("dossier://jobs/{job_id}/report", mime_type="text/markdown")
    async def report(job_id: str) -> str:
        """The report of a job."""
        return await tools.report(job_id)

    @server.resource("dossier://jobs/{job_id}/log", mime_type="application/jsonl")
    async def log(job_id: str) -> str:
        """The events of a job, one line of JSON each."""
        return await tools.log(job_id)

    @server.resource("dossier://jobs/{job_id}/bundle", mime_type="application/zip")
    async def bundle(job_id: str) -> bytes:
        """A job as a zip that can be checked offline."""
        return await tools.bundle(job_id)


async def _said(work: Awaitable[ToolResultT]) -> ToolResultT:
    """Return the result, or tell the model what was refused."""
    try:
        return await work
    except DossierError as error:
        raise ToolError(str(error)) from error
