"""The cases of Open Responses' compliance runner, by its types.

Its image is refused, and its function is never called: a research service has neither.
"""

import json

import msgspec
import pytest

from tests.openai_api.open_responses import EVENTS, Response

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "parameters": {
        "type": "object",
        "properties": {"location": {"type": "string"}},
        "required": ["location"],
    },
}
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def said(role, content):
    return {"type": "message", "role": role, "content": content}


CASES = {
    "basic": {"input": [said("user", "Say hello in exactly 3 words.")]},
    "system prompt": {"input": [said("system", "You are a pirate."), said("user", "Say hello.")]},
    "several turns": {
        "input": [
            said("user", "My name is Alice."),
            said("assistant", "Hello Alice!"),
            said("user", "What is my name?"),
        ]
    },
    "a function": {"input": [said("user", "What's the weather like?")], "tools": [WEATHER]},
    "structured": {
        "input": "Say hello.",
        "text": {
            "format": {
                "type": "json_schema",
                "name": "greeting",
                "schema": {"type": "object", "properties": {"word": {"type": "string"}}},
            }
        },
    },
}


def data_of(stream):
    return [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: {")]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_an_answer_has_every_field_in_its_type(http, case):
    told = (await http.post("/v1/responses", json={"model": "dossier-quick", **case})).json()
    response = msgspec.convert(told, Response)

    assert response.status == "completed"
    assert response.output


async def test_each_event_has_every_field_in_its_type(http):
    asked = {"model": "dossier-quick", "input": [said("user", "Count from 1 to 5.")], "stream": True}
    events = data_of((await http.post("/v1/responses", json=asked)).text)
    known = [msgspec.convert(event, EVENTS[event["type"]]) for event in events]

    assert [event.sequence_number for event in known] == list(range(len(known)))
    assert known[-1].response.status == "completed"
    assert {event.type for event in known} >= EVENTS.keys() - {"response.failed", "response.incomplete"}


async def test_an_image_is_refused_by_name(http):
    content = [{"type": "input_text", "text": "What is this?"}, {"type": "input_image", "image_url": PIXEL}]
    asked = {"model": "dossier-quick", "input": [said("user", content)]}
    refused = await http.post("/v1/responses", json=asked)

    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "input[0].content[1]"
