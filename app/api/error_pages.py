"""Answer a browser with an error as a page, others with JSON.

What begins with /v1/ is asked for by OpenAI's clients, which read errors in their own shape.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from litestar import MediaType, Request, Response

from app.api.contract import accepted
from app.api.openai.error_bodies import OPENAI_HANDLERS
from app.api.page import PAGE_HEADERS, PAGE_POLICY, error_page
from app.api.problem_details import HANDLERS, MEDIA_TYPE, Problem

Handler = Callable[[Request[Any, Any, Any], Any], Response[bytes]]

_decode = msgspec.json.Decoder(Problem).decode


def handlers(root: str) -> Mapping[int | type[Exception], Handler]:
    """Return the handlers of errors, whose pages link below `root`."""
    return {error: _shown(handler, OPENAI_HANDLERS[error], root) for error, handler in HANDLERS.items()}


def _shown(handler: Handler, openai_handler: Handler, root: str) -> Handler:
    def show(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        if request.scope["path"].startswith("/v1/"):  # an unknown route: known ones have this handler
            return openai_handler(request, error)
        answer = handler(request, error)
        offered = accepted(request, MEDIA_TYPE, MediaType.JSON, MediaType.HTML)
        if request.method != "GET" or offered != MediaType.HTML:
            return answer
        return _page(answer, root)

    return show


def _page(answer: Response[bytes], root: str) -> Response[bytes]:
    problem = _decode(answer.content)
    page = error_page(problem, root)
    headers = {
        **answer.headers,
        **PAGE_HEADERS,
        "Content-Security-Policy": PAGE_POLICY,
    }
    return Response(page, status_code=problem.status, media_type=MediaType.HTML, headers=headers)
