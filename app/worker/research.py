"""Performing the agent's calls: intent before, result after, both under the fence.

`next_calls` says what to do, this does it, and `learn` says what it meant. What a reply led to and
the intents of the next calls go into one append.
"""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256

import msgspec
from msgspec import Struct

from app.agent import research
from app.agent.research import Call, ModelCall, ReadCall, Reply, SearchCall
from app.domain import commands as c
from app.domain import events as e
from app.domain.change import change
from app.domain.job import Job
from app.domain.steps import NextStep
from app.errors import ProviderError
from app.providers.ports import Hit, Model, ModelReply, PageReply, Search, SearchReply
from app.store import blobs
from app.worker.attempt import Attempt

CALL_TIMEOUT = 120.0  # seconds; no call takes longer, whatever its provider's own timeout is
MAX_PAGE = 1_000_000  # characters of a page that are kept

_encode = msgspec.json.Encoder(order="deterministic").encode


class Tools(Struct, frozen=True):
    """The providers of one worker."""

    model: Model
    search: Search


class Researcher:
    """Performs the research of one attempt."""

    def __init__(self, tools: Tools, attempt: Attempt) -> None:
        self._tools = tools
        self._attempt = attempt
        self._replies: dict[str, Reply] = {}  # of the current turn; what is missing is in the blobs

    async def run(self) -> None:
        """Take turns until the report is written; raises what stops the attempt."""
        attempt = self._attempt
        await self._intend(research.next_calls(attempt.job))
        while calls := research.next_calls(attempt.job):
            if attempt.draining:
                await attempt.carry_out(c.ReleaseAttempt(attempt.epoch))
                return
            await self._together(calls)

    async def _intend(self, calls: list[Call]) -> None:
        """After a claim: the intents of calls that were in flight are repeated, and say so."""
        if calls:
            await blobs.put(self._attempt.writer.engine, _inputs(calls))
            await self._attempt.record(*self._intents(self._attempt.job, calls))

    async def _together(self, calls: list[Call]) -> None:
        """Make the calls of one turn at once; the first error that ends one ends them all."""
        try:
            async with asyncio.TaskGroup() as turn:
                for call in calls:
                    turn.create_task(self._make(call))
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None

    def _intents(self, job: Job, calls: list[Call]) -> list[e.Event]:
        return [self._intent(job, call) for call in calls]

    def _intent(self, job: Job, call: Call) -> e.CallRequested:
        known = job.research.call(call.key)
        was_in_flight = known is not None and known.error is None
        return e.CallRequested(
            key=call.key,
            kind=call.kind,
            provider=self._tools.model.name if isinstance(call, ModelCall) else self._tools.search.name,
            input_sha256=_digest(call),
            about=_about(call),
            repeat=(known.repeat if known else 0) + was_in_flight,
        )

    async def _make(self, call: Call) -> None:
        """Make one call and write down what came of it."""
        before = time.monotonic()
        try:
            async with asyncio.timeout(CALL_TIMEOUT):
                reply, texts = await self._perform(call)
        except TimeoutError:
            await self._failed(call, ProviderError("timeout", "The call took too long.", retryable=True))
        except ProviderError as error:
            await self._failed(call, error)
        else:
            await self._completed(call, reply, texts, round((time.monotonic() - before) * 1000))

    async def _perform(self, call: Call) -> tuple[Reply, Mapping[str, str]]:
        match call:
            case ModelCall():
                texts = await self._texts()
                return await self._tools.model.next_step(call.ask, texts), texts
            case SearchCall():
                return await self._tools.search.search(call.query, call.limit), {}
            case ReadCall():
                page = await self._tools.search.read(call.url)
                return PageReply(page.text[:MAX_PAGE].replace("\x00", ""), page.usage), {}

    async def _texts(self) -> dict[str, str]:
        names = [source.sha256 for source in self._attempt.job.research.sources if source.sha256]
        bodies = await blobs.get(self._attempt.writer.engine, names)
        return {name: body.decode() for name, body in bodies.items()}

    async def _completed(self, call: Call, reply: Reply, texts: Mapping[str, str], latency_ms: int) -> None:
        body = _body(reply)
        await blobs.put(self._attempt.writer.engine, [body])
        done = e.CallCompleted(call.key, reply.usage, latency_ms, blobs.digest(body), len(body))
        async with self._attempt.writing:
            self._replies[call.key] = reply
            await self._settle(call, done, texts)

    async def _failed(self, call: Call, error: ProviderError) -> None:
        """A search or a page that fails is gone round; without its model the attempt cannot go on."""
        fatal = isinstance(call, ModelCall)
        failed = e.CallFailed(call.key, error.error_type, str(error), retryable=fatal and error.retryable)
        async with self._attempt.writing:
            if fatal:
                await self._attempt.carry_out_locked(c.RecordEvents(self._attempt.epoch, (failed,)))
                raise error
            await self._settle(call, failed, {})

    async def _settle(
        self, call: Call, outcome: e.CallCompleted | e.CallFailed, texts: Mapping[str, str]
    ) -> None:
        """Write the outcome; with the last one of a turn, what the turn taught and what comes next."""
        before = self._attempt.job
        after = self._preview(before, (outcome,))
        learnt = await self._learn(call, after, texts)
        if learnt is None:
            await self._attempt.carry_out_locked(c.RecordEvents(self._attempt.epoch, (outcome,)))
            return
        self._replies.clear()
        happened = (outcome, *learnt)
        knowing = self._preview(after, learnt)
        if knowing.research.report is not None:
            reason = research.stop_reason(before, knowing.research)
            await self._attempt.carry_out_locked(c.CompleteJob(self._attempt.epoch, reason, happened))
            return
        # A worker that is leaving makes no more calls, so it does not announce any.
        calls = [] if self._attempt.draining else research.next_calls(knowing)
        await blobs.put(self._attempt.writer.engine, _inputs(calls))
        intents = self._intents(knowing, calls)
        await self._attempt.carry_out_locked(c.RecordEvents(self._attempt.epoch, (*happened, *intents)))

    async def _learn(self, call: Call, after: Job, texts: Mapping[str, str]) -> tuple[e.Event, ...] | None:
        """What the turn taught; None while other calls of it are still out."""
        if isinstance(call, ModelCall):
            reply = self._replies[call.key]
            return research.learn_step(after, call, reply, texts) if isinstance(reply, ModelReply) else ()
        if research.pending(after):
            return None
        return research.learn_calls(after, await self._all_replies(after))

    async def _all_replies(self, job: Job) -> dict[str, Reply]:
        """The replies of the turn; those of a worker before this one come from the blobs."""
        missing = [
            (call, call.reply_sha256)
            for call in job.research.calls
            if call.reply_sha256 and call.key not in self._replies
        ]
        bodies = await blobs.get(self._attempt.writer.engine, [name for _, name in missing])
        stored = {call.key: _reply(call.kind, bodies[name]) for call, name in missing if name in bodies}
        return {**self._replies, **stored}

    def _preview(self, job: Job, events: tuple[e.Event, ...]) -> Job:
        """The job as it will be once these events are in the log."""
        return change(job, events, datetime.now(UTC), "", self._attempt.epoch).job


def _digest(call: Call) -> str:
    return sha256(_input(call)).hexdigest()


def _input(call: Call) -> bytes:
    return _encode(call.ask if isinstance(call, ModelCall) else call)


def _inputs(calls: list[Call]) -> list[bytes]:
    """The prompts, to be kept; a query and a url stand in the event themselves."""
    return [_input(call) for call in calls if isinstance(call, ModelCall)]


def _about(call: Call) -> str:
    match call:
        case ModelCall():
            return f"turn {call.ask.step}"
        case SearchCall():
            return call.query
        case ReadCall():
            return call.url


def _body(reply: Reply) -> bytes:
    """What is stored: the filled schema, the hits, or the page's text itself."""
    match reply:
        case ModelReply():
            return _encode(reply.step)
        case SearchReply():
            return _encode(reply.hits)
        case PageReply():
            return reply.text.encode()


def _reply(kind: e.CallKind, body: bytes) -> Reply:
    match kind:
        case "model":
            return ModelReply(msgspec.json.decode(body, type=NextStep))
        case "search":
            return SearchReply(msgspec.json.decode(body, type=tuple[Hit, ...]))
        case "read":
            return PageReply(body.decode())
