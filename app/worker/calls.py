"""Making one call: a timeout, retries with backoff, each of them on record, and a breaker in front.

A retry is announced like every call. What cannot be cured by waiting a little ends the call; a model
that stays away ends the attempt, because nothing can be decided without it.
"""

import asyncio
import time
from collections.abc import Mapping
from hashlib import sha256

from app.agent.judging import JudgeCall
from app.agent.ports import BadReply
from app.agent.replies import encoded
from app.agent.research import Call, ModelCall, Reply
from app.domain import events as e
from app.errors import ProviderAway, ProviderError
from app.worker.attempt import Attempt
from app.worker.backoff import backoff
from app.worker.providers import Tools

CALL_TIMEOUT = 120.0  # seconds; no call takes longer, whatever its provider's own timeout is
TRIES = 4  # of one call within one attempt
BACKOFF = (0.5, 8.0)  # seconds: before the second try, and the longest
PATIENCE = 20.0  # seconds that a worker's slot is held for a provider's Retry-After

MAX_MESSAGE = 500  # characters of an error that are kept

Outcome = e.CallCompleted | e.CallFailed


class Caller:
    """Makes the calls of one attempt."""

    def __init__(self, tools: Tools, attempt: Attempt) -> None:
        self._tools = tools
        self._attempt = attempt

    async def make(self, call: Call, texts: Mapping[str, str]) -> tuple[Outcome, Reply | None]:
        """The outcome of the call, and its reply where there is one.

        Raises ProviderAway where the provider is to be left alone, ProviderError where the attempt
        cannot go on without the call.
        """
        for tried in range(1, TRIES + 1):
            try:
                return await self._try(call, texts)
            except BadReply as error:
                return e.CallFailed(call.key, "validation", str(error), False, error.usage), None
            except ProviderError as error:
                if not error.retryable or tried == TRIES:
                    return await self._give_up(call, error), None
                await self._again(call, error, tried)
        raise AssertionError("unreachable: the last try returns or raises")

    async def _try(self, call: Call, texts: Mapping[str, str]) -> tuple[Outcome, Reply]:
        job = self._attempt.job
        breaker = self._tools.breaker(self._tools.name(job, call))
        breaker.check()
        before = time.monotonic()
        try:
            async with asyncio.timeout(CALL_TIMEOUT):
                reply = await self._tools.perform(job, call, texts)
        except TimeoutError:
            late = ProviderError("timeout", "The call took too long.", retryable=True)
            breaker.failed(late)
            raise late from None
        except BadReply:
            breaker.succeeded()
            raise
        except ProviderError as error:
            breaker.failed(error)
            raise
        breaker.succeeded()
        return completed(call, reply, round((time.monotonic() - before) * 1000)), reply

    async def _again(self, call: Call, error: ProviderError, tried: int) -> None:
        """Record the failure, wait, and announce the next try."""
        job = await self._attempt.record(failed(call, error, retryable=True))
        wait = error.retry_after or backoff(tried, BACKOFF)
        if wait > PATIENCE:
            raise ProviderAway(self._tools.name(job, call), wait)
        await asyncio.sleep(wait)
        known = job.research.call(call.key)
        if known is not None:
            await self._attempt.record(
                e.CallRequested(
                    call.key,
                    call.kind,
                    known.provider,
                    known.input_sha256,
                    f"try {tried + 1}",
                    known.repeat,
                    prompt_sha256=known.prompt_sha256,
                )
            )

    async def _give_up(self, call: Call, error: ProviderError) -> Outcome:
        """A search or a page that fails is gone round, and so is what a model cannot take.

        Raises the error where only another attempt, or nothing, can help.
        """
        if isinstance(call, ModelCall) and error.error_type != "resource":
            await self._attempt.record(failed(call, error, retryable=error.retryable))
            raise error
        if error.error_type == "auth" and not isinstance(call, JudgeCall):
            await self._attempt.record(failed(call, error, retryable=False))
            raise error
        return failed(call, error, retryable=False)


def completed(call: Call, reply: Reply, latency_ms: int) -> e.CallCompleted:
    """The event of a reply; the reply itself is kept as a blob under this hash."""
    body = encoded(reply)
    return e.CallCompleted(call.key, reply.usage, latency_ms, sha256(body).hexdigest(), len(body))


def failed(call: Call, error: ProviderError, *, retryable: bool) -> e.CallFailed:
    """The event of a failure; `retryable`: the call will be made again."""
    return e.CallFailed(call.key, error.error_type, str(error)[:MAX_MESSAGE], retryable)
