"""Any JSON in any place of a request is understood or refused."""

import contextlib
from collections.abc import Iterator
from copy import deepcopy

import pytest

from app.api.openai.wish import chat_wish, response_wish
from app.api.problem_details import InvalidRequest

ODD = (None, [], {}, "", "x", 0, -1, 1.5, 10**30, True, [1], ["x"], [[]], [{}], {"x": 1}, {"type": []})
SCHEMA = {"type": "object", "properties": {"a": {"type": "string", "enum": ["b"]}}, "required": ["a"]}
TOOL = {
    "type": "web_search",
    "filters": {"allowed_domains": ["example.com"]},
    "user_location": {"type": "approximate", "country": "AT"},
}
COMMON = {"model": "dossier", "tools": [TOOL], "tool_choice": "auto", "metadata": {"a": "b"}, "stream": True}
RESPONSE = COMMON | {
    "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Why?"}]}],
    "text": {"format": {"type": "json_schema", "name": "n", "schema": SCHEMA}},
    "reasoning": {"effort": "low"},
    "instructions": "Be brief.",
    "max_tool_calls": 3,
    "previous_response_id": "resp_00000000000000000000000000000007",
    "background": False,
    "store": True,
    "callback_url": None,
}
CHAT = COMMON | {
    "messages": [{"role": "user", "content": [{"type": "text", "text": "Why?"}]}],
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}},
    "reasoning_effort": "low",
    "stream_options": {"include_usage": True},
    "web_search_options": {"user_location": {"type": "approximate", "approximate": {"country": "AT"}}},
    "n": 1,
}


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Each place in a body that could hold something else."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inner:
        yield from places(part, (*path, name))


def put(body: dict, path: tuple[str | int, ...], odd: object) -> dict:
    """The body with something else in one place."""
    changed = deepcopy(body)
    *way, last = path
    place = changed
    for name in way:
        place = place[name]
    place[last] = odd
    return changed


@pytest.mark.parametrize(("understand", "body"), [(response_wish, RESPONSE), (chat_wish, CHAT)])
def test_odd_values_are_understood_or_refused(understand, body):
    assert understand(body).stream
    for path in list(places(body))[1:]:
        for odd in ODD:
            with contextlib.suppress(InvalidRequest):
                understand(put(body, path, odd))
