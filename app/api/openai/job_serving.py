"""Share between OpenAI routes: start, fold, await and follow a job."""

import asyncio
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from litestar import Request, Response
from litestar.types import ASGIApp
from uuid_utils.compat import uuid7

from app.api.callbacks import kept_callback, promised_callback
from app.api.context import ApiContext
from app.api.openai.wish import Wish
from app.api.sse import STREAM_HEADERS, EventStream
from app.api.waiting import until_over
from app.domain.caller import Caller
from app.domain.job import Job
from app.errors import Busy, JobNotFound
from app.faces.fold import Fold
from app.handle import fork, submit
from app.store import log
from app.store.hidden_responses import hide_response, is_hidden
from app.stream import frames
from app.stream.connection import UnsignedConnection
from app.stream.face import Faces
from dossier.job_types import Callback
from dossier.request import Changes, Limits, Sources

MAX_WAITS = 1000  # requests of one process that wait for the end of a job
MAX_WAIT_SECONDS = 100_000.0  # seconds; every job has a deadline of at most a day
LINES = 500  # of one read of the log

FoldT = TypeVar("FoldT", bound=Fold)


def as_app(response: Response[Any], request: Request[Any, Any, Any]) -> ASGIApp:
    """Return a response as the application that sends it.

    A stream is one.
    """
    return response.to_asgi_response(app=None, request=request)


class FaceStream(EventStream[int]):
    """A stream whose clients know no cursors and no "come back"."""

    __slots__ = ()

    connection = UnsignedConnection


class StartedJob(NamedTuple):
    """A submitted job, and the callback that was asked for."""

    job: Job
    callback: Callback | None


class OpenAI:
    """Serves the faces of jobs in one process."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._waits = asyncio.Semaphore(MAX_WAITS)

    @cached_property
    def _faces(self) -> Faces:
        return Faces(self._context.hub, self._lines)

    async def start(self, wish: Wish, caller: Caller, key: str | None = None) -> StartedJob:
        """Submit the job, or a follow-up of the named one.

        Raises QueueFull, JobNotFound, IdempotencyConflict, DatabaseUnavailable.
        """
        context = self._context.of(caller)
        limits = context.terms.ceilings.limits(wish.request.effort, wish.request.limits)
        context.models.check(wish.request.model, limits)
        await context.admit()
        job_id = uuid7()
        callback = await promised_callback(context, job_id, wish.callback_url)
        if wish.previous is None:
            job, is_new = await self._submit(context, wish, job_id, key)
        else:
            await self.check_shown(caller, wish.previous)
            job, is_new = await self._follow_up(context, wish, wish.previous, job_id, key)
        if not wish.is_stored:
            await self.hide(caller, job.id)
        return StartedJob(job, await kept_callback(context, callback, job, is_new=is_new))

    async def _submit(
        self, context: ApiContext, wish: Wish, job_id: UUID, key: str | None
    ) -> tuple[Job, bool]:
        return await submit(
            context.writer,
            wish.request,
            job_id=job_id,
            tenant=context.caller.tenant,
            key=key,
            terms=context.terms,
            actor=context.caller.actor,
        )

    async def _follow_up(
        self, context: ApiContext, wish: Wish, origin: UUID, job_id: UUID, key: str | None
    ) -> tuple[Job, bool]:
        asked = wish.request
        changes = Changes(
            instruction=wish.question,
            effort=asked.effort,
            limits=asked.limits if asked.limits != Limits() else None,
            sources=asked.sources if asked.sources != Sources() else None,
            model=asked.model,
            metadata=asked.metadata,
            instructions=asked.instructions or None,
            output_schema=asked.output_schema,
        )
        return await fork(
            context.writer,
            origin,
            None,
            changes,
            job_id=job_id,
            tenant=context.caller.tenant,
            key=key,
            terms=context.terms,
            actor=context.caller.actor,
        )

    async def hide(self, caller: Caller, job_id: UUID) -> None:
        """Show this job as a response no more. Raises DatabaseUnavailable."""
        await hide_response(self._context.writer.engine, caller, job_id)

    async def check_shown(self, caller: Caller, job_id: UUID) -> UUID:
        """Return the id of the caller's job.

        Raises JobNotFound for one that is hidden or not the caller's.
        """
        await self._context.of(caller).head(job_id)
        if await is_hidden(self._context.writer.engine, caller, job_id):
            raise JobNotFound("This response is hidden.")
        return job_id

    async def folded(self, caller: Caller, job_id: UUID, fold: FoldT) -> FoldT:
        """Return the fold after every event of the job. Raises JobNotFound, JobArchived."""
        await self._context.of(caller).head(job_id)
        seq = 0
        while lines := await self._lines(caller, job_id, seq):
            for line in lines:
                fold.feed(line)
            seq += len(lines)
            await asyncio.sleep(0)  # a long log must not hold the loop
        return fold

    async def wait(self, caller: Caller, job_id: UUID) -> None:
        """Return when the job is over. Raises Busy, JobNotFound."""
        if self._waits.locked():
            raise Busy(f"{MAX_WAITS} requests wait for jobs already. Use background or stream.")
        async with self._waits:
            await until_over(self._context.of(caller), job_id, MAX_WAIT_SECONDS)

    async def follow(
        self, job_id: UUID, caller: Caller, name: str, make_fold: Callable[[], Fold], after: int = 0
    ) -> ASGIApp:
        """Return the stream of a job's face.

        Args:
            job_id: the job.
            caller: who follows it.
            name: of the face, which tells it from the job's others.
            make_fold: makes a fold that has seen nothing.
            after: how many frames the caller has.
        """
        context = self._context.of(caller)
        head = await context.head(job_id)
        headers = [*STREAM_HEADERS, (b"x-job-id", str(job_id).encode())]
        if head.is_over:
            return await self._whole(caller, job_id, make_fold(), after)
        crowd = self._context.hub.crowd
        if crowd.is_full or crowd.is_draining or not await context.has_stream_room():
            raise Busy("This server takes no more streams now. Try again in a moment.")
        topic = self._faces.topic
        stream = FaceStream(
            crowd, lambda: topic(caller, job_id, head.seq, name, make_fold), after, frames.HEARTBEAT_FRAME
        )
        stream.headers = headers
        stream.watch = partial(self._context.keyring.watching, caller)
        return stream

    async def _whole(self, caller: Caller, job_id: UUID, fold: Fold, after: int) -> ASGIApp:
        """Return the stream of a job that is over, as one body."""
        found, seq = list[bytes](), 0
        while lines := await self._lines(caller, job_id, seq):
            for line in lines:
                found += fold.feed(line)
            seq += len(lines)
            await asyncio.sleep(0)
        named = {name.decode(): value.decode() for name, value in STREAM_HEADERS if name != b"content-type"}
        headers = {**named, "X-Job-Id": str(job_id)}
        response = Response(b"".join(found[after:]), media_type="text/event-stream", headers=headers)
        return response.to_asgi_response(app=None, request=None)  # type: ignore[arg-type]

    async def _lines(self, caller: Caller, job_id: UUID, after: int) -> list[bytes]:
        rows = await log.read(self._context.reading, caller, job_id, after, LINES)
        return [row.line() for row in rows]
