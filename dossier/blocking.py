"""The blocking client: the asynchronous one, run in a thread of its own, without a second word of logic."""

import contextlib
import functools
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from anyio.from_thread import start_blocking_portal

from dossier.asynchronous import PATIENCE, AsyncDossier

P = ParamSpec("P")
T = TypeVar("T")

DONE = object()


def _blocking(
    method: Callable[Concatenate[AsyncDossier, P], Awaitable[T]],
) -> Callable[Concatenate["Dossier", P], T]:
    """The same method, for callers that wait."""

    @functools.wraps(method)
    def call(self: "Dossier", /, *args: P.args, **kwargs: P.kwargs) -> T:
        result: T = self._wait(method, self._inner, *args, **kwargs)
        return result

    return call


def _iterating(
    method: Callable[Concatenate[AsyncDossier, P], AsyncGenerator[T, None]],
) -> Callable[Concatenate["Dossier", P], Iterator[T]]:
    """The same method, for callers that loop."""

    @functools.wraps(method)
    def call(self: "Dossier", /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        items = method(self._inner, *args, **kwargs)
        try:
            while (item := self._wait(anext, items, DONE)) is not DONE:
                yield item
        except GeneratorExit:  # the caller has seen enough; every other error has ended `items` already
            with contextlib.suppress(RuntimeError):  # the client is closed
                self._wait(items.aclose)
            raise

    return call


class Dossier:
    """A server's jobs, for code without asyncio. Use it in `with`, or call `close`."""

    def __init__(self, url: str | None = None, *, patience: float = PATIENCE) -> None:
        """See AsyncDossier."""
        self._inner = AsyncDossier(url, patience=patience)
        self._stack = contextlib.ExitStack()
        self._portal = self._stack.enter_context(start_blocking_portal(name="dossier client"))
        self.url = self._inner.url

    submit = _blocking(AsyncDossier.submit)
    job = _blocking(AsyncDossier.job)
    jobs = _blocking(AsyncDossier.jobs)
    fork = _blocking(AsyncDossier.fork)
    replay = _blocking(AsyncDossier.replay)
    diff = _blocking(AsyncDossier.diff)
    result = _blocking(AsyncDossier.result)
    cancel = _blocking(AsyncDossier.cancel)
    answer = _blocking(AsyncDossier.answer)
    report = _blocking(AsyncDossier.report)
    claims = _blocking(AsyncDossier.claims)
    bundle = _blocking(AsyncDossier.bundle)
    events = _blocking(AsyncDossier.events)
    feed = _blocking(AsyncDossier.feed)
    follow = _iterating(AsyncDossier.follow)

    def close(self) -> None:
        """Close the connections and end the thread."""
        with self._stack:
            self._wait(self._inner.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wait(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any method's
        """Run it in the client's thread, and wait; Ctrl-C ends the wait at once and cancels what runs."""
        future = self._portal.start_task_soon(functools.partial(function, *args, **kwargs))
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise
