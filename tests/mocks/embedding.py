"""Serve embeddings made by hand, one vector for each meaning."""

import httpx

from tests.mocks.playing import Playing, failing, html, raising

# Each line is one meaning; a text belongs to the first line of which it holds a word.
MEANINGS = (("Everest",), ("Meereshöhe", "sea level", "Meer"), ("Wal", "whale"))


def vector(text):
    """The unit vector of a meaning, or one of no meaning."""
    at = next((at for at, words in enumerate(MEANINGS) if any(word in text for word in words)), len(MEANINGS))
    return [2.0 if at == place else 0.0 for place in range(len(MEANINGS) + 1)]


def success(mock, request):
    texts = mock.requests[-1]["input"]
    if mock.refused and any(mock.refused in text for text in texts):
        return httpx.Response(400, json={"error": "It is too long."})
    data = [{"index": at, "embedding": vector(text)} for at, text in enumerate(texts)]
    usage = {"prompt_tokens": sum(map(len, texts)) // 4}
    return httpx.Response(200, json={"data": data[::-1], "usage": usage, "model": "m"})


def short(mock, request):
    data = [{"index": 0, "embedding": [1.0]}]
    return httpx.Response(200, json={"data": data, "usage": {"prompt_tokens": 40}})


def cut_off(mock, request):
    return success(mock, request) if len(mock.requests) == 1 else httpx.Response(401, json={"error": "no"})


def uneven(mock, request):
    texts = mock.requests[-1]["input"]
    data = [{"index": at, "embedding": [1.0] * (at + 1)} for at in range(len(texts))]
    return httpx.Response(200, json={"data": data})


def zeros(mock, request):
    data = [{"index": at, "embedding": [0.0, 0.0]} for at in range(len(mock.requests[-1]["input"]))]
    return httpx.Response(200, json={"data": data, "usage": {"prompt_tokens": 40}})


def countless(mock, request):
    reply = success(mock, request)
    return httpx.Response(200, json={**reply.json(), "usage": {"prompt_tokens": 10**25}})


def deep(mock, request):
    return httpx.Response(200, content=b'{"data":[],"x":' + b"[" * 100_000)


class MockEmbeddings(Playing):
    """A server of embeddings."""

    base_url = "https://embeddings.test"
    refused = ""  # a request with this in a text gets 400
    profiles = {  # noqa: RUF012 - as the other mocks
        "success": success,
        "short": short,
        "uneven": uneven,
        "cut_off": cut_off,
        "html": html,
        "zeros": zeros,
        "countless": countless,
        "deep": deep,
        "unknown_model": failing(404, {"error": "no such model"}),
        "no_money": failing(402, {"error": "no credit"}),
        "auth_error": failing(401, {"error": "no"}),
        "server_error": failing(500, {"error": "no"}),
        "disconnected": raising(httpx.ConnectError),
    }
