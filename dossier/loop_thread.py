"""An event loop in a thread, for callers without one."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

ParamsT = ParamSpec("ParamsT")
ResultT = TypeVar("ResultT")


class LoopThread:
    """Runs coroutines one call at a time, until it is closed."""

    def __init__(self, name: str) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name=name, daemon=True)
        self._thread.start()
        self._ready.wait()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        self._ready.set()
        await self._closing.wait()

    def run(
        self, function: Callable[ParamsT, Awaitable[ResultT]], *args: ParamsT.args, **kwargs: ParamsT.kwargs
    ) -> ResultT:
        """Call it in the loop and wait.

        Ctrl-C ends the wait at once and cancels the call.

        Raises RuntimeError once closed.
        """
        if not self.is_open:
            raise RuntimeError("The client is closed.")

        async def work() -> ResultT:
            return await function(*args, **kwargs)

        future = asyncio.run_coroutine_threadsafe(work(), self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    @property
    def is_open(self) -> bool:
        """True until `close`."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Cancel what still runs, and end the thread."""
        if self.is_open:
            self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join()
