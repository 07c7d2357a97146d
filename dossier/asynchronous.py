"""The client for asyncio; the blocking one runs this one."""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from urllib.parse import quote
from uuid import UUID

import httpx
import msgspec

from app import __version__
from app.domain.diff import Diff
from app.domain.job import OVER, Status
from app.domain.replayed import Replayed
from app.domain.request import ResearchRequest
from app.domain.view import JobView, Result
from app.errors import BadSetting
from app.settings import load_settings
from dossier import follow
from dossier.patience import Patience
from dossier.problems import NoContact, NoResult, StreamBroken, api_error
from dossier.responses import (
    Cancelled,
    Claims,
    Created,
    EventPage,
    FeedPage,
    Followed,
    Jobs,
    event_page,
    feed_page,
)

DEFAULT_URL = "http://127.0.0.1:8000"
PATIENCE = 60.0  # seconds without any contact until `follow` gives up; a deploy is shorter
TIMEOUT = httpx.Timeout(connect=5.0, read=30.0, write=10.0, pool=5.0)
REPLAY = httpx.Timeout(connect=5.0, read=300.0, write=10.0, pool=5.0)  # one after the other on the server
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

Format = Literal["md", "html", "json"]
T = TypeVar("T")


class AsyncDossier:
    """A server's jobs. Use it in `async with`, or call `close`."""

    def __init__(self, url: str | None = None, *, patience: float = PATIENCE) -> None:
        """Talk to `url`, else to DOSSIER_URL, else to this machine's port 8000.

        `patience` is for `follow`: seconds without any contact until it gives up.
        Raises BadSetting where the url is none.
        """
        self.url = _checked(url or load_settings().url or DEFAULT_URL)
        self._patience = patience
        self._http = httpx.AsyncClient(
            base_url=self.url,
            timeout=TIMEOUT,
            headers={"User-Agent": f"dossier/{__version__}"},
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

    async def submit(
        self,
        query: str | ResearchRequest,
        /,
        *,
        idempotency_key: str | None = None,
        **fields: Any,  # noqa: ANN401 - the fields of ResearchRequest, which the server checks by name
    ) -> Created:
        """Ask a question; once this returns, the job will run to an end whatever happens to the server.

        Args:
            query: The question, or a whole ResearchRequest.
            idempotency_key: With the same key and request, the same job: a submit whose answer was
                lost can be sent again.
            **fields: The further fields of ResearchRequest, such as `effort="quick"` or
                `limits={"max_searches": 5}`.
        """
        body = query if isinstance(query, ResearchRequest) else {"query": query, **fields}
        return _decode(await self._post("/jobs", msgspec.json.encode(body), idempotency_key), Created)

    async def job(self, job_id: UUID | str, at: int | datetime | str | None = None) -> JobView:
        """The job as it is now, or as it was `at` a seq or a time."""
        moment = at.isoformat() if isinstance(at, datetime) else at
        params = {} if moment is None else {"at": moment}
        return _decode(await self._ask("GET", _path(job_id), params=params), JobView)

    async def fork(
        self,
        job_id: UUID | str,
        /,
        after: int | None = None,
        *,
        idempotency_key: str | None = None,
        **changes: Any,  # noqa: ANN401 - the fields of Changes, which the server checks by name
    ) -> Created:
        """Begin a new job where this one was; what it did up to there is reused and costs nothing.

        Args:
            job_id: The job to go on from.
            after: The seq of its last event that counts; None for the last one.
            idempotency_key: As for `submit`.
            **changes: What is to be otherwise, such as `instruction="And why?"` or
                `limits={"max_searches": 5}`. Each replaces the field of the request as a whole.
        """
        body = msgspec.json.encode({"after": after, "changes": changes})
        response = await self._post(_path(job_id, "/fork"), body, idempotency_key)
        return _decode(response, Created)

    async def replay(self, job_id: UUID | str) -> Replayed:
        """Walk the job's log with the server's code of today; nobody is asked, nothing is written."""
        return _decode(await self._ask("POST", _path(job_id, "/replay"), timeout=REPLAY), Replayed)

    async def diff(self, job_id: UUID | str, other: UUID | str) -> Diff:
        """Two jobs side by side: `job_id` is a, `other` is b."""
        rest = f"/diff/{quote(str(other), safe='')}"
        return _decode(await self._ask("GET", _path(job_id, rest)), Diff)

    async def jobs(
        self,
        status: Status | None = None,
        tags: Sequence[str] = (),
        limit: int = 20,
        cursor: str | None = None,
    ) -> Jobs:
        """A page of jobs, newest first, that have this status and carry all of these tags."""
        wanted = {"status": status, "tags": list(tags), "limit": limit, "cursor": cursor}
        params = {name: value for name, value in wanted.items() if value}
        return _decode(await self._ask("GET", "/jobs", params=params), Jobs)

    async def result(self, job_id: UUID | str) -> Result:
        """The job's result, waiting for it as long as the job takes.

        Raises NoResult where the job failed or was cancelled, and what `follow` raises.
        """
        view = await self.job(job_id)
        if view.status not in OVER:
            async for _ in self.follow(job_id, view.seq):
                pass
            view = await self.job(job_id)
        if view.result is None:
            raise NoResult(view)
        return view.result

    async def cancel(self, job_id: UUID | str) -> Cancelled:
        """Cancel the job; its status is `cancelling` where the worker needs longer than two seconds."""
        return _decode(await self._ask("DELETE", _path(job_id)), Cancelled)

    async def answer(self, job_id: UUID | str, answers: Sequence[str]) -> JobView:
        """Answer the agent's questions in 1 to 10 lines; ApiError `no_input_requested` where none is open."""
        body = msgspec.json.encode({"answers": list(answers)})
        headers = {"Content-Type": "application/json"}
        response = await self._ask("POST", _path(job_id, "/input"), content=body, headers=headers)
        return _decode(response, JobView)

    async def report(self, job_id: UUID | str, format: Format = "md") -> str:  # noqa: A002 - the API's word
        """The report of a completed job."""
        return (await self._ask("GET", _path(job_id, "/report"), params={"format": format})).text

    async def claims(self, job_id: UUID | str) -> Claims:
        """Each claim of the report with its quote, page, read, search, and the step that asked for it."""
        return _decode(await self._ask("GET", _path(job_id, "/claims")), Claims)

    async def bundle(self, job_id: UUID | str) -> bytes:
        """The job as a zip that can be checked offline, with `dossier bundle --check`."""
        return (await self._ask("GET", _path(job_id, "/bundle"), timeout=REPLAY)).content

    async def events(self, job_id: UUID | str, after: int = 0, limit: int = 100) -> EventPage:
        """A page of the job's log after a cursor, without waiting for more."""
        params = {"after": after, "limit": limit}
        return event_page((await self._ask("GET", _path(job_id, "/events"), params=params)).content)

    async def feed(self, after: str | None = None, limit: int = 100, types: Sequence[str] = ()) -> FeedPage:
        """A page of the events of all jobs, in one order, without waiting for more.

        Args:
            after: The `next_after` of the page before; None for the beginning, "now" to leave out what
                has been.
            limit: How many events at most, 1 to 1000.
            types: Of which types, such as "job_completed"; all where it is empty.
        """
        wanted = {"after": after, "limit": limit, "types": ",".join(types)}
        params = {name: value for name, value in wanted.items() if value}
        return feed_page((await self._ask("GET", "/events", params=params)).content)

    def follow(self, job_id: UUID | str, after: int = 0) -> AsyncGenerator[Followed, None]:
        """Every event after `after`, each once, then live until the last one.

        It comes back by itself after every disconnect. Raises NoContact, ApiError or StreamBroken;
        `dossier.follow` says when, and what a restored database looks like.
        """
        patience = Patience(self._patience, self.url)
        return follow.follow(self._http, _path(job_id, "/stream"), after, patience)

    async def _post(self, path: str, body: bytes, idempotency_key: str | None) -> httpx.Response:
        headers = {"Content-Type": "application/json"}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        return await self._ask("POST", path, content=body, headers=headers)

    async def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's
        try:
            response = await self._http.request(method, path, **options)
        except httpx.RequestError as error:
            why = str(error) or type(error).__name__
            raise NoContact(f"No Dossier server answers at {self.url} ({why}).") from error
        if response.is_success:
            return response
        raise api_error(response)


def _checked(url: str) -> str:
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise BadSetting(f"{url!r} is not a URL ({error}).") from error
    if parts.scheme not in {"http", "https"} or not parts.host:
        raise BadSetting(f"{url!r} is not the URL of a server: it looks like {DEFAULT_URL}.")
    return url.rstrip("/")


def _path(job_id: UUID | str, rest: str = "") -> str:
    return f"/jobs/{quote(str(job_id), safe='')}{rest}"


def _decode(response: httpx.Response, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(response.content, type=kind)
    except msgspec.DecodeError as error:
        raise StreamBroken(f"{response.url} does not answer like a Dossier server: {error}") from error
