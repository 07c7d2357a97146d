"""Define the tools, each a few stateless calls of the client."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from mcp.types import ElicitResult
from typing_extensions import TypedDict

from app.mcp_server.clarification import answers_in
from app.mcp_server.growing_progress import TellProgress
from app.mcp_server.results import (
    FetchedDocument,
    ReportSource,
    ResearchResult,
    SearchHit,
    SearchHits,
    Started,
)
from dossier import AsyncDossier
from dossier.job_types import JobView
from dossier.problems import DossierError
from dossier.request import Effort, Length, Sources

MAX_TOOL_WAIT = 45.0  # seconds; hosts cut a call after about a minute
POLL_SECONDS = 1.0  # seconds between two looks at a job that is waited for
MAX_REPORT = 20_000  # characters in an answer; hosts refuse longer ones, the resource has the rest
SEARCH_RESULTS = 10
JOB_PREFIX = "job:"  # what the id of a report begins with; other ids are addresses of documents


class PagesWanted(TypedDict, total=False):
    """When the pages are from, in which language and where."""

    published_after: date  # the first day
    published_before: date  # the last day
    language: str  # a tag such as de
    region: str  # the country to search from, such as AT


class HostWish(NamedTuple):
    """What the report is to be like."""

    instructions: str = ""
    language: str | None = None
    length: Length | None = None
    outline: Sequence[str] = ()
    clarify: bool = False
    plan_review: bool = False
    output_schema: dict[str, Any] | None = None
    pages: PagesWanted = {}  # noqa: RUF012 - nobody writes to it


class ResearchTools:
    """What the tools do, over one server."""

    def __init__(self, dossier: AsyncDossier, page: Callable[[], str] | None = None) -> None:
        self._dossier = dossier
        self._page = page or (lambda: dossier.url)

    async def start(self, question: str, effort: Effort, wish: HostWish) -> Started:
        """Submit a question. Raises DossierError."""
        job = await self._dossier.submit(
            question,
            effort=effort,
            instructions=wish.instructions,
            language=wish.language,
            length=wish.length,
            outline=wish.outline,
            clarify=wish.clarify,
            plan_review=wish.plan_review,
            output_schema=wish.output_schema,
            sources=_sources(wish.pages),
        )
        return Started(
            job_id=str(job.job_id),
            status=job.status,
            next="Call get_research with this job_id until the status is completed, failed or cancelled.",
        )

    async def get(self, job_id: str, wait_seconds: float, tell: TellProgress) -> ResearchResult:
        """Return a job, after a change that ends the wait.

        Raises DossierError.
        """
        until = time.monotonic() + min(max(wait_seconds, 0.0), MAX_TOOL_WAIT)
        while True:
            view = await self._dossier.job(job_id)
            await tell(view.progress, view.current_step)
            left = until - time.monotonic()
            if view.status in SETTLED or left <= 0:
                return research_result(view)
            await asyncio.sleep(min(POLL_SECONDS, left))

    async def finish(self, job_id: str) -> ResearchResult:
        """Have the report written now. Raises DossierError."""
        return research_result(await self._dossier.finish(job_id))

    async def cancel(self, job_id: str) -> ResearchResult:
        """Cancel a job. Raises DossierError."""
        await self._dossier.cancel(job_id)
        return research_result(await self._dossier.job(job_id))

    async def answer(
        self, job_id: str, answers: list[str], plan: list[str] | None = None, *, approve: bool = False
    ) -> ResearchResult:
        """Answer the agent's questions, or review its plan. Raises DossierError."""
        return research_result(await self._dossier.answer(job_id, answers, plan=plan, approve=approve))

    async def reply(self, job_id: str, said: ElicitResult) -> None:
        """Pass on what a user said in a form. Raises DossierError."""
        asked = (await self.view(job_id)).input_request
        answers = answers_in(asked, said) if asked else None
        if asked and answers is not None:
            await self._dossier.answer(_uuid(job_id), answers, approve=not asked.questions)

    async def view(self, job_id: str) -> JobView:
        """Return a job as the API shows it. Raises DossierError."""
        return await self._dossier.job(_uuid(job_id))

    async def changed_at(self, view: JobView) -> datetime:
        """Return when a job's last event was written. Raises DossierError."""
        page = await self._dossier.events(view.job_id, view.seq - 1, 1)
        return page.events[0].at if page.events else view.completed_at or view.created_at

    async def search(self, query: str) -> SearchHits:
        """Find documents, and reports on a question with these words.

        Raises DossierError.
        """
        found = await self._dossier.search_documents(query, limit=SEARCH_RESULTS)
        documents = [
            {"id": one.url, "title": one.title or one.url, "url": one.url} for one in found.documents
        ]
        return SearchHits(results=[*documents, *await self._reports(query)])  # type: ignore[list-item]

    async def fetch(self, id_: str) -> FetchedDocument:
        """Return a document or report by its search id.

        Raises DossierError.
        """
        if not id_.startswith(JOB_PREFIX):
            document = await self._dossier.document(id_)
            return FetchedDocument(id=id_, title=document.title, text=document.text, url=document.url)
        job_id = id_.removeprefix(JOB_PREFIX)
        view = await self._dossier.job(job_id)
        return FetchedDocument(
            id=id_,
            title=view.query,
            text=await self.report(job_id),
            url=f"{self._page()}/browse/jobs/{job_id}",
        )

    async def report(self, job_id: str) -> str:
        """Return a report as markdown. Raises DossierError."""
        return await self._dossier.report(_uuid(job_id))

    async def log(self, job_id: str) -> str:
        """Return a job's events, one line of JSON each. Raises DossierError."""
        return "\n".join([event.line.decode() async for event in self._dossier.iter_events(_uuid(job_id))])

    async def bundle(self, job_id: str) -> bytes:
        """Return the job as a zip that can be checked offline.

        Raises DossierError.
        """
        return await self._dossier.bundle(_uuid(job_id))

    async def _reports(self, query: str) -> list[SearchHit]:
        words = {word for word in query.lower().split() if len(word) > 3}
        jobs = (await self._dossier.jobs(status="completed", limit=100)).jobs
        fitting = [job for job in jobs if words & set(job.query.lower().replace("?", " ").split())]
        return [
            {
                "id": f"{JOB_PREFIX}{job.job_id}",
                "title": job.query[:200],
                "url": f"{self._page()}/browse/jobs/{job.job_id}",
            }
            for job in fitting[:SEARCH_RESULTS]
        ]


SETTLED = frozenset({"completed", "failed", "cancelled", "input_required"})


def _sources(wanted: PagesWanted) -> Sources | None:
    """Return the pages wanted as a request has them. Raises DossierError."""
    try:
        return Sources(**wanted) if wanted else None
    except ValueError as error:
        raise DossierError(str(error)) from None


def _uuid(text: str) -> UUID:
    with contextlib.suppress(ValueError):  # the error below says it in words
        return UUID(text)
    raise DossierError("A job's id is a UUID.")


def research_result(view: JobView) -> ResearchResult:
    """Return a job as the tools answer it."""
    found = ResearchResult(
        job_id=str(view.job_id),
        status=view.status,
        progress=view.progress,
        current_step=view.current_step,
    )
    if view.outcome:
        found["outcome"] = view.outcome
    if view.error:
        found["error"] = view.error.error_message
    if asked := view.input_request:
        found["questions"], found["assumptions"] = list(asked.questions), list(asked.assumptions)
        if asked.plan:
            found["plan"] = list(asked.plan)
    if result := view.result:
        found["title"], found["outcome_reason"] = result.title, result.outcome_reason
        found["report"] = result.final_answer[:MAX_REPORT]
        found["is_cut"] = len(result.final_answer) > MAX_REPORT
        found["report_resource"] = f"dossier://jobs/{view.job_id}/report"
        found["sources"] = [
            ReportSource(number=one.number, title=one.title, url=one.url)
            for one in result.sources
            if one.read
        ]
        if result.output:
            found["output"] = msgspec.to_builtins(result.output)
    return found
