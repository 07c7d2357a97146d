"""Use an application again for the next server of a test process.

To make one takes a quarter of a second. What belongs to one server, its state and lifespan, is exchanged.
"""

from collections.abc import Mapping

from litestar import Litestar
from litestar.datastructures import State
from litestar.types import ASGIApp

from app.api.app import Lifespan, make_app, state_of
from app.api.context import ApiContext
from app.api.discovery import Offered

KEPT_UNDER = "kept_under"  # in the state of one that can be used again: the path a proxy serves it under
_idle: dict[str, list[Litestar]] = {}


def take(
    context: ApiContext,
    lifespan: Lifespan,
    mounts: Mapping[str, ASGIApp],
    offered: Offered,
    root_path: str,
) -> Litestar:
    """Return an application that no server has, as `make_app` does."""
    if mounts:
        return make_app(context, lifespan, mounts, offered, root_path)
    if _idle.get(root_path):
        app = _idle[root_path].pop()
        app.state = State(state_of(context, offered))
        app._lifespan_managers[0] = lifespan
    else:
        app = make_app(context, lifespan, mounts, offered, root_path)
    app.state[KEPT_UNDER] = root_path
    return app


def give_back(app: Litestar) -> None:
    """Keep it for the next server, because its own has ended."""
    if (root_path := app.state.get(KEPT_UNDER)) is not None:
        _idle.setdefault(root_path, []).append(app)
