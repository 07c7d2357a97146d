"""Use an application again for the next server of a test process.

To make one takes a quarter of a second. What belongs to one server, its state, lifespan and mounts, is
exchanged.
"""

import asyncio
from collections.abc import Mapping

from litestar import Litestar
from litestar.datastructures import State
from litestar.types import ASGIApp, Receive, Scope, Send

from app.api.app import Lifespan, make_app, state_of
from app.api.context import ApiContext
from app.api.discovery import Offered
from app.mcp_server.mount import McpMount
from app.settings import Settings
from app.wiring import Container

KEPT_AS = "kept_as"  # in the state of one that can be used again: what it was made for
Kind = tuple[str, tuple[str, ...]]  # the path that a proxy serves it under, and those of its mounts
_idle: dict[Kind, list[Litestar]] = {}


class MountPoint:
    """Pass requests on to what a server has mounted at this path."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self.app(scope, receive, send)


_points: dict[Litestar, dict[str, MountPoint]] = {}


def take(
    context: ApiContext,
    lifespan: Lifespan,
    mounts: Mapping[str, ASGIApp],
    offered: Offered,
    root_path: str,
) -> Litestar:
    """Return an application that no server has, as `make_app` does."""
    kind = root_path, tuple(mounts)
    if _idle.get(kind):
        app = _idle[kind].pop()
        app.state = State(state_of(context, offered))
        app._lifespan_managers[0] = lifespan
    else:
        points = {path: MountPoint() for path in mounts}
        app = make_app(context, lifespan, points, offered, root_path)
        _points[app] = points
    for path, mounted in mounts.items():
        _points[app][path].app = mounted
    app.state[KEPT_AS] = kind
    return app


def give_back(app: Litestar) -> None:
    """Keep it for the next server, because its own has ended."""
    if (kind := app.state.get(KEPT_AS)) is not None:
        _idle.setdefault(kind, []).append(app)


def keep_one() -> None:
    """Make the application of `dossier serve` before one is asked for."""

    async def make() -> None:
        house = Container(Settings(), "postgresql://nobody@127.0.0.1/none")  # which nothing connects to
        app = take(house.context(), house.running, {"/mcp": McpMount()}, Offered(), "")
        give_back(app)

    asyncio.run(make())
