"""The client for asyncio, which the blocking client runs."""

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, Self
from uuid import UUID

import httpx

from dossier.comparison import Diff
from dossier.decoding import decoded
from dossier.discovery_types import Capabilities, Estimate
from dossier.document_calls import DocumentCalls
from dossier.event_types import EventPage, FeedEvent, FeedPage, JobEvent, event_page, feed_page
from dossier.evidence import Claims
from dossier.follow import follow
from dossier.job_types import OVER, Cancelled, Created, Jobs, JobSort, JobView, Mark, Outcome, Result, Status
from dossier.library_types import JobSearch, Library, MarkChange, NewFilter, SavedFilter
from dossier.operator_calls import OperatorCalls
from dossier.patience import Patience
from dossier.problems import BadUrl, NoContact, NoResult, StillRunning, api_error
from dossier.replayed import Replayed
from dossier.request import Changes, Effort, Fork, Length, Limits, NewJob, ResearchRequest, Sources, Verify
from dossier.server_calls import given, path_of
from dossier.share_types import NewShare, Shares, ShareWithUrl
from dossier.stream_token_types import StreamToken
from dossier.version import __version__
from dossier.webhook_calls import WebhookCalls

DEFAULT_URL = "http://127.0.0.1:8000"
CONTACT_PATIENCE = 60.0  # seconds without contact until `stream` gives up; a deploy is shorter
REQUEST_TIMEOUT = httpx.Timeout(connect=5.0, read=30.0, write=10.0, pool=5.0)
SLOW = httpx.Timeout(connect=5.0, read=300.0, write=10.0, pool=5.0)  # replays and bundles: one at a time
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
JOBS_PAGE = 100  # the most that the server gives
EVENTS_PAGE = 500

JobId = UUID | str
ReportFormat = Literal["md", "html", "json", "bib", "csl"]


class AsyncDossier(DocumentCalls, WebhookCalls, OperatorCalls):
    """A Dossier server's jobs. Use it in `async with`, or call `close`.

    Every method may raise ApiError (the server refused), NoContact (no answer) or StreamBroken
    (the answer is not Dossier's). Fields and events of a newer server than this client are left out.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        patience: float = CONTACT_PATIENCE,
        api_key: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Connect to `url`.

        The default is DOSSIER_URL, else port 8000 of this machine.

        Args:
            url: Such as "https://dossier.example.com".
            patience: Seconds without any contact until `stream` and `result` raise NoContact.
            api_key: Such as "dsk_…"; the default is DOSSIER_API_KEY, and no key where that is not set.
            transport: How requests are sent, in place of a connection to `url`.

        Raises:
            BadUrl: The URL is not one of a server.
        """
        self.url = _checked(url or os.environ.get("DOSSIER_URL") or DEFAULT_URL)
        self._patience = patience
        self._http = httpx.AsyncClient(
            base_url=self.url,
            transport=transport,
            timeout=REQUEST_TIMEOUT,
            headers=_headers(api_key or os.environ.get("DOSSIER_API_KEY")),
            verify=self.url.startswith("https:"),  # plain http needs no certificates, which are slow to load
            trust_env=httpx.URL(self.url).host not in LOOPBACK,  # no proxy leads to this machine itself
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def submit(  # noqa: PLR0913 - the fields of a request
        self,
        query: str,
        *,
        effort: Effort = "standard",
        priority: int = 0,
        tags: Sequence[str] = (),
        metadata: dict[str, Any] | None = None,
        limits: Limits | None = None,
        sources: Sources | None = None,
        clarify: bool = False,
        model: str | None = None,
        verify: Verify | None = None,
        instructions: str = "",
        language: str | None = None,
        length: Length | None = None,
        outline: Sequence[str] = (),
        plan_review: bool = False,
        output_schema: dict[str, Any] | None = None,
        callback_url: str | None = None,
        idempotency_key: str | None = None,
    ) -> Created:
        """Submit a question as a new job.

        The job then runs to its end whatever happens to the server.

        Args:
            query: The question, 1 to 4000 characters.
            effort: "quick", "standard" or "deep": sets every limit that you leave out.
            priority: -100 to 100; higher goes first.
            tags: Up to 10, of 1 to 50 characters; `jobs` filters by them.
            metadata: Your own fields, up to 10 KB of JSON.
            limits: Such as Limits(max_searches=5, max_cost_usd=0.5, deadline_seconds=120).
            sources: Where to look, such as Sources(search="corpus").
            clarify: Let the agent ask before it spends anything; reply with `answer`.
            model: A language model other than the server's default.
            verify: Which claims a judge checks: "off", "cited" or "all"; None: the server decides.
            instructions: For whom the report is, its form, what it must include; up to 4000 characters.
            language: The report's language, such as "de" or "pt-BR"; None: that of the question.
            length: "short", "medium", "long" or a number of words; None: by effort.
            outline: The report's headings in order, up to 30.
            output_schema: JSON Schema of an object that the job fills; see `result.output`.
            plan_review: Let the job wait until `answer` approves or edits its plan.
            callback_url: Where the job's questions and its end are posted as a webhook, which is signed with
                the secret in `callback` of the answer.
            idempotency_key: 1 to 255 characters. Repeating a submit with the same key and fields
                returns the same job, so a submit whose answer was lost can be sent again.

        Raises:
            ApiError: `queue_full` (see `retry_after`), `idempotency_conflict`, or fields that were
                refused (see `errors`).
        """
        request = NewJob(
            callback_url=callback_url,
            query=query,
            effort=effort,
            priority=priority,
            tags=tuple(tags),
            metadata=metadata or {},
            limits=limits or Limits(),
            sources=sources or Sources(),
            clarify=clarify,
            model=model,
            verify=verify,
            instructions=instructions,
            language=language,
            length=length,
            outline=tuple(outline),
            plan_review=plan_review,
            output_schema=output_schema,
        )
        return decoded(await self._send("POST", "/jobs", request, _repeatable(idempotency_key)), Created)

    async def fork(  # noqa: PLR0913 - the fields of a request
        self,
        job_id: JobId,
        after: int | None = None,
        *,
        instruction: str | None = None,
        effort: Effort | None = None,
        priority: int | None = None,
        tags: Sequence[str] | None = None,
        metadata: dict[str, Any] | None = None,
        limits: Limits | None = None,
        sources: Sources | None = None,
        clarify: bool | None = None,
        model: str | None = None,
        verify: Verify | None = None,
        instructions: str | None = None,
        language: str | None = None,
        length: Length | None = None,
        outline: Sequence[str] | None = None,
        plan_review: bool | None = None,
        output_schema: dict[str, Any] | None = None,
        callback_url: str | None = None,
        idempotency_key: str | None = None,
    ) -> Created:
        """Start a new job from a point of this one.

        What was paid until then is reused.

        Fields that you leave out stay the origin's; one that you give replaces the origin's whole.

        Args:
            job_id: The origin.
            after: The seq of its last event that counts; None for its newest.
            instruction: What you want beyond the question; of a completed job, a follow-up question.
            effort: As for `submit`, like the other fields.
            priority: -100 to 100.
            tags: Instead of the origin's.
            metadata: Instead of the origin's.
            limits: Instead of the origin's.
            sources: Instead of the origin's.
            clarify: Whether the agent may ask.
            model: Another language model.
            verify: Which claims a judge checks.
            instructions: On the report, instead of the origin's.
            language: Of the report.
            length: Of the report.
            outline: Instead of the origin's.
            output_schema: Instead of the origin's.
            plan_review: Whether the job waits with its plan.
            callback_url: As for `submit`.
            idempotency_key: As for `submit`.

        Raises:
            ApiError: `job_not_found`, `job_archived`, `queue_full`, `idempotency_conflict`, or a
                field that was refused.
        """
        changes = Changes(
            instruction=instruction,
            effort=effort,
            priority=priority,
            tags=None if tags is None else tuple(tags),
            metadata=metadata,
            limits=limits,
            sources=sources,
            clarify=clarify,
            model=model,
            verify=verify,
            instructions=instructions,
            language=language,
            length=length,
            outline=None if outline is None else tuple(outline),
            plan_review=plan_review,
            output_schema=output_schema,
        )
        body = Fork(after, changes, callback_url)
        response = await self._send(
            "POST", path_of("jobs", job_id, "fork"), body, _repeatable(idempotency_key)
        )
        return decoded(response, Created)

    async def job(self, job_id: JobId, at: int | datetime | str | None = None) -> JobView:
        """Get the job as it is or was.

        `at` is a seq or a time.

        A time is an aware datetime or a string such as "2026-11-23T16:22:30Z".
        """
        params = {} if at is None else {"at": _moment(at)}
        return decoded(await self._ask("GET", path_of("jobs", job_id), params=params), JobView)

    async def jobs(  # noqa: PLR0913 - the filters of a list
        self,
        status: Status | None = None,
        tags: Sequence[str] = (),
        limit: int = 20,
        cursor: str | None = None,
        outcome: Outcome | None = None,
        id_prefix: str | None = None,
        *,
        search: str | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        min_cost: float | None = None,
        max_cost: float | None = None,
        forked_from: UUID | str | None = None,
        family: UUID | str | None = None,
        favourite: bool = False,
        collection: str | None = None,
        sort: JobSort = "newest",
    ) -> Jobs:
        """Get a page of jobs, newest first.

        They match all that is given; `iter_jobs` walks all pages.

        Args:
            status: Such as "completed".
            tags: All of which they carry.
            limit: 1 to 100 jobs.
            cursor: The `next_cursor` of the page before, asked for with the same `sort`.
            outcome: Such as "answered".
            id_prefix: What the ids begin with, such as "0199d2a4".
            search: Words of the note, or of the question or report of jobs that are over, in any language.
            created_after: An aware datetime, or a string such as "2026-11-23T16:22:30Z".
            created_before: The same; it is not included.
            min_cost: In US dollars, of completed jobs whose cost is known.
            max_cost: The same.
            forked_from: The job whose forks are wanted.
            family: A job: its first origin, and all forks of that.
            favourite: True for favourites alone.
            collection: That they are in.
            sort: "newest", "oldest", "costliest" or "cheapest"; by cost, of the jobs that have a known one.
        """
        params = given(
            status=status,
            outcome=outcome,
            tags=list(tags),
            limit=limit,
            cursor=cursor,
            id_prefix=id_prefix,
            q=search,
            created_after=_moment(created_after),
            created_before=_moment(created_before),
            min_cost=min_cost,
            max_cost=max_cost,
            forked_from=str(forked_from) if forked_from else None,
            family=str(family) if family else None,
            favourite="true" if favourite else None,
            collection=collection,
            sort=None if sort == "newest" else sort,
        )
        return decoded(await self._ask("GET", "/jobs", params=params), Jobs)

    async def iter_jobs(  # noqa: PLR0913 - the filters of a list
        self,
        status: Status | None = None,
        tags: Sequence[str] = (),
        outcome: Outcome | None = None,
        *,
        search: str | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        min_cost: float | None = None,
        max_cost: float | None = None,
        forked_from: UUID | str | None = None,
        family: UUID | str | None = None,
        favourite: bool = False,
        collection: str | None = None,
        sort: JobSort = "newest",
    ) -> AsyncGenerator[JobView, None]:
        """Iterate over all matching jobs, newest first.

        The parameters are those of `jobs`.
        """
        wanted: dict[str, Any] = {
            "search": search,
            "created_after": created_after,
            "created_before": created_before,
            "min_cost": min_cost,
            "max_cost": max_cost,
            "forked_from": forked_from,
            "family": family,
            "favourite": favourite,
            "collection": collection,
            "sort": sort,
        }
        cursor: str | None = None
        while True:
            page = await self.jobs(status, tags, JOBS_PAGE, cursor, outcome, **wanted)
            for job in page.jobs:
                yield job
            cursor = page.next_cursor
            if cursor is None:
                return

    async def result(self, job_id: JobId, *, timeout: float | None = None) -> Result:  # noqa: ASYNC109 - the caller's
        """Wait for the job's result, at most `timeout` seconds.

        None waits as long as the job takes.

        Raises:
            NoResult: The job failed or was cancelled; `job` says how.
            StillRunning: The time was up (also a TimeoutError); the job continues.
        """
        try:
            async with asyncio.timeout(timeout):
                view = await self._over(job_id)
        except TimeoutError as error:
            raise StillRunning(f"Job {job_id} was not over after {timeout} s; it continues.") from error
        if view.result is None:
            raise NoResult(view)
        return view.result

    async def _over(self, job_id: JobId) -> JobView:
        """Return the job once it is over."""
        view = await self.job(job_id)
        if view.status in OVER:
            return view
        async for _ in self.stream(job_id, view.seq):
            pass
        return await self.job(job_id)

    async def cancel(self, job_id: JobId) -> Cancelled:
        """Cancel the job.

        The answer says `cancelling` if the worker takes longer than two seconds to stop.

        Raises ApiError `job_already_over` if it completed or failed.
        """
        return decoded(await self._ask("DELETE", path_of("jobs", job_id)), Cancelled)

    async def finish(self, job_id: JobId) -> JobView:
        """Finish the job now: the report is written from what was read.

        Raises ApiError `job_already_over` if it is over, or being cancelled.
        """
        return decoded(await self._ask("POST", path_of("jobs", job_id, "finish")), JobView)

    async def answer(
        self,
        job_id: JobId,
        answers: Sequence[str] = (),
        *,
        plan: Sequence[str] | None = None,
        approve: bool = False,
    ) -> JobView:
        """Answer the agent's questions, or review its plan.

        A job with `plan_review` goes on with `plan`, or with its own after `approve`; `answers` are
        then remarks. There may be 10 answers and 10 steps.

        Raises ApiError `no_input_requested` if the job is not waiting for this input.
        """
        said: dict[str, Any] = {"answers": list(answers)} if answers else {}
        if plan is not None:
            said["plan"] = list(plan)
        if approve:
            said["approve"] = True
        return decoded(await self._send("POST", path_of("jobs", job_id, "input"), said), JobView)

    async def report(self, job_id: JobId, format: ReportFormat = "md") -> str:  # noqa: A002 - the API's word
        """Get the report of a completed job.

        It comes as markdown, a page of html, or JSON; "bib" and "csl" are its sources as BibTeX and CSL-JSON.

        Raises ApiError `report_not_ready` until the job is completed.
        """
        return (await self._ask("GET", path_of("jobs", job_id, "report"), params={"format": format})).text

    async def report_docx(self, job_id: JobId) -> bytes:
        """Get the report of a completed job as a Word document."""
        return (await self._ask("GET", path_of("jobs", job_id, "report"), params={"format": "docx"})).content

    async def claims(self, job_id: JobId) -> Claims:
        """Get each claim of the report with its evidence.

        The evidence is its quote, page, read, search and step.
        """
        return decoded(await self._ask("GET", path_of("jobs", job_id, "claims")), Claims)

    async def bundle(self, job_id: JobId) -> bytes:
        """Get the job as a zip that its own `verify.py` checks offline."""
        return (await self._ask("GET", path_of("jobs", job_id, "bundle"), timeout=SLOW)).content

    async def replay(self, job_id: JobId) -> Replayed:
        """Replay the job's log with the server's current code.

        Nothing is paid or written.
        """
        return decoded(await self._ask("POST", path_of("jobs", job_id, "replay"), timeout=SLOW), Replayed)

    async def diff(self, job_id: JobId, other: JobId) -> Diff:
        """Compare two jobs: `job_id` is a, `other` is b."""
        return decoded(await self._ask("GET", path_of("jobs", job_id, "diff", other)), Diff)

    async def capabilities(self) -> Capabilities:
        """Return what the server offers: models, engines, efforts, limits."""
        return decoded(await self._ask("GET", "/capabilities"), Capabilities)

    async def estimate(
        self,
        query: str,
        *,
        effort: Effort = "standard",
        limits: Limits | None = None,
        model: str | None = None,
    ) -> Estimate:
        """Return what a job would take, judged by past ones.

        Nothing is submitted.
        """
        request = ResearchRequest(query=query, effort=effort, limits=limits or Limits(), model=model)
        return decoded(await self._send("POST", "/estimate", request), Estimate)

    async def share(self, job_id: JobId, *, expires_in_days: int = 30) -> ShareWithUrl:
        """Make a link with which everybody can read a job's report."""
        answer = await self._send("POST", path_of("jobs", job_id, "shares"), NewShare(expires_in_days))
        return decoded(answer, ShareWithUrl)

    async def shares(self, job_id: JobId) -> Shares:
        """List the links to a job's report, without their addresses."""
        return decoded(await self._ask("GET", path_of("jobs", job_id, "shares")), Shares)

    async def revoke_share(self, share_id: JobId) -> None:
        """End a link to a report at once."""
        await self._ask("DELETE", path_of("shares", share_id))

    async def mark(
        self,
        job_id: JobId,
        *,
        favourite: bool | None = None,
        note: str | None = None,
        collections: Sequence[str] | None = None,
    ) -> Mark:
        """Mark a job, and get its mark.

        What is None stays as it is.

        Args:
            job_id: The job.
            favourite: Whether it is one.
            note: At most 4,000 characters; "" takes it away. It is kept beside the job, not in its log.
            collections: All that the job shall be in, at most 20.
        """
        if favourite is None and note is None and collections is None:
            return decoded(await self._ask("GET", path_of("jobs", job_id, "mark")), Mark)
        names = None if collections is None else tuple(collections)
        change = MarkChange(favourite=favourite, note=note, collections=names)
        answer = await self._send("PATCH", path_of("jobs", job_id, "mark"), change)
        return decoded(answer, Mark)

    async def library(self) -> Library:
        """List the collections with their sizes, and the saved filters."""
        return decoded(await self._ask("GET", "/library"), Library)

    async def save_filter(self, name: str, search: JobSearch) -> SavedFilter:
        """Save a search of jobs, in place of one of its name."""
        return decoded(
            await self._send("POST", "/library/filters", NewFilter(name=name, search=search)), SavedFilter
        )

    async def delete_filter(self, filter_id: JobId) -> None:
        """Delete a saved filter, and no job."""
        await self._ask("DELETE", path_of("library", "filters", filter_id))

    async def stream_token(self, job_id: JobId) -> StreamToken:
        """Let a page without a key follow a job for 15 minutes."""
        return decoded(await self._ask("POST", path_of("jobs", job_id, "stream-token")), StreamToken)

    async def requeue(self, job_id: JobId) -> JobView:
        """Take a job from its worker, at no cost of an attempt."""
        return decoded(await self._ask("POST", path_of("jobs", job_id, "requeue")), JobView)

    async def retry(self, job_id: JobId) -> Created:
        """Continue a failed job in a new one, once however often asked."""
        return decoded(await self._ask("POST", path_of("jobs", job_id, "retry")), Created)

    def stream(self, job_id: JobId, after: int = 0) -> AsyncGenerator[JobEvent, None]:
        """Iterate over every event after seq `after`, until the last.

        Each event comes once, live.

        Reconnects after every disconnect and continues where it was. If the database was restored
        from an older copy, the events start again at `seq` 1.

        Raises:
            NoContact: No answer for `patience` seconds.
            ApiError: The server refused, such as `job_not_found`.
            StreamBroken: An event is missing or repeated.
        """
        return follow(
            self._http, path_of("jobs", job_id, "stream"), after, Patience(self._patience, self.url)
        )

    async def events(self, job_id: JobId, after: int = 0, limit: int = 100) -> EventPage:
        """Get a page of the job's events after a seq.

        A page has 1 to 1000 events. The call does not wait for more.
        """
        params = {"after": after, "limit": limit}
        return event_page((await self._ask("GET", path_of("jobs", job_id, "events"), params=params)).content)

    async def iter_events(self, job_id: JobId, after: int = 0) -> AsyncGenerator[JobEvent, None]:
        """Iterate over the events that the job has now.

        `stream` also waits for the next ones.
        """
        while True:
            page = await self.events(job_id, after, EVENTS_PAGE)
            for event in page.events:
                yield event
            after = page.next_after
            if not page.events or after >= page.head:
                return

    async def feed(self, after: str | None = None, limit: int = 100, types: Sequence[str] = ()) -> FeedPage:
        """Get a page of the events of all jobs.

        They come in one order. The call does not wait for more.

        Args:
            after: The `next_after` of the page before; None for the beginning, "now" to leave out
                what has been.
            limit: 1 to 1000 events.
            types: Types of events, such as "job_completed"; all if it is empty.
        """
        params = given(after=after, limit=limit, types=",".join(types))
        return feed_page((await self._ask("GET", "/events", params=params)).content)

    async def iter_feed(
        self, after: str | None = None, types: Sequence[str] = ()
    ) -> AsyncGenerator[FeedEvent, None]:
        """Iterate over the events of all jobs after a cursor.

        It ends at the newest event.

        Keep the `cursor` of the last event that you have dealt with, and pass it as `after` next time.
        """
        while True:
            page = await self.feed(after, EVENTS_PAGE, types)
            for event in page.events:
                yield event
            after = page.next_after
            if after == page.head:
                return

    async def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's
        try:
            response = await self._http.request(method, path, **options)
        except httpx.RequestError as error:
            why = str(error) or type(error).__name__
            raise NoContact(f"No Dossier server answers at {self.url} ({why}).") from error
        if response.is_success:
            return response
        raise api_error(response)


def _moment(at: int | datetime | str | None) -> int | str | None:
    """Write a datetime as the server reads it."""
    return at.isoformat() if isinstance(at, datetime) else at


def _headers(api_key: str | None) -> dict[str, str]:
    named = {"User-Agent": f"dossier/{__version__}"}
    return named | {"Authorization": f"Bearer {api_key}"} if api_key else named


def _repeatable(idempotency_key: str | None) -> dict[str, str]:
    return {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}


def _checked(url: str) -> str:
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise BadUrl(f"{url!r} is not a URL ({error}).") from error
    if parts.scheme not in {"http", "https"} or not parts.host:
        raise BadUrl(f"{url!r} is not a server URL; expected e.g. {DEFAULT_URL}.")
    return url.rstrip("/")
