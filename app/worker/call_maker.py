"""Make one call with a timeout, logged retries and a breaker.

A try is announced like every call, once its provider's breaker lets it through. What cannot be cured by
waiting a little ends the call; a provider that stays away ends the attempt, and the job waits.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from itertools import count

from msgspec import UNSET, UnsetType

from app import tracing
from app.agent import limits
from app.agent.calls import BriefCall, Call, ModelCall, Reply, is_free
from app.agent.judging import JudgeCall
from app.agent.matching import EmbedCall
from app.agent.ports import BadReply, ModelReply, PageReply, PartlyPaid, SearchReply, Writing
from app.agent.replies import encoded
from app.domain import events as e
from app.errors import ProviderError
from app.worker.attempt import Attempt
from app.worker.backoff import backoff
from app.worker.call_figures import CallFigures
from app.worker.progress import reporting
from app.worker.providers import Tools

CALL_TRIES = 4  # of one call within one attempt

MAX_ERROR_MESSAGE = 500  # characters of an error that are kept

REPLY_SHOWN = 200  # characters of a refused reply that its writer is shown

Outcome = e.CallCompleted | e.CallFailed
Announce = Callable[[Call, str], Awaitable[None]]  # a call, and what its announcement says of it


class CallMaker:
    """Makes the calls of one attempt."""

    def __init__(self, tools: Tools, attempt: Attempt, announce: Announce) -> None:
        self._tools = tools
        self._attempt = attempt
        self._announce = announce
        self._show = CallFigures(attempt.metrics)

    async def make(
        self, call: Call, texts: Mapping[str, str], *, announced: bool
    ) -> tuple[Outcome, Reply | None]:
        """Make the call.

        Return its event, and a reply if it came.

        Raises ProviderAway where the provider is to be left alone, ProviderError where the attempt
        cannot go on without the call.
        """
        breaker, is_last = self._tools.breaker(self._name(call)), self.is_last_chance()
        for tried in count(1):
            if tried > 1 or not announced:
                if not is_last:
                    breaker.check()
                await self._announce(call, f"try {tried}" if tried > 1 else "")
            writing = self._attempt.writings[call.key] = Writing()
            try:
                settled = await self._try(call, texts, writing)
            except BadReply as error:
                reply = error.said or writing.said
                said = await self._attempt.keep_said(reply)
                message = refusal_of(error, reply) if self._attempt.job.agent_rules >= 2 else str(error)
                failure = e.CallFailed(call.key, "validation", message, False, error.usage, said_sha256=said)
                return failure, None
            except ProviderError as error:
                said = await self._attempt.keep_said(writing.said)
                if is_last and error.retryable:
                    return self._gone(call, error, said), None
                if not error.retryable or (tried >= CALL_TRIES and not breaker.is_open):
                    return await self._give_up(call, error, said), None
                await self._wait(call, error, tried, said)
            else:
                del self._attempt.writings[call.key]
                return settled
        raise AssertionError("unreachable: the last try returns or raises")

    def is_last_chance(self) -> bool:
        """Return True once the job has waited its time for the provider."""
        ends = limits.patience_ends(self._attempt.job)
        return ends is not None and self._attempt.now() >= ends

    def _name(self, call: Call) -> str:
        return self._tools.name(self._attempt.job, call)

    async def _try(self, call: Call, texts: Mapping[str, str], writing: Writing) -> tuple[Outcome, Reply]:
        with tracing.call_span(call.kind, self._name(call)) as span:
            settled = await self._try_once(call, texts, writing)
            span.add(tracing.usage_of(settled[1].usage))
            return settled

    async def _try_once(
        self, call: Call, texts: Mapping[str, str], writing: Writing
    ) -> tuple[Outcome, Reply]:
        job = self._attempt.job
        name = self._name(call)
        breaker, before = self._tools.breaker(name), time.monotonic()
        try:
            async with (
                self._tools.room,
                asyncio.timeout(self._most(call)),
                reporting(self._attempt, call.key, writing),
            ):
                reply = await self._tools.perform(job, call, texts, writing)
        except TimeoutError:
            late = ProviderError("timeout", "The call took too long.", retryable=True)
            breaker.failed(late)
            self._show.failed(call, name, late.error_type)
            raise late from None
        except BadReply as error:
            breaker.succeeded()
            self._show.failed(call, name, "bad_reply", error.usage)
            raise
        except ProviderError as error:
            breaker.failed(error)
            self._show.failed(call, name, error.error_type, paid_of(error))
            raise
        breaker.succeeded()
        self._count_parts(call, reply)
        seconds = time.monotonic() - before
        self._show.completed(call, name, seconds, reply.usage)
        return completed(call, reply, round(seconds * 1000)), reply

    def _most(self, call: Call) -> float | None:
        """Return the most seconds a call may take.

        A model alone knows how long it stood in a queue.
        """
        asks_model = isinstance(call, ModelCall | BriefCall | JudgeCall) and not is_free(call)
        return None if asks_model else self._tools.times.call

    def _count_parts(self, call: Call, reply: Reply) -> None:
        """Tell each breaker whether its provider's part of a call failed."""
        if not isinstance(reply, SearchReply):
            return
        failed = {part.provider: part for part in reply.failed_parts}
        if reply.reranker or any(name.startswith(e.RERANKER) for name in failed):
            self._attempt.metrics.rerankings.labels("sorted" if reply.reranker else "failed").inc()
        helped = {reply.embedder, reply.reranker} - {""}  # they answered for the documents' part
        for name in {*self._name(call).split("+"), *failed, *helped}:
            breaker = self._tools.breaker(name)
            if part := failed.get(name):
                error = ProviderError(part.error_type, part.error_message, retryable=part.retryable)
                breaker.failed(error)
            else:
                breaker.succeeded()

    async def _wait(self, call: Call, error: ProviderError, tried: int, said: str | UnsetType) -> None:
        """Record the failure, and wait. Raises ProviderAway where that would take long."""
        await self._attempt.record(failed(call, error, retryable=True, said=said))
        breaker = self._tools.breaker(self._name(call))
        if breaker.is_open:
            raise breaker.away()
        await asyncio.sleep(error.retry_after or backoff(tried, self._tools.times.backoff))

    async def _give_up(self, call: Call, error: ProviderError, said: str | UnsetType) -> Outcome:
        """Skip a search or page that fails, and what a model refuses.

        Raises the error where only another attempt, or nothing, can help.
        """
        if isinstance(call, ModelCall) and not self._can_stand_in(error):
            await self._attempt.record(failed(call, error, retryable=error.retryable, said=said))
            raise error
        if error.error_type == "auth" and not isinstance(call, JudgeCall | EmbedCall):
            await self._attempt.record(failed(call, error, retryable=False, said=said))
            raise error
        return failed(call, error, retryable=False, said=said)

    def _can_stand_in(self, error: ProviderError) -> bool:
        """Return True for a final failure that no setting would fix."""
        job = self._attempt.job
        if job.agent_rules < 2 or error.error_type == "resource":
            return error.error_type == "resource"
        is_last = not error.retryable or job.attempt >= job.max_attempts or job.research.is_finishing
        return is_last and error.error_type not in ("auth", "internal")

    def _gone(self, call: Call, error: ProviderError, said: str | UnsetType) -> Outcome:
        """Give up a call whose provider stayed away too long.

        It was away for as long as the job may work.
        """
        since, now = self._attempt.job.failing_since, self._attempt.now()
        seconds = round((now - since).total_seconds()) if since else 0
        message = f"{self._name(call)} was away for {seconds} s: {error}"
        return e.CallFailed(
            call.key,
            error.error_type,
            message[:MAX_ERROR_MESSAGE],
            False,
            paid_of(error) or cost_of(call, said),
            said_sha256=said,
        )


def refusal_of(error: BadReply, reply: str) -> str:
    """Tell the model what was wrong with its reply.

    It is told how the reply began, too.
    """
    shown = " ".join(reply.split())
    if not shown:
        return str(error)
    clipped = f"{shown[:REPLY_SHOWN]}…" if len(shown) > REPLY_SHOWN else shown
    return f"{error} Your reply was: {clipped}"


def completed(call: Call, reply: Reply, latency_ms: int) -> e.CallCompleted:
    """Return the event of a reply, whose blob has this hash."""
    body = encoded(reply)
    repaired = isinstance(reply, ModelReply) and reply.repaired
    parts = isinstance(reply, SearchReply) and reply.failed_parts
    unmet = isinstance(reply, SearchReply) and reply.unmet_bounds
    prompt = isinstance(reply, ModelReply) and reply.usage.input_tokens and reply.prompt_bytes
    page = reply if isinstance(reply, PageReply) else PageReply("")
    digest = sha256(body).hexdigest()
    return e.CallCompleted(
        call.key,
        reply.usage,
        latency_ms,
        digest,
        len(body),
        repaired or UNSET,
        parts or UNSET,
        prompt or UNSET,
        unmet or UNSET,
        page.published or UNSET,
        page.language or UNSET,
        (isinstance(reply, SearchReply) and reply.embedder) or UNSET,
        (isinstance(reply, SearchReply) and reply.reranker) or UNSET,
    )


def failed(
    call: Call, error: ProviderError, *, retryable: bool, said: str | UnsetType = UNSET
) -> e.CallFailed:
    """Return the event of a failure.

    `retryable`: the call will be made again.
    """
    message = str(error)[:MAX_ERROR_MESSAGE]
    usage = paid_of(error) or cost_of(call, said)
    return e.CallFailed(call.key, error.error_type, message, retryable, usage, said_sha256=said)


def paid_of(error: ProviderError) -> e.Usage | None:
    """Return what was paid for before the call broke off."""
    return error.usage if isinstance(error, PartlyPaid) else None


def cost_of(call: Call, said: str | UnsetType) -> e.Usage:
    """Return what a broken call cost, unknown once a model wrote."""
    return e.Usage(cost_usd=None) if said and not is_free(call) else e.Usage()
