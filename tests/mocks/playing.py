"""What the mocks share: profiles played one after the other, on respx."""

import contextlib
import inspect
import json
from typing import ClassVar

import httpx
import respx

from app.providers.http import make_client


class Playing:
    """Answer each request by the next profile, repeating the last."""

    base_url = ""
    profiles: ClassVar = {}

    def __init__(self, client):
        self.client = client
        self.queue = ["success"]
        self.requests = []  # the bodies it was sent
        self.headers = []  # and their headers
        self.delay = 0.2  # seconds; of the profile "slow"

    def play(self, *profiles):
        unknown = set(profiles) - set(self.profiles)
        assert not unknown, f"no such profiles: {unknown}; there are {sorted(self.profiles)}"
        self.queue = list(profiles)

    async def answer(self, request):
        self.requests.append(json.loads(request.content))
        self.headers.append(request.headers)
        profile = self.queue.pop(0) if len(self.queue) > 1 else self.queue[0]
        reply = self.profiles[profile](self, request)
        return await reply if inspect.isawaitable(reply) else reply


@contextlib.asynccontextmanager
async def playing(kind):
    """A mock of this kind, on a client of its own."""
    async with make_client() as client:
        mock = kind(client)
        with respx.mock(assert_all_called=False) as router:
            router.route(host__in=("127.0.0.1", "localhost", "::1")).pass_through()
            router.route(url__startswith=mock.base_url).mock(side_effect=mock.answer)
            yield mock


def failing(status, body=None, **headers):
    """A profile that answers with an error."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda mock, request: httpx.Response(status, json=body or {}, headers=sent)


def raising(error):
    """A profile whose connection breaks."""

    def profile(mock, request):
        raise error("mocked", request=request)

    return profile


def html(mock, request):
    """What a proxy answers in the provider's place."""
    return httpx.Response(200, text="<html>Bad gateway</html>", headers={"content-type": "text/html"})
