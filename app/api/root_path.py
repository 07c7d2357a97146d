"""Answer below a path of another server, such as /dossier."""

from litestar.types import ASGIApp, Receive, Scope, Send


class RootPath:
    """Takes the root path off requests that have it."""

    def __init__(self, app: ASGIApp, root: str) -> None:
        self._app = app
        self._root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request as if it came without the root path."""
        path = scope.get("path", "")
        if path == self._root or path.startswith(f"{self._root}/"):
            scope["path"] = path.removeprefix(self._root) or "/"
            scope["raw_path"] = (scope.get("raw_path") or b"").removeprefix(self._root.encode()) or b"/"
        await self._app(scope, receive, send)
