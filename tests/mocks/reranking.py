"""Serve relevance made by hand: the wanted word makes a passage better."""

import httpx

from tests.mocks.playing import Playing, failing, html, raising

WANTED = "whale"


def score(text):
    """Logits, as llama.cpp's server gives them: below zero for most."""
    return 3.5 if WANTED in text else -2.0 - len(text) / 1000


def success(mock, request):
    asked = mock.requests[-1]
    if "texts" in asked:
        found = [{"index": at, "score": score(text)} for at, text in enumerate(asked["texts"])]
        return httpx.Response(200, json=found[::-1])
    found = [{"index": at, "relevance_score": score(text)} for at, text in enumerate(asked["documents"])]
    body = {"model": "m", "results": found[::-1], "usage": {"total_tokens": 40}}
    return httpx.Response(200, json=body)


def answering(*results, **body):
    """A profile with these results, whatever was asked."""
    found = [dict(zip(("index", "relevance_score"), one, strict=True)) for one in results]
    return lambda mock, request: httpx.Response(200, json={"results": found, **body})


def raw(body):
    return lambda mock, request: httpx.Response(200, content=body)


class MockReranker(Playing):
    """A server of relevance, asked for three passages by its conformance tests."""

    base_url = "https://rerank.test"
    profiles = {  # noqa: RUF012 - as the other mocks
        "success": success,
        "html": html,
        "none": answering(),
        "too_few": answering((0, 0.1), (1, 0.2)),
        "too_many": answering((0, 0.1), (1, 0.2), (2, 0.3), (3, 0.4)),
        "twice": answering((0, 0.1), (1, 0.2), (1, 0.3)),
        "below": answering((0, 0.1), (1, 0.2), (-1, 0.3)),
        "beyond": answering((0, 0.1), (1, 0.2), (10**30, 0.3)),
        "words": answering((0, "high"), (1, "low"), (2, "low")),
        "empty_scores": answering((0, None), (1, None), (2, None)),
        "a_share": answering((0.5, 0.1), (1, 0.2), (2, 0.3)),
        "endless": raw(b'{"results": [' + b'{"index": 0, "relevance_score": 1e999},' * 2 + b"]}"),
        "not_a_number": raw(b'[{"index":0,"score":NaN},{"index":1,"score":1},{"index":2,"score":1}]'),
        "deep": raw(b"[" * 100_000),
        "cut": raw(b'{"results": [{"index": 0'),
        "huge": raw(
            b" " * 1_000_000 + b'[{"index":0,"score":1},{"index":1,"score":1},{"index":2,"score":1}]'
        ),
        "bytes": raw(b"\xff\xfe\x00"),
        "nothing": raw(b""),
        "auth_error": failing(401, {"error": "bad key secret"}),
        "too_long": failing(413, {"error": "batch size 3 > maximum allowed batch size 2"}),
        "rate_limit": failing(429, {"error": "slow down"}, retry_after="7"),
        "server_error": failing(500, {"error": "no"}),
        "disconnected": raising(httpx.ConnectError),
    }
